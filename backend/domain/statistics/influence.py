"""Variances of estimates that are sums of one influence a vote, where votes share prompts and raters.

An estimate moves, to first order, by the sum of its votes' influences; how much it would move with other prompts and
other raters is read off the sums within each. Knows no estimate of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.intervals import FEW_RATERS, FEWEST_RATERS, Interval
from backend.domain.statistics.sample_sizes import half_width
from backend.domain.statistics.variance import cells_of
from backend.domain.statistics.votes import Floats, Integers

NOTHING = 1e-20  # a variance below this is rounding

# (codes of shape (n,), how many) -> sum over codes of the outer product of the influences' sum, shape (k, k);
# without codes every vote stands alone
Gram = Callable[[Integers | None, int], Floats]


@dataclass(frozen=True)
class Clusters:
    """Codes from 0 of the prompt, the rater, and the cell of both of each of n votes; cell is None where all differ."""

    prompt: Integers
    rater: Integers
    cell: Integers | None
    prompts: int
    raters: int
    cells: int

    @property
    def with_raters(self) -> bool:
        """Enough raters to say anything about other raters; otherwise they are a fixed panel."""
        return self.raters >= FEWEST_RATERS

    @property
    def degrees_of_freedom(self) -> float:
        """The smaller number of clusters, less one."""
        return float(min(self.prompts, self.raters) - 1 if self.with_raters else self.prompts - 1)

    @property
    def method(self) -> str:
        """What an interval from these clusters rests on."""
        if not self.with_raters:
            return "fixed panel, by influence"
        return f"prompts × raters, by influence{', few raters' if self.raters < FEW_RATERS else ''}"


def clusters(prompt: Integers, rater: Integers) -> Clusters:
    """The clusters of n votes from any ids of shape (n,)."""
    prompts, prompt_code = dense(prompt)
    raters, rater_code = dense(rater)
    cell, votes = cells_of(prompt_code, rater_code, len(raters))
    differ = len(votes) == len(cell)
    return Clusters(prompt_code, rater_code, None if differ else cell, len(prompts), len(raters), len(votes))


def two_way(gram: Gram, found: Clusters) -> Floats:
    """The covariance of k estimates over new prompts and new raters, shape (k, k): prompts + raters - cells.

    Each part is scaled by G / (G - 1). The sum is made positive semidefinite, and no variance is let below that of
    the prompts alone. With fewer than 5 raters the prompts alone count. Raises ValueError with fewer than two prompts.
    Source: A. C. Cameron, J. B. Gelbach, D. L. Miller, J. Bus. Econ. Stat. 29 (2011) 238-249.
    """
    if found.prompts < 2:
        raise ValueError("a variance over prompts needs two of them")
    prompts = scaled(gram(found.prompt, found.prompts), found.prompts)
    if not found.with_raters:
        return prompts
    raters = scaled(gram(found.rater, found.raters), found.raters)
    values, vectors = np.linalg.eigh(prompts + raters - scaled(gram(found.cell, found.cells), found.cells))
    mixed = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return np.asarray(mixed + np.diag(np.maximum(np.diag(prompts) - np.diag(mixed), 0.0)))


def scaled(gram: Floats, groups: int) -> Floats:
    return gram * (groups / (groups - 1))


def covariance(influence: Floats, found: Clusters) -> Floats:
    """The covariance of k estimates with influences of shape (n, k); see `two_way`."""

    def gram(codes: Integers | None, groups: int) -> Floats:
        sums = influence if codes is None else summed(influence, codes, groups)
        return np.asarray(sums.T @ sums)

    return two_way(gram, found)


def summed(values: Floats, codes: Integers, groups: int) -> Floats:
    """The sums of the rows of values (n, k) within each code, shape (groups, k)."""
    return np.stack([np.bincount(codes, column, groups) for column in values.T], axis=1)


def interval(estimate: float, variance: float, found: Clusters, *, level: float, unit: float = 1.0) -> Interval:
    """estimate ± t · √variance, times the unit (100 for points), not clipped: a difference has no natural bounds here.

    Without any variation there is no interval.
    """
    if variance <= NOTHING:
        return Interval(unit * estimate, None, None, level, "no variation", found.prompts, found.raters)
    freedom = found.degrees_of_freedom
    half = half_width(variance, freedom, level=level)
    low, high = unit * (estimate - half), unit * (estimate + half)
    return Interval(unit * estimate, low, high, level, found.method, found.prompts, found.raters, freedom)


def no_interval(found: Clusters, why: str, *, level: float) -> Interval:
    """An interval of which nothing can be said, and why."""
    return Interval(None, None, None, level, why, found.prompts, found.raters)
