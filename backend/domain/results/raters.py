"""Every rater: habits, agreement with the rest, checks, and flags with their evidence. A flag is a reason to look."""

from collections.abc import Collection
from dataclasses import dataclass

from backend.domain.checks import CheckAnswers, by_rater
from backend.domain.results.material import Material
from backend.domain.statistics.flags import RaterReport, rater_reports
from backend.domain.statistics.position import RaterPosition, rater_positions


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """Gold and attention checks that were answered, and how many rightly; repeats, and how many alike."""

    asked: int
    passed: int
    repeated: int
    consistent: int


NONE = CheckCounts(0, 0, 0, 0)


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
    counts = check_counts(everybody.checks)
    positions = {one.rater: one for one in rater_positions(everybody.votes).raters}
    found = [
        RaterResult(
            rater=everybody.raters[report.rater],
            excluded=everybody.raters[report.rater] in excluded,
            report=report,
            position=positions.get(report.rater),
            checks=counts.get(report.rater, NONE),
        )
        for report in reports(everybody)
    ]
    return tuple(sorted(found, key=lambda one: (not one.report.flags, one.rater)))


def reports(everybody: Material) -> tuple[RaterReport, ...]:
    """Habits and flags by rater's number. Agreement is looked for among the seats that open at first, as everywhere."""
    votes = everybody.votes
    words = everybody.launched.words[votes.comparison]
    return rater_reports(votes, words, compared=votes.seat <= everybody.opening)


def check_counts(answers: CheckAnswers) -> dict[int, CheckCounts]:
    """rater's code -> counts, of those who answered a check; what they could not judge counts nowhere."""
    found = by_rater(answers)
    columns = (found.asked, found.passed, found.repeats, found.consistent)
    counts = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(found.raters.tolist(), (CheckCounts(*row) for row in counts), strict=True))
