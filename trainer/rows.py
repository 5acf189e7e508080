"""A plan's rows as arrays, read from a store. Knows no order of rows and no process."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from trainer.packing import Plan, plan
from trainer.run import Packing
from trainer.store import Store
from trainer.tokens import Block

Numbers = NDArray[np.int64]
Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Rows:
    """R rows of T places, of P pieces.

    at: (P,), where in the store a piece begins. after: (R,), where a row's last target is, if the rows are one running
    text. supervised: (R,), how many of a row's targets count.
    """

    store: Store
    plan: Plan
    at: Numbers
    after: Numbers
    supervised: Numbers

    def __len__(self) -> int:
        return len(self.plan)

    def block(self, row: int, padding: int) -> Block:
        """A row, filled with padding to T places."""
        pieces = slice(self.plan.rows[row], self.plan.rows[row + 1])
        starts, lengths = self.at[pieces], self.plan.length[pieces]
        places = np.concatenate([np.arange(start, start + n) for start, n in zip(starts, lengths, strict=True)])
        following = np.append(places[1:], self.after[row]) if self.plan.running else places + 1
        return Block(
            ids=self.filled(self.store.ids[places], padding),
            targets=self.filled(self.store.ids[following], padding),
            supervised=self.filled(self.store.supervised[following], False),
            lengths=np.array([len(places)] if self.plan.running else lengths, np.int32),
        )

    def filled(self, values: NDArray[Value], padding: int | bool) -> NDArray[Value]:
        row = np.full(self.plan.block, padding, values.dtype)
        row[: len(values)] = values
        return row


def rows_of(store: Store, texts: Numbers, block: int, packing: Packing) -> Rows:
    """Pack these of a store's texts, in this order, into rows of so many places."""
    made = plan(store.lengths[texts], block, packing, turns=lambda sequence: store.turns_of(int(texts[sequence])))
    begin = store.offsets[texts]
    at = begin[made.sequence] + made.start
    after = begin[made.next_sequence] + made.next_start
    return Rows(store, made, at, after, supervised_in(store, made, at, after))


def supervised_in(store: Store, plan: Plan, at: Numbers, after: Numbers) -> Numbers:
    """(R,), how many targets of each row count, from sums over all tokens: no row is read."""

    def within(start: Numbers, end: Numbers) -> Numbers:
        both = store.supervised_before(np.concatenate([start, end]))
        return np.diff(both.reshape(2, -1), axis=0)[0]

    shift = 0 if plan.running else 1  # targets of one text: its tokens, but the first, and what follows it
    by_piece = within(at + shift, at + plan.length + shift)
    by_row = np.diff(np.concatenate([[0], np.cumsum(by_piece)])[plan.rows])
    if not plan.running:
        return by_row
    first = at[plan.rows[:-1]]
    return by_row - within(first, first + 1) + within(after, after + 1)
