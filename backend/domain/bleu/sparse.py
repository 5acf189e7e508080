"""The core that needs no compiler: a block of queries times all texts, as matrices of scipy. Knows no file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backend.domain.bleu.core import Level, Search
from backend.domain.bleu.grams import Integers
from backend.domain.bleu.keys import Floats
from backend.domain.bleu.scoring import ORDERS
from backend.domain.bleu.texts import Texts, matches

FEW = 40  # pairs a query: for fewer, one product a query costs more than looking at each pair


@dataclass(frozen=True)
class Candidates:
    """Pairs that may win. row: which of those at hand; known: matches of the highest orders; bound: of the key."""

    row: Integers
    text: Integers
    known: tuple[Integers, ...]
    bound: Floats

    def some(self, chosen: Integers) -> "Candidates":
        known = tuple(counts[chosen] for counts in self.known)
        return Candidates(self.row[chosen], self.text[chosen], known, self.bound[chosen])


class SparseCore:
    """Blocks of scipy's sparse products; they let other threads run beside them."""

    name = "scipy"

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads

    def sweep(self, search: Search, level: Level, rows: Integers) -> None:
        """See Core. First the pair of each query with most in common, then all whose bound that leaves open."""
        product = level.queries[rows] @ level.texts
        row = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(product.indptr))
        sums = product.data
        if search.same:
            sums = np.where(rows[row] == product.indices, 0, sums)
        at = most_in_common(row, sums)
        settle(search, rows, candidates(search, level, rows, (row[at], product.indices[at], sums[at])))
        at = np.flatnonzero(sums >= level.least(rows, search.keys[rows])[row])
        settle(search, rows, candidates(search, level, rows, (row[at], product.indices[at], sums[at])))


def most_in_common(row: npt.NDArray[np.int32], sums: Integers) -> Integers:
    """For each row that has any a pair with the highest sum."""
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    if not len(starts):
        return starts
    highest = np.maximum.reduceat(sums, starts)
    at = np.flatnonzero((sums == np.repeat(highest, np.diff(starts, append=len(row)))) & (sums > 0))
    return at[np.flatnonzero(np.diff(row[at], prepend=-1))]


def candidates(
    search: Search, level: Level, rows: Integers, pairs: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Integers]
) -> Candidates:
    """Pairs (row, text, sum of weights) with their bounds."""
    row, text, sums = pairs[0].astype(np.int64), pairs[1].astype(np.int64), pairs[2]
    known = level.known(sums)
    bound = search.measure.bounds(known, search.queries.lengths[rows[row]], search.texts.lengths[text])
    found = Candidates(row, text, known, bound)
    return found.some(still_open(search, rows, found))


def still_open(search: Search, rows: Integers, candidates: Candidates) -> Integers:
    """The pairs that may still beat the best of their row, or tie with it and come first."""
    best = search.keys[rows][candidates.row]
    first = candidates.text < search.best[rows][candidates.row]
    return np.flatnonzero((candidates.bound > best) | ((candidates.bound == best) & first))


def settle(search: Search, rows: Integers, candidates: Candidates) -> None:
    """Count what is not known of these pairs, order by order, dropping those that can't win any more; keep the best."""
    while len(candidates.known) < ORDERS:
        query, text = rows[candidates.row], candidates.text
        counting = matches if len(query) < FEW * len(rows) else by_row
        counted = counting(search.queries, search.texts, ORDERS - len(candidates.known), (query, text))
        known = counted, *candidates.known
        bound = search.measure.bounds(known, search.queries.lengths[query], search.texts.lengths[text])
        candidates = Candidates(candidates.row, text, known, bound)
        candidates = candidates.some(still_open(search, rows, candidates))
    keep(search, rows, candidates)


def by_row(queries: Texts, texts: Texts, order: int, pairs: tuple[Integers, Integers]) -> Integers:
    """The same as `matches` for many pairs, sorted by query: one product of a matrix and a vector for each query."""
    query, text = pairs
    features, others = queries.orders[order - 1], texts.orders[order - 1]
    starts = np.flatnonzero(np.diff(query, prepend=-1))
    has = np.zeros(features.shape[1], dtype=np.int32)
    counted = np.zeros(len(query), dtype=np.int64)
    for start, end in zip(starts, [*starts[1:], len(query)], strict=True):
        row = query[start]
        ours = features.indices[features.indptr[row] : features.indptr[row + 1]]
        has[ours] = 1
        counted[start:end] = np.asarray(others[text[start:end]] @ has)
        has[ours] = 0
    return counted


def keep(search: Search, rows: Integers, candidates: Candidates) -> None:
    """Of pairs that beat what there is, the best of each row: the highest key, of equals the first text."""
    order = np.lexsort((candidates.text, -candidates.bound, candidates.row))
    winners = candidates.some(order[np.flatnonzero(np.diff(candidates.row[order], prepend=-1))])
    search.best[rows[winners.row]] = winners.text
    search.keys[rows[winners.row]] = winners.bound
