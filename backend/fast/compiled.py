"""The core that numba compiles: one query after the other over lists of the texts that have a feature, in threads.

The same keys from the same tables in the same order of sums as the domain's, so the same numbers to the last bit.
Knows what `backend.domain.bleu.core` says of a core, and no more.
"""

from collections.abc import Callable
from typing import TypeAlias

import numba
import numpy as np
import numpy.typing as npt
from scipy import sparse

from backend.domain.bleu.core import FOURTH, Level, Search
from backend.domain.bleu.grams import Integers
from backend.domain.bleu.keys import STEPS, Floats, Role
from backend.domain.bleu.scoring import ORDERS

Four: TypeAlias = tuple[int, int, int, int]  # matches of each order
Rows: TypeAlias = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]  # where a row's features begin, and the features
Postings: TypeAlias = tuple[
    npt.NDArray[np.int32], npt.NDArray[np.int32], Integers
]  # likewise texts, with their weights
Tables: TypeAlias = tuple[Floats, Floats]  # logarithms of counts, and what stands for that of nothing
Lengths: TypeAlias = tuple[Integers, Integers]  # words of queries and of texts
Flags: TypeAlias = npt.NDArray[np.uint8]
Best: TypeAlias = tuple[Integers, Floats]
LOW = (1 << FOURTH) - 1


class CompiledCore:
    """Lists of texts and a counter a text, compiled; each sweep in a thread of its own."""

    name = "numba"

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def sweep(self, search: Search, level: Level, rows: Integers) -> None:
        """See Core."""
        measure = search.measure
        sweep_rows(
            rows,
            level.order,
            features(level.queries),
            (*features(level.texts), level.texts.data),
            (features(search.queries.orders[0]), features(search.queries.orders[1])),
            (features(search.texts.orders[0]), features(search.texts.orders[1])),
            (unmarked(search.queries.orders[0]), unmarked(search.queries.orders[1])),
            (search.queries.lengths, search.texts.lengths),
            (measure.logs, measure.zeros),
            measure.role is Role.HYPOTHESIS,
            search.same,
            (search.best, search.keys),
        )


def features(matrix: sparse.csr_array) -> Rows:
    return matrix.indptr, matrix.indices


def unmarked(matrix: sparse.csr_array) -> Flags:
    return np.zeros(matrix.shape[1], dtype=np.uint8)


def _key(counts: Four, query: int, text: int, tables: Tables, forward: bool) -> float:
    """See Measure.keys: the same sums in the same order."""
    first, second, third, fourth = counts
    if first == 0:
        return -np.inf
    logs, zeros = tables
    hypothesis, reference = (query, text) if forward else (text, query)
    total = logs[first] - logs[hypothesis]
    if hypothesis > 1:
        total += (logs[second] if second > 0 else zeros[1]) - logs[hypothesis - 1]
    if hypothesis > 2:
        total += (logs[third] if third > 0 else zeros[1 + (second == 0)]) - logs[hypothesis - 2]
    if hypothesis > 3:
        total += (logs[fourth] if fourth > 0 else zeros[1 + (second == 0) + (third == 0)]) - logs[hypothesis - 3]
    mean = total / min(hypothesis, ORDERS)
    return float(np.rint((mean + min(0.0, 1 - reference / hypothesis)) * STEPS))


def _shared(marked: Flags, texts: Rows, text: int) -> int:
    """How many features of a text are marked."""
    count = 0
    for at in range(texts[0][text], texts[0][text + 1]):
        count += marked[texts[1][at]]
    return count


def _mark(marked: Flags, queries: Rows, row: int, sign: int) -> None:
    """Mark the features of a query, or wipe the marks off."""
    for at in range(queries[0][row], queries[0][row + 1]):
        marked[queries[1][at]] = sign


def _counts(order: int, added: int, most: int) -> Four:
    """What a sum of weights of a level says of the four orders; at most `most` words are common, a pair fewer."""
    if order == 3:
        return most, max(most - 1, 0), added & LOW, added >> FOURTH
    return (most, added, 0, 0) if order == 2 else (added, 0, 0, 0)


