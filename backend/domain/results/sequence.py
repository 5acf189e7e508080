"""The stop rule that was declared before the launch, applied to what has come in: always-valid at every look.

Its target is the mean over prompts for the raters who are enrolled, not for raters in general.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.results.candidates import opening
from backend.domain.results.material import Material, in_order
from backend.domain.statistics.sequential import StopRule, decide, in_launch_order
from backend.domain.statistics.votes import Floats


@dataclass(frozen=True, slots=True)
class Watched:
    """A candidate under the stop rule: prompts that have entered, the interval now, when it decided and for whom."""

    prompts: int
    low: float
    high: float
    decided_at: int | None
    verdict: str | None
    contradicted: int | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """error: of the whole batch, divided evenly across candidates. stops_at: prompts after which every candidate is
    decided, None while one is open.
    """

    error: float
    least_prompts: int
    candidates: dict[str, Watched]
    stops_at: int | None


def sequence(material: Material) -> Sequence | None:
    """What the stop rule says; None where none was declared.

    Of every vote that has come, as when the rule was asked: a candidate's sequence ends by itself at its first open
    seat, and excluded raters were of the panel.
    """
    declared = material.settings.stopping
    if declared is None:
        return None
    material = in_order(material)
    rule = StopRule(alpha=declared.error, minimum=declared.least_prompts)
    found = decide({code: entered(material, code) for code in range(len(material.candidates))}, rule)
    return Sequence(
        error=declared.error,
        least_prompts=declared.least_prompts,
        candidates={
            material.candidates[code]: Watched(
                prompts=one.prompts,
                low=one.low,
                high=one.high,
                decided_at=one.decided_at,
                verdict=None if one.decision is None else str(one.decision),
                contradicted=one.contradicted,
            )
            for code, one in found.candidates.items()
        },
        stops_at=found.stops_at,
    )


def entered(material: Material, code: int) -> Floats:
    """One value a prompt, the mean of its win scores, in launch order, up to the first that has an open seat."""
    launched, own = material.launched, opening(material, code)
    mine = np.flatnonzero(launched.candidate == code)
    rated = np.bincount(own.comparison, minlength=len(launched))[mine]
    summed = np.bincount(own.comparison, own.win_scores, minlength=len(launched))[mine]
    closed = (rated == material.opening) | launched.unjudgeable[mine]
    means = np.divide(summed, rated, out=np.full(len(mine), np.nan), where=rated > 0)
    return in_launch_order(means, mine, closed)
