"""Pairs of raters who agree more often than two people do who each look for themselves.

What two honest raters share is modelled by one factor: agreement beyond chance is the product of theirs with all
others, over that of all raters. The pair itself is left out of what is known of each. Who copied whom can't be told.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import betaln, gammaln

from backend.domain.statistics.flag_tests import LEVEL
from backend.domain.statistics.ids import dense, ordered
from backend.domain.statistics.multiplicity import q_values
from backend.domain.statistics.votes import Floats, Integers, Votes

CELLS_AT_ONCE = 1_000_000
# Agreement beyond chance in the pool below which products of it would be noise.
LEAST_BEYOND = 0.02
HIGHEST_SHARE = 0.995


@dataclass(frozen=True)
class Pairs:
    """Pairs of raters, by place in the order of ids, with the comparisons they share and agree on; shape (p,) each."""

    first: Integers
    second: Integers
    shared: Floats
    agreed: Floats


@dataclass(frozen=True)
class Copies:
    """The pairs that agree too often, shape (p,) each, and whether each rater was in any pair tested, shape (r,).

    statistic: share of shared comparisons agreed on; expected: of two honest raters; n: shared prompts.
    """

    first: Integers
    second: Integers
    statistic: Floats
    expected: Floats
    n: Integers
    p_value: Floats
    q_value: Floats
    tested: Integers


@dataclass(frozen=True)
class Pool:
    """What is known of raters, for r of them: pairs of votes with others and those that agree, shape (r,).

    shares: of labels, shape (r, 3); of_all: those of all votes, shape (3,). thin: prompts a vote, shape (r,).
    """

    met: Floats
    agreed: Floats
    shares: Floats
    of_all: Floats
    thin: Floats


def copied(votes: Votes, thin: Floats, *, fewest: int, tolerated: float, level: float = LEVEL) -> Copies:
    """Tests every pair with at least `fewest` shared prompts, at a false-discovery rate under any dependence.

    thin: of `prompts_a_vote`, shape (raters,). tolerated: the share of shared comparisons on which copying, or a common
    taste, is no sign of anything.
    Memory: O(n + votes of one rater · seats + a block), whatever the number of pairs.
    """
    names, rater = dense(votes.rater)
    _, unit = dense(votes.comparison)
    label, raters = votes.preference + 1, len(names)
    pool = pool_of(unit, rater, label, thin)
    tested, suspects, found = np.zeros(raters, dtype=np.int64), 0, []
    for pairs in sharing(unit, rater, label, raters, pool.thin, fewest):
        suspects += len(pairs.first)
        tested += np.bincount(pairs.first, minlength=raters) + np.bincount(pairs.second, minlength=raters)
        expected, noise = of_honest_pairs(pairs, pool)
        thin = np.minimum(pool.thin[pairs.first], pool.thin[pairs.second])
        n = np.floor(pairs.shared * thin + 1e-9)
        p_value = tail(np.floor(pairs.agreed * thin + 1e-9), n, expected + tolerated * (1 - expected), noise)
        kept = p_value <= level
        columns = (pairs.first, pairs.second, pairs.agreed / pairs.shared, expected, n, p_value)
        found.append(np.stack([column[kept] for column in columns]))
    table = np.concatenate(found, axis=1) if found else np.zeros((6, 0))
    q_value = q_values(table[5], tests=max(suspects, 1), any_dependence=True)
    table, q_value = table[:, q_value <= level], q_value[q_value <= level]
    first, second, n = (table[row].astype(np.int64) for row in (0, 1, 4))
    return Copies(first, second, table[2], table[3], n, table[5], q_value, tested)


def pool_of(unit: Integers, rater: Integers, label: Integers, thin: Floats) -> Pool:
    """What is known of each rater from all votes. unit, rater: 0.., label: 0, 1, 2, shape (n,)."""
    units, raters = int(unit.max(initial=-1)) + 1, len(thin)
    counts = np.bincount(label * units + unit, minlength=3 * units).reshape(3, units).astype(np.float64)
    met = np.bincount(rater, counts.sum(axis=0)[unit] - 1, minlength=raters)
    agreed = np.bincount(rater, counts[label, unit] - 1, minlength=raters)
    given = np.bincount(rater * 3 + label, minlength=3 * raters).reshape(raters, 3).astype(np.float64)
    shares = given / np.maximum(given.sum(axis=1, keepdims=True), 1)
    return Pool(
        met.astype(np.float64), agreed.astype(np.float64), shares, given.sum(axis=0) / max(given.sum(), 1), thin
    )


def sharing(
    unit: Integers, rater: Integers, label: Integers, raters: int, thin: Floats, fewest: int
) -> Iterator[Pairs]:
    """The pairs that share at least one and enough, block by block of first raters: who rated beside whom, counted."""
    by_unit = ordered(unit * raters + rater)
    rater, label, ends = rater[by_unit], label[by_unit], np.cumsum(np.bincount(unit))
    beyond = ends[unit[by_unit]] - np.arange(1, len(unit) + 1)  # votes on the same unit that come after
    by_rater, starts = ordered(rater), np.concatenate([[0], np.cumsum(np.bincount(rater, minlength=raters))])
    for begin, end in blocks(raters + np.bincount(rater, beyond, raters)):
        one = by_rater[starts[begin] : starts[end]]
        first, second = beside(one, beyond[one])
        cell, size = (rater[first] - begin) * raters + rater[second], (end - begin) * raters
        shared = np.bincount(cell, minlength=size)
        agreed = np.bincount(cell[label[first] == label[second]], minlength=size)
        often = np.flatnonzero(shared >= max(fewest, 1))
        first, second = often // raters + begin, often % raters
        enough = (second > first) & (shared[often] * np.minimum(thin[first], thin[second]) >= fewest)
        both = (column[often[enough]].astype(np.float64) for column in (shared, agreed))
        yield Pairs(first[enough], second[enough], *both)


def blocks(cost: Floats | Integers) -> Iterator[tuple[int, int]]:
    """(begin, end) of runs of raters that cost about `CELLS_AT_ONCE` together, or of one who costs more; cost: (r,)."""
    block = np.cumsum(cost) // CELLS_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(cost)]
    return pairwise(edges)


def beside(place: Integers, beyond: Integers) -> tuple[Integers, Integers]:
    """Each place with each of the next `beyond` places: (the former, the latter), of shape (sum of beyond,)."""
    first = np.repeat(place, beyond)
    step = np.arange(len(first)) - np.repeat(np.cumsum(beyond) - beyond, beyond)
    return first, first + 1 + step


def of_honest_pairs(pairs: Pairs, pool: Pool) -> tuple[Floats, Floats]:
    """(the agreement of each pair if both look for themselves, its variance), shape (p,); at least the pool's."""
    mean = float(pool.agreed.sum() / max(pool.met.sum(), 1.0))
    common = max(mean - float(pool.of_all @ pool.of_all), LEAST_BEYOND)
    loadings, noises = [], []
    for one in (pairs.first, pairs.second):
        met = pool.met[one] - pairs.shared
        share = np.where(met > 0, (pool.agreed[one] - pairs.agreed) / np.maximum(met, 1), mean)
        loadings.append(np.maximum(share - pool.shares[one] @ pool.of_all, 0.0))
        # pairs of votes of one comparison are alike, so they count for half
        noises.append((share * (1 - share) + 0.25 / np.maximum(met, 1)) * 2 / np.maximum(met, 1))
    chance = (pool.shares[pairs.first] * pool.shares[pairs.second]).sum(axis=1)
    expected = np.clip(np.maximum(chance + loadings[0] * loadings[1] / common, mean), 0.0, HIGHEST_SHARE)
    return expected, (loadings[0] ** 2 * noises[1] + loadings[1] ** 2 * noises[0]) / common**2


def tail(agreed: Floats, n: Floats, share: Floats, variance: Floats) -> Floats:
    """P(at least so many of n agree) when the share is itself uncertain: the beta-binomial's tail; shape (p,).

    1 where no more agree than expected. share: its mean; variance: of it.
    """
    found = np.ones(len(n))
    high = np.flatnonzero(agreed > n * share)
    spread = share[high] * (1 - share[high])
    weight = np.maximum(spread / np.maximum(variance[high], 1e-12) - 1, 2.0)
    terms = (n[high] - agreed[high]).astype(np.int64) + 1
    at = np.repeat(np.arange(len(high)), terms)
    place = np.arange(len(at)) - np.repeat(np.cumsum(terms) - terms, terms)
    trials, x = n[high][at], agreed[high][at] + place
    a, b = (share[high] * weight)[at], ((1 - share[high]) * weight)[at]
    choose = gammaln(trials + 1) - gammaln(x + 1) - gammaln(trials - x + 1)
    mass = np.exp(choose + betaln(x + a, trials - x + b) - betaln(a, b))
    found[high] = np.minimum(1.0, np.bincount(at, mass, minlength=len(high)))
    return found
