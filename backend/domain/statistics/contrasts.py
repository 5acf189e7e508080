"""Candidates against each other and against one half: intervals that hold together over a declared family.

A candidate's mean is the mean over its prompts of the mean over raters. Candidates share prompts and raters, and what
they share drops out of their difference: over the same prompts it is paired by prompt. A rater who rates both enters
once, with the sum of both influences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backend.domain.statistics.intervals import Interval, over_prompts
from backend.domain.statistics.joint import Joint, Spread, adjusted_level, joint
from backend.domain.statistics.variance import crossing
from backend.domain.statistics.votes import Floats, Integers

Pair = tuple[int, int]
Conclusion = Literal["equivalent", "different", "undecided"]


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of candidate `first` less that of `second`, from -1 to 1; None where nothing can be said.

    low and high hold together with the family's at `level`, as each alone holds at `adjusted_level`; the unadjusted
    ones hold for this difference alone. prompts: those that both have. raters: those who rated either.
    """

    first: int
    second: int
    primary: bool
    estimate: float | None
    low: float | None
    high: float | None
    unadjusted_low: float | None
    unadjusted_high: float | None
    level: float
    adjusted_level: float
    degrees_of_freedom: float | None
    prompts: int
    raters: int
    method: str


@dataclass(frozen=True, slots=True)
class AgainstEven:
    """A candidate's mean, to hold against one half: alone, and together with the other candidates'."""

    candidate: int
    alone: Interval
    together: Interval
    level: float
    adjusted_level: float


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests of whether the difference lies within ± margin, each at 1 − `level`.

    equivalent: low to high, the interval at `equivalence_level` = 2 · level − 1, lies within the margin; the
    difference may be real all the same, and too small to matter. different: not so, and the interval at `level` leaves
    out 0.
    """

    first: int
    second: int
    margin: float
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    equivalence_level: float
    verdict: Conclusion
    method: str


def all_pairs(candidates: int) -> list[Pair]:
    """Every later candidate less every earlier one."""
    return [(later, earlier) for earlier in range(candidates) for later in range(earlier + 1, candidates)]


def adjacent_rungs(candidates: int) -> list[Pair]:
    """Every candidate of a ladder less the one before it."""
    return [(rung, rung - 1) for rung in range(1, candidates)]


def differences(
    scores: Floats,
    prompt: Integers,
    rater: Integers,
    candidate: Integers,
    *,
    family: Sequence[Pair],
    primary: Pair | None = None,
    level: float = 0.95,
    seed: int,
    known: Joint | None = None,
) -> list[Difference]:
    """The differences of a declared family, in its order, with simultaneous max-|t| intervals.

    scores in [0, 1], prompt, rater, candidate (0, 1, …): shape (n,). The critical value is that of a normal vector with
    the estimated correlation, by Monte Carlo: see `joint.adjusted_level`. Differences without a variance are no part
    of it. known: the joint means of these columns, where several questions share them.
    Raises ValueError when the primary one is not of the family, or a pair names one candidate twice.
    """
    if primary is not None and primary not in family:
        raise ValueError("the primary difference must be of the family")
    found = known or joint(scores, prompt, rater, candidate, candidates=candidates_of(candidate, family))
    candidates = len(found.means)
    signs = np.array([contrast(pair, candidates) for pair in family]).reshape(len(family), candidates)
    spreads = [found.spread(row) for row in signs]
    varying = np.array([spread.variance is not None for spread in spreads], dtype=np.bool_)
    adjusted = adjusted_level(found.directions(signs[varying]), level=level, seed=seed)
    return [
        difference(pair, spread, primary=pair == primary, level=level, adjusted=adjusted)
        for pair, spread in zip(family, spreads, strict=True)
    ]


def candidates_of(candidate: Integers, pairs: Sequence[Pair]) -> int:
    """How many candidates there are at least: those with votes, and those of the pairs."""
    return 1 + max([int(candidate.max(initial=-1)), *(one for pair in pairs for one in pair)])


def contrast(pair: Pair, candidates: int) -> Floats:
    """+1 at the first candidate, -1 at the second; shape (candidates,). Raises ValueError when they are the same."""
    if pair[0] == pair[1]:
        raise ValueError("a difference needs two candidates")
    signs = np.zeros(candidates)
    signs[list(pair)] = 1.0, -1.0
    return signs


def difference(pair: Pair, spread: Spread, *, primary: bool, level: float, adjusted: float) -> Difference:
    low, high = limits(spread, adjusted)
    unadjusted_low, unadjusted_high = limits(spread, level)
    return Difference(
        first=pair[0],
        second=pair[1],
        primary=primary,
        estimate=spread.estimate,
        low=low,
        high=high,
        unadjusted_low=unadjusted_low,
        unadjusted_high=unadjusted_high,
        level=level,
        adjusted_level=adjusted,
        degrees_of_freedom=spread.freedom,
        prompts=spread.prompts,
        raters=spread.raters,
        method=spread.method,
    )


def limits(spread: Spread, level: float) -> tuple[float | None, float | None]:
    """The interval of a difference, kept inside [-1, 1]."""
    low, high = spread.interval(level)
    return (None, None) if low is None or high is None else (max(-1.0, low), min(1.0, high))


def against_even(
    scores: Floats,
    prompt: Integers,
    rater: Integers,
    candidate: Integers,
    *,
    candidates: int,
    level: float = 0.95,
    seed: int,
    known: Joint | None = None,
) -> list[AgainstEven]:
    """Every candidate's default interval, alone and at the level at which all candidates' hold together.

    Columns and `known` as in `differences`; one result for each of 0 … candidates − 1, with votes or without.
    """
    found = known or joint(scores, prompt, rater, candidate, candidates=candidates)
    each = np.eye(candidates)
    varying = np.array([found.spread(row).variance is not None for row in each], dtype=np.bool_)
    adjusted = adjusted_level(found.directions(each[varying]), level=level, seed=seed)
    results = []
    for one in range(candidates):
        own = candidate == one
        columns = scores[own], prompt[own], rater[own]
        crossed = crossing(*columns[1:]) if own.any() else None
        alone, together = (over_prompts(*columns, level=at, known=crossed) for at in (level, adjusted))
        results.append(AgainstEven(one, alone, together, level, adjusted))
    return results


def equivalences(
    scores: Floats,
    prompt: Integers,
    rater: Integers,
    candidate: Integers,
    *,
    pairs: Sequence[Pair],
    margin: float,
    level: float = 0.95,
    known: Joint | None = None,
) -> list[Equivalence]:
    """Whether the two of each pair are the same within a margin declared beforehand, each tested by itself.

    known: as in `differences`. Raises ValueError unless the margin is above 0.
    Source: D. J. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987) 657-680.
    """
    found = known or joint(scores, prompt, rater, candidate, candidates=candidates_of(candidate, pairs))
    return [tested(pair, found.spread(contrast(pair, len(found.means))), margin, level) for pair in pairs]


def tested(pair: Pair, spread: Spread, margin: float, level: float) -> Equivalence:
    verdict: Conclusion = "undecided"
    if is_within(spread, margin, level):
        verdict = "equivalent"
    elif leaves_out_nought(spread, level):
        verdict = "different"
    low, high = limits(spread, 2 * level - 1)
    return Equivalence(*pair, margin, spread.estimate, low, high, level, 2 * level - 1, verdict, spread.method)


def is_within(spread: Spread, margin: float, level: float) -> bool:
    """Both one-sided tests at 1 − level reject that the sum lies at or beyond ± margin, which must be above 0."""
    if margin <= 0:
        raise ValueError("a margin must be above 0")
    low, high = spread.interval(2 * level - 1)
    return low is not None and high is not None and -margin < low and high < margin


def leaves_out_nought(spread: Spread, level: float) -> bool:
    low, high = spread.interval(level)
    return low is not None and high is not None and (low > 0 or high < 0)
