"""Which rows there are, in which order they come, and which process takes which. Knows no model.

Rows are numbered: first those of the dialogues, then those of the pretraining text that is mixed in, if any is. All
that is decided here follows from the data and a seed, so that each process and each resumed run comes to the same by
itself.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trainer.errors import BadRun
from trainer.packing import Plan
from trainer.rows import Rows, rows_of
from trainer.run import Packing, Text
from trainer.store import Store
from trainer.tokens import Block

Numbers = NDArray[np.int64]
MIXING = 1  # apart from the dialogues' stream of random numbers


class Blocks:
    """All rows, of dialogues and of pretraining text.

    supervised: (rows,) int64, how many targets of a row count. tokens: (rows,) int64, its places that are no padding.
    mixed: how many rows of pretraining text an epoch has.
    """

    def __init__(self, taught: Rows, pretraining: Rows | None = None, *, weight: float = 0.0, padding: int = 0) -> None:
        self.taught, self.pretraining, self.padding = taught, pretraining, padding
        both = [taught, *([pretraining] if pretraining else [])]
        self.supervised: Numbers = np.concatenate([rows.supervised for rows in both])
        self.tokens: Numbers = np.concatenate([rows.plan.places for rows in both])
        self.mixed = max(round(len(taught) * weight / (1 - weight)), 1) if pretraining else 0

    def __len__(self) -> int:
        """How many rows there are to ask for; an epoch may have fewer of the pretraining text, or some twice."""
        return len(self.supervised)

    def __getitem__(self, row: int) -> Block:
        if row < len(self.taught):
            return self.taught.block(row, self.padding)
        if self.pretraining is None or row >= len(self):
            raise IndexError(row)
        return self.pretraining.block(row - len(self.taught), self.padding)

    @property
    def plan(self) -> Plan:
        """Of the dialogues: its efficiency, and how many of them are parted."""
        return self.taught.plan

    @property
    def epoch_rows(self) -> int:
        """How many rows an epoch has: each of the dialogues' once, and the pretraining text's share."""
        return len(self.taught) + self.mixed

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person may want to change."""
        there = len(self.pretraining) if self.pretraining else 0
        if self.mixed <= there:
            return ()
        return (
            f"There are {there:,} blocks of pretraining text, and an epoch takes {self.mixed:,}: they come "
            f"{self.mixed / there:.1f} times. Name more files, or a smaller weight.",
        )

    def steps_per_epoch(self, batch: int) -> int:
        """Steps of `batch` rows, over all processes; the last one may have fewer."""
        return -(-self.epoch_rows // batch)

    def order(self, epoch: int, seed: int, *, shuffle: bool) -> Numbers:
        """(epoch_rows,), the rows of an epoch in the order in which they are taught; can't be written."""
        there = len(self.pretraining) if self.pretraining else 0
        return ordered(len(self.taught), there, self.mixed, epoch, seed, shuffle)

    def batch(self, step: int, *, batch: int, seed: int, shuffle: bool) -> Numbers:
        """The rows of a step, counted from 0 over all epochs: at most `batch`, over all processes."""
        epoch, place = divmod(step, self.steps_per_epoch(batch))
        return self.order(epoch, seed, shuffle=shuffle)[place * batch : (place + 1) * batch]


def blocks_of(
    store: Store,
    texts: Numbers,
    text: Text,
    *,
    padding: int,
    pretraining: Store | None = None,
    weight: float = 0.0,
) -> Blocks:
    """Pack these of a store's dialogues as the run says, and mix in all texts of another store as one running text.

    weight: the share of all rows that is pretraining text. BadRun where the dialogues teach nothing.
    """
    taught = rows_of(store, texts, text.block, text.packing)
    if not taught.supervised.any():
        raise BadRun(
            f"None of {len(texts)} dialogues teaches a token. Is evaluation_share too large, or too small for so few?"
        )
    if pretraining is None:
        return Blocks(taught, padding=padding)
    everything = np.arange(len(pretraining.lengths))
    return Blocks(taught, rows_of(pretraining, everything, text.block, Packing.CONCAT), weight=weight, padding=padding)


def share(rows: Numbers, accumulation: int, *, micro_batch: int, rank: int, world: int) -> Numbers:
    """Which of a step's rows are one process's micro-batch: the next `micro_batch` ones after those of lower ranks.

    Fewer, or none, where a step has not as many rows. The rows of a step don't depend on how many processes there are.
    """
    start = (accumulation * world + rank) * micro_batch
    return rows[start : start + micro_batch]


@lru_cache(maxsize=4)
def ordered(taught: int, there: int, mixed: int, epoch: int, seed: int, shuffle: bool) -> Numbers:
    """The dialogues' rows, and spread evenly between them the pretraining text's next ones, from the beginning again if
    all have come."""
    rows = np.random.default_rng([seed, epoch]).permutation(taught) if shuffle else np.arange(taught)
    if mixed:
        every = (taught + mixed) / mixed
        places = ((np.arange(mixed) + 0.5) * every).astype(np.int64)
        order = np.empty(taught + mixed, np.int64)
        others = np.ones(len(order), np.bool_)
        others[places] = False
        order[others], order[places] = rows, taught + cycled(there, mixed, epoch, seed, shuffle)
        rows = order
    rows.flags.writeable = False
    return rows


def cycled(there: int, mixed: int, epoch: int, seed: int, shuffle: bool) -> Numbers:
    """The rows of pretraining text that an epoch takes, each as often as any other but for one."""
    rounds, places = np.divmod(epoch * mixed + np.arange(mixed), there)
    if not shuffle:
        return places
    rows = np.empty(mixed, np.int64)
    for number in np.unique(rounds):
        here = rounds == number
        rows[here] = np.random.default_rng([seed, MIXING, int(number)]).permutation(there)[places[here]]
    return rows
