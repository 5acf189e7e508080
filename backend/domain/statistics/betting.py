"""Intervals that hold however often they are looked at, by betting against every mean that could be true.

For each mean m on a grid a gambler bets that the values lie above it, and another that they lie below. Against the
true mean nobody gets rich, so a mean that has made somebody rich is refused. Knows bounded values in the order in which
they came; knows no prompts.

Source: I. Waudby-Smith, A. Ramdas, Estimating means of bounded random variables by betting, J. R. Stat. Soc. B 86
(2024) 1-27: the hedged capital process (their theorem 3) with predictable plug-in bets (their equation 25).
"""

from dataclasses import dataclass
from math import log

import numpy as np

from backend.domain.statistics.votes import Flags, Floats, Integers

BREAKS = 1000
BLOCK = 64
# A bet risks at most this share of the capital, so that no single value ruins a gambler.
MOST_AT_RISK = 0.5
SMALLEST = 1e-300


@dataclass(frozen=True)
class ConfidenceSequence:
    """One interval after each value: low and high of shape (n,), which hold together at `level`.

    contradicted: after how many values no mean was left that fits them all, None where there always was one. It means
    that the values don't share one mean (they drift); from there on the last interval that held a mean is repeated.
    """

    low: Floats
    high: Floats
    level: float
    contradicted: int | None = None

    def __len__(self) -> int:
        return len(self.low)


def hedged(
    values: Floats,
    *,
    alpha: float = 0.05,
    breaks: int = BREAKS,
    running_intersection: bool = True,
    planned: int | None = None,
) -> ConfidenceSequence:
    """The hedged betting sequence for the mean of values in [0, 1], of shape (n,), in the order in which they came.

    Every value must have the same mean given those before it. running_intersection: what was refused once stays
    refused; without it each interval stands alone, at full cost. planned: bets tuned for one look after that many
    values (the intervals before it hold all the same, but are wide). The ends lie on a grid of `breaks` steps, one step
    outwards. Raises ValueError for values outside [0, 1] or an alpha outside (0, 1).
    """
    check(values, alpha)
    grid = np.arange(breaks + 1) / breaks
    ends = possible(values, bets(values, alpha, planned), grid, log(2 / alpha), narrowing=running_intersection)
    low = np.maximum(0.0, (ends[0] - 1) / breaks)
    high = np.minimum(1.0, (ends[1] + 1) / breaks)
    return mended(low, high, ends[0] > ends[1], 1 - alpha)


def check(values: Floats, alpha: float) -> None:
    """Raises ValueError for what no interval can be made of."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not at {alpha}")
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("the values of a sequence lie between 0 and 1")


def bets(values: Floats, alpha: float, planned: int | None) -> Floats:
    """How much to bet on each value, from those before it alone; shape (n,).

    Equation 25: the square root of 2 ln(2/alpha) / (variance so far × t ln(1 + t)), or × `planned` in its place.
    """
    seen = np.arange(1, len(values) + 1)
    means = (0.5 + np.cumsum(values)) / (seen + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2)) / (seen + 1)
    before = np.concatenate([[0.25], variances])[: len(values)]
    spread = seen * np.log1p(seen) if planned is None else np.full(len(values), float(planned))
    wagers: Floats = np.sqrt(2 * log(2 / alpha) / (before * spread))
    return wagers


def possible(
    values: Floats, wagers: Floats, grid: Floats, threshold: float, *, narrowing: bool
) -> tuple[Integers, Integers]:
    """(the first, the last) place on the grid that is not refused after each value, each of shape (n,).

    The gambler on "above" gets richer the smaller the mean, so the means that he refuses are the first ones of the
    grid, and the other's are the last ones. Narrowing, the means that are refused are never looked at again: after a
    few hundred values little of the grid is left. In blocks of values, so memory does not grow with them.
    """
    first, last = np.empty(len(values), np.int64), np.empty(len(values), np.int64)
    start, stop = 0, len(grid)
    above, below = np.zeros(len(grid)), np.zeros(len(grid))
    for at in range(0, len(values), BLOCK):
        block = slice(at, at + BLOCK)
        means, some, stakes = grid[start:stop], values[block, np.newaxis], wagers[block, np.newaxis]
        over, above = played(above, gains(some, stakes, means), threshold)
        under, below = played(below, gains(1 - some, stakes, 1 - means), threshold)
        if narrowing:
            over, under = np.maximum.accumulate(over), np.maximum.accumulate(under)
        first[block] = start + over.sum(axis=1)
        last[block] = stop - 1 - under.sum(axis=1)
        if narrowing:
            if (first[block] > last[block]).any():
                first[at + BLOCK :], last[at + BLOCK :] = 1, 0
                break
            left = slice(first[block][-1] - start, last[block][-1] + 1 - start)
            above, below = above[left], below[left]
            start, stop = int(first[block][-1]), int(last[block][-1]) + 1
    return first, last


def gains(values: Floats, wagers: Floats, means: Floats) -> Floats:
    """What the gambler on "above" gains, as logarithms: values and wagers of shape (b, 1), means (g,), all (b, g)."""
    stakes = np.minimum(wagers, MOST_AT_RISK / np.maximum(means, SMALLEST))
    grown: Floats = np.log1p(stakes * (values - means))
    return grown


def played(capital: Floats, gained: Floats, threshold: float) -> tuple[Flags, Floats]:
    """(who was rich after each value, shape (b, g); the capital after the last, shape (g,)), capital as logarithms."""
    path = capital + np.cumsum(gained, axis=0)
    return path > threshold, path[-1]


def mended(low: Floats, high: Floats, empty: Flags, level: float) -> ConfidenceSequence:
    """The sequence, with the last interval that held a mean in place of those that hold none."""
    if not empty.any():
        return ConfidenceSequence(low, high, level)
    kept = np.maximum.accumulate(np.where(empty, 0, np.arange(len(low))))
    return ConfidenceSequence(low[kept], high[kept], level, int(empty.argmax()) + 1)
