"""Which piece of which text goes to which row. Pure arithmetic on lengths: knows no token.

A piece (sequence, start, length) has the inputs ids[start : start + length] and the targets one further on, so a text
of n tokens takes n − 1 places, and each of ids[1:] is a target exactly once, whatever the packing. Where a text is
parted, the token that the next piece begins with is the last target of the one before.

concat       EasyLM's running buffer: all texts as one, cut every T places, so that the last token of a text has the
             first of the next one as its target. EasyLM drops the tail and reads the file again; here the last row is
             short.
bfd          best fit decreasing: longest first, each into the row that it fills most. A text of more than T places is
             parted before a question, as late as T allows, and inside an exchange only if that is longer than T.
bfd_split    the same, but parted every T places, wherever that is.
none         one piece a row, parted as for bfd.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trainer.run import Packing
from trainer.tokens import Ids

Numbers = NDArray[np.int64]
Piece = tuple[int, int, int]  # sequence, start, length
Cut = Callable[[int, int, Ids], Iterator[int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows of T = block places. rows: (R + 1,), row r has the pieces rows[r] to rows[r + 1].

    sequence, start, length: (P,), of the pieces. running: whether all rows are one text (concat), in which a piece's
    last target is what the next one begins with; next_sequence, next_start: (R,), what a row's last target is then.
    parted: how many texts are in more than one row.
    """

    block: int
    rows: Numbers
    sequence: Numbers
    start: Numbers
    length: Numbers
    next_sequence: Numbers
    next_start: Numbers
    running: bool
    parted: int

    def __len__(self) -> int:
        return len(self.rows) - 1

    @property
    def places(self) -> Numbers:
        """(R,), places of each row that are not padding: how many targets it has."""
        filled = np.concatenate([[0], np.cumsum(self.length)])
        return np.diff(filled[self.rows])

    @property
    def efficiency(self) -> float:
        """The share of all places that is not padding; 1 where there is none."""
        return float(self.length.sum() / (len(self) * self.block)) if len(self) else 1.0


def no_turns(sequence: int) -> Ids:
    """For texts in which one place to part them is as good as another."""
    return np.zeros(0, np.int32)


def plan(
    lengths: Sequence[int] | Numbers, block: int, packing: Packing, *, turns: Callable[[int], Ids] = no_turns
) -> Plan:
    """Every target of the texts, once. lengths: (k,), tokens of each; a text of one token has nothing to teach.

    turns: where the questions of a text begin, asked only for those that are too long for a row.
    """
    known = np.asarray(lengths, np.int64)
    if packing is Packing.CONCAT:
        return running(known, block)
    cut = ends_at_blocks if packing is Packing.BFD_SPLIT else ends_at_turns
    pieces = list(parts(known, block, turns, cut))
    alone = packing is Packing.NONE
    rows = [[piece] for piece in range(len(pieces))] if alone else best_fit([piece[2] for piece in pieces], block)
    return of_rows(pieces, rows, block)


def running(lengths: Numbers, block: int) -> Plan:
    """One buffer of all texts, cut every T places; the last token of all has nothing to predict."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = max(int(offsets[-1]) - 1, 0)
    row_edges = np.append(np.arange(0, places, block), places)
    begin = np.union1d(row_edges[:-1], offsets[:-1][(offsets[:-1] < places) & (lengths > 0)])
    sequence = np.searchsorted(offsets, begin, side="right") - 1
    following = np.searchsorted(offsets, row_edges[1:], side="right") - 1
    return Plan(
        block=block,
        rows=np.searchsorted(begin, row_edges),
        sequence=sequence,
        start=begin - offsets[sequence],
        length=np.diff(np.append(begin, places)),
        next_sequence=following,
        next_start=row_edges[1:] - offsets[following],
        running=True,
        parted=int(np.count_nonzero(np.bincount(sequence, minlength=1) > 1)),
    )


def parts(lengths: Numbers, block: int, turns: Callable[[int], Ids], cut: Cut) -> Iterator[Piece]:
    """The pieces of all texts, in their order, none longer than a block."""
    for sequence, length in enumerate(lengths.tolist()):
        places = length - 1
        edges = [0, places] if places <= block else [0, *cut(places, block, turns(sequence))]
        for start, end in pairwise(edges):
            if end > start:
                yield sequence, start, end - start


def ends_at_blocks(places: int, block: int, turns: Ids) -> Iterator[int]:
    """Where a text's pieces end if they fill blocks."""
    yield from range(block, places, block)
    yield places


def ends_at_turns(places: int, block: int, turns: Ids) -> Iterator[int]:
    """Where they end if a piece goes on to the last question that is in reach, or is a whole block if none is."""
    start, questions = 0, turns.tolist()
    while places - start > block:
        before = bisect_right(questions, start + block) - 1
        start = questions[before] if before >= 0 and questions[before] > start else start + block
        yield start
    yield places


def best_fit(lengths: Sequence[int], block: int) -> list[list[int]]:
    """Rows of pieces, by their numbers: longest first, each into the fullest row that it fits, else into a new one.

    Of equals the first comes first. Rows are kept by the places left in them; which numbers of places are left in some
    row is one integer's bits, so that the fullest row for a piece is found at once, however many there are.
    """
    rows: list[list[int]] = []
    open_rows: list[list[int]] = [[] for _ in range(block + 1)]  # by places left
    occurs = 0  # bit n: some row has n places left
    for piece in np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist():
        need = lengths[piece]
        fitting = occurs >> need
        if fitting:
            left = need + (fitting & -fitting).bit_length() - 1
            row = open_rows[left].pop()
            if not open_rows[left]:
                occurs ^= 1 << left
        else:
            left, row = block, len(rows)
            rows.append([])
        rows[row].append(piece)
        open_rows[left - need].append(row)
        occurs |= 1 << (left - need)
    return rows


def of_rows(pieces: Sequence[Piece], rows: Sequence[Sequence[int]], block: int) -> Plan:
    """The plan of pieces in rows: both in the order of the texts, so that a file's beginning is taught first."""
    ordered = sorted(sorted(row) for row in rows)
    taken = np.array([pieces[piece] for row in ordered for piece in row], np.int64).reshape(-1, 3)
    sequence, start, length = (np.ascontiguousarray(column) for column in taken.T)
    nowhere = np.zeros(0, np.int64)
    return Plan(
        block=block,
        rows=np.cumsum([0, *map(len, ordered)]),
        sequence=sequence,
        start=start,
        length=length,
        next_sequence=nowhere,
        next_start=nowhere,
        running=False,
        parted=int(np.count_nonzero(np.bincount(sequence, minlength=1) > 1)),
    )