def _sweep(
    rows: Integers,
    order: int,
    wanted: Rows,
    postings: Postings,
    queries: tuple[Rows, Rows],
    texts: tuple[Rows, Rows],
    marked: tuple[Flags, Flags],
    lengths: Lengths,
    tables: Tables,
    forward: bool,
    same: bool,
    best: Best,
) -> None:
    """For each query: add up the texts' weights, try the most promising pair, then all that its key leaves open."""
    sums = np.zeros(len(lengths[1]), dtype=np.int64)
    touched = np.empty(len(lengths[1]), dtype=np.int64)
    bounds = np.empty(len(lengths[1]), dtype=np.float64)
    for row in rows:
        mark(marked[0], queries[0], row, 1)
        mark(marked[1], queries[1], row, 1)
        met = add_up(row, wanted, postings, sums, touched)
        first, highest = -1, -np.inf
        for at in range(met):
            text = touched[at]
            size = lengths[1][text]
            counts = counts_of(order, sums[text], min(lengths[0][row], size))
            bounds[at] = -np.inf if same and text == row else key_of(counts, lengths[0][row], size, tables, forward)
            if bounds[at] > highest:
                first, highest = at, bounds[at]
        if first >= 0:
            try_pair(row, touched[first], order, sums, marked, texts, lengths, tables, forward, best)
        for at in range(met):
            if beats(bounds[at], touched[at], row, best):
                try_pair(row, touched[at], order, sums, marked, texts, lengths, tables, forward, best)
            sums[touched[at]] = 0
        mark(marked[0], queries[0], row, 0)
        mark(marked[1], queries[1], row, 0)


def _add_up(row: int, wanted: Rows, postings: Postings, sums: Integers, touched: Integers) -> int:
    """Add the weights of the row's features to the texts that have them; how many texts that are."""
    met = 0
    for place in range(wanted[0][row], wanted[0][row + 1]):
        feature = wanted[1][place]
        begin, end = postings[0][feature], postings[0][feature + 1]
        weight = postings[2][begin] if begin < end else 0
        for at in range(begin, end):
            text = postings[1][at]
            if sums[text] == 0:
                touched[met] = text
                met += 1
            sums[text] += weight
    return met


def _beats(key: float, text: int, row: int, best: Best) -> bool:
    """Whether such a pair would be better than the best of the row, or as good and earlier."""
    better: bool = key > best[1][row] or (key == best[1][row] and text < best[0][row])
    return better


def _try(
    row: int,
    text: int,
    order: int,
    sums: Integers,
    marked: tuple[Flags, Flags],
    texts: tuple[Rows, Rows],
    lengths: Lengths,
    tables: Tables,
    forward: bool,
    best: Best,
) -> None:
    """Count what is not known of a pair, the rarer order first, and keep it if nothing shows that it can't win."""
    query, size = lengths[0][row], lengths[1][text]
    first, second, third, fourth = counts_of(order, sums[text], min(query, size))
    if order == 3:
        second = shared(marked[1], texts[1], text)
        if not beats(key_of((first, second, third, fourth), query, size, tables, forward), text, row, best):
            return
    if order > 1:
        first = shared(marked[0], texts[0], text)
    key = key_of((first, second, third, fourth), query, size, tables, forward)
    if beats(key, text, row, best):
        best[0][row], best[1][row] = text, key


compiled = numba.njit(nogil=True, cache=True)
key_of: Callable[[Four, int, int, Tables, bool], float] = compiled(_key)
shared: Callable[[Flags, Rows, int], int] = compiled(_shared)
mark: Callable[[Flags, Rows, int, int], None] = compiled(_mark)
counts_of: Callable[[int, int, int], Four] = compiled(_counts)
beats: Callable[[float, int, int, Best], bool] = compiled(_beats)
add_up: Callable[[int, Rows, Postings, Integers, Integers], int] = compiled(_add_up)
try_pair: Callable[..., None] = compiled(_try)
sweep_rows: Callable[..., None] = compiled(_sweep)
