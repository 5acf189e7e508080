"""What a core is asked: to look at all pairs of some queries by the features of one level. Knows no core.

Levels go from the rarest features to the commonest: orders 3 and 4 together, then 2, then 1. A pair that has none of a
level's features has a bound, and most queries have found a nearer text by then, so that what most pairs share (“the”)
is looked at for few queries only. No pair is left out that could win: the numbers are those of looking at every one.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from backend.domain.bleu.grams import Integers
from backend.domain.bleu.keys import NOTHING, Floats, Measure
from backend.domain.bleu.scoring import ORDERS
from backend.domain.bleu.texts import Texts

Places = npt.NDArray[np.int32]
LEVELS = (3, 2, 1)  # each by the lowest order whose features it looks at
FOURTH = 32  # of a sum of weights, the bits from this one on count matches of order 4, those below count order 3
LIMITS = 16


@dataclass(frozen=True)
class Level:
    """The features of one level. queries: queries × features, texts: features × texts; a pair's weights are added up.

    limits: for each number of matches of the level's lowest order from 0 on, and for each query, the highest key of a
    pair with so many, and none of a higher order.
    """

    order: int
    queries: sparse.csr_array[np.int64]
    texts: sparse.csr_array[np.int64]
    limits: Floats

    def known(self, sums: Integers) -> tuple[Integers, ...]:
        """The matches of the orders from `order` on; none of an order above the level's: those pairs were looked at."""
        if self.order == LEVELS[0]:
            return sums & (1 << FOURTH) - 1, sums >> FOURTH
        return sums, *[np.zeros_like(sums)] * (ORDERS - self.order)

    def least(self, rows: Integers, keys: Floats) -> Integers:
        """The smallest sum with which a pair of each of these rows can come to its key; at least 1."""
        counts: Integers = np.sum(self.limits[:, rows] < keys, axis=0)
        return np.maximum(counts, 1)


def level(queries: Texts, texts: Texts, order: int, measure: Measure) -> Level:
    """The level whose lowest order this is."""
    orders = (3, 4) if order == LEVELS[0] else (order,)
    row, feature, _ = entries(queries, orders)
    features = sum(queries.orders[order - 1].shape[1] for order in orders)
    ones = np.ones(len(row), dtype=np.int64)
    of_queries = sparse.csr_array((ones, (row, feature)), shape=(len(queries), features))
    row, feature, weight = entries(texts, orders)
    of_texts = sparse.csr_array((weight, (feature, row)), shape=(features, len(texts)))
    return Level(order, of_queries, of_texts, limits_of(queries, texts, order, measure))


def entries(texts: Texts, orders: tuple[int, ...]) -> tuple[Places, Places, Integers]:
    """(text, feature, weight) of all features of these orders, those of the second beyond those of the first."""
    matrices = [texts.orders[order - 1] for order in orders]
    beyond = (0, matrices[0].shape[1])
    text = [np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(one.indptr)) for one in matrices]
    feature = [one.indices.astype(np.int32) + np.int32(more) for one, more in zip(matrices, beyond, strict=False)]
    weight = [np.full(one.nnz, 1 << FOURTH * place, dtype=np.int64) for place, one in enumerate(matrices)]
    return np.concatenate(text), np.concatenate(feature), np.concatenate(weight)


def limits_of(queries: Texts, texts: Texts, order: int, measure: Measure) -> Floats:
    """See Level.limits: over all lengths that texts have."""
    lengths, place = np.unique(queries.lengths, return_inverse=True)
    others = np.tile(np.unique(texts.lengths), (LIMITS, 1))
    counts = np.repeat(np.arange(LIMITS), others.shape[1])
    known = counts, *[np.zeros_like(counts)] * (ORDERS - order)
    limits = np.full((LIMITS, len(lengths)), NOTHING)
    for at, length in enumerate(lengths):
        bounds = measure.bounds(known, np.full_like(counts, length), others.ravel())
        limits[:, at] = bounds.reshape(others.shape).max(axis=1, initial=NOTHING)
    return limits[:, place]


@dataclass(frozen=True)
class Search:
    """Queries, the texts among which each one's nearest is wanted, and the best pair of each so far.

    same: queries and texts are the same, and none is its own nearest. best: a text, or NOBODY; keys: its key, or the
    one that has to be exceeded.
    """

    queries: Texts
    texts: Texts
    measure: Measure
    same: bool
    best: Integers
    keys: Floats


class Core(Protocol):
    """A way of looking at all pairs; every one comes to the same numbers."""

    @property
    def name(self) -> str: ...

    @property
    def threads(self) -> int:
        """How many sweeps can go on at once."""
        ...

    def sweep(self, search: Search, level: Level, rows: Integers) -> None:
        """Find for these queries the best pair with a feature of this level: the highest key, of equals the first."""
        ...
