"""Every rater: habits, agreement with the rest, checks, and flags with their evidence. A flag is a reason to look."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from backend.domain.results.material import Material
from backend.domain.statistics.flags import RaterReport, rater_reports
from backend.domain.statistics.position import RaterPosition, rater_positions

REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """Gold and attention checks that were answered, and how many rightly; repeats, and how many alike."""

    asked: int
    passed: int
    repeated: int
    consistent: int


@dataclass(frozen=True, slots=True)
class RaterResult:
    """One rater under the pseudonym. position: the share of first choices, drawn towards all raters'."""

    rater: str
    excluded: bool
    report: RaterReport
    position: RaterPosition | None
    checks: CheckCounts


def raters(everybody: Material, *, excluded: Collection[str]) -> tuple[RaterResult, ...]:
    """Every rater with a vote, excluded ones too: flagged ones first, then by pseudonym."""
    votes = everybody.votes
    positions = {one.rater: one for one in rater_positions(votes).raters}
    found = [
        RaterResult(
            rater=everybody.raters[report.rater],
            excluded=everybody.raters[report.rater] in excluded,
            report=report,
            position=positions.get(report.rater),
            checks=checks(everybody, report.rater),
        )
        for report in rater_reports(votes, everybody.launched.words[votes.comparison])
    ]
    return tuple(sorted(found, key=lambda one: (not one.report.flags, one.rater)))


def checks(material: Material, rater: int) -> CheckCounts:
    """A rater's answers to checks; what they could not judge counts nowhere."""
    at = np.flatnonzero((material.checks.rater == rater) & (material.checks.passed >= 0)).tolist()
    repeats = [material.checks.passed[row] for row in at if material.checks.kind[row] == REPEAT]
    others = [material.checks.passed[row] for row in at if material.checks.kind[row] != REPEAT]
    return CheckCounts(len(others), int(sum(others)), len(repeats), int(sum(repeats)))
