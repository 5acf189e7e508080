"""Whether candidates change along a ladder of amounts, such as the logarithm of how much data they were trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backend.domain.statistics.contrasts import all_pairs, contrast, is_within, leaves_out_nought
from backend.domain.statistics.joint import joint
from backend.domain.statistics.votes import Floats, Integers

Trend = Literal["flat", "changes", "undecided"]


@dataclass(frozen=True, slots=True)
class Slope:
    """The least-squares line through the rungs' means, every rung weighing the same; None where nothing can be said.

    slope: per unit of amount, with its interval at `level`. change: slope × (largest − smallest amount), with its
    interval at `equivalence_level` = 2 · level − 1. flat: that interval lies within ± margin, and so does that of each
    pair of rungs, for a ladder that rises and falls again has no slope either. changes: not flat, and the interval of
    the slope leaves out 0.
    """

    slope: float | None
    low: float | None
    high: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    margin: float
    pairs: int
    pairs_within_margin: int
    rungs: int
    level: float
    equivalence_level: float
    degrees_of_freedom: float | None
    verdict: Trend
    method: str


def slope(
    scores: Floats,
    prompt: Integers,
    rater: Integers,
    candidate: Integers,
    *,
    amounts: Sequence[float],
    margin: float,
    level: float = 0.95,
) -> Slope:
    """The slope over a ladder. amounts: one of each candidate 0, 1, …, on the scale on which a line is expected.

    scores in [0, 1], prompt, rater, candidate: shape (n,). A ladder with a rung without votes is never flat.
    The pairs' tests need no adjustment, as all of them have to reject: R. L. Berger, Technometrics 24 (1982) 295-300.
    Raises ValueError when all amounts are the same or the margin is not above 0.
    """
    centred = np.asarray(amounts, dtype=np.float64) - np.mean(amounts)
    if np.ptp(centred) == 0:
        raise ValueError("a slope needs two different amounts")
    rungs, length = len(centred), float(np.ptp(centred))
    found = joint(scores, prompt, rater, candidate, candidates=rungs)
    weights = centred / float(centred @ centred)
    per_unit, whole = found.spread(weights), found.spread(weights * length)
    pairs = [found.spread(contrast(pair, rungs)) for pair in all_pairs(rungs)]
    within = sum(is_within(pair, margin, level) for pair in pairs)
    verdict: Trend = "undecided"
    if within == len(pairs) and is_within(whole, margin, level):
        verdict = "flat"
    elif leaves_out_nought(per_unit, level):
        verdict = "changes"
    low, high = per_unit.interval(level)
    change_low, change_high = whole.interval(2 * level - 1)
    return Slope(
        slope=per_unit.estimate,
        low=low,
        high=high,
        change=whole.estimate,
        change_low=change_low,
        change_high=change_high,
        margin=margin,
        pairs=len(pairs),
        pairs_within_margin=within,
        rungs=rungs,
        level=level,
        equivalence_level=2 * level - 1,
        degrees_of_freedom=per_unit.freedom,
        verdict=verdict,
        method=per_unit.method,
    )
