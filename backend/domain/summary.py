"""The results of a batch: every number of the page, the JSON and the bundle, from the votes alone. Knows no database.

Estimand first: the mean over prompts of the mean over raters. The paper's own figure, the mean over comparisons of
the majority outcome with its standard deviation, stands beside it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from backend.domain.choices import Preference, SplitRule
from backend.domain.scoring import SPLIT_SCORES, Outcomes, equal_or_better_scores, outcomes, win_scores
from backend.domain.statistics.intervals import Interval, over_means, over_prompts
from backend.domain.statistics.votes import Floats, Integers, Votes

SCHEMA_VERSION = 1
EVEN = 0.5
CODES = {1: "candidate", 0: "tie", -1: "baseline"}


@dataclass(frozen=True, slots=True)
class VoteCounts:
    """How often each preference was given; both bad is part of the ties."""

    candidate: int
    tie: int
    baseline: int
    both_bad: int
    total: int


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """What became of the comparisons of a candidate; they add up to `comparisons`."""

    candidate: int
    tie: int
    baseline: int
    split: int
    unfinished: int
    unjudgeable: int
    comparisons: int


@dataclass(frozen=True, slots=True)
class PositionCounts:
    """How often the first output, the second, or neither was chosen, where the order is known."""

    first: int
    second: int
    tie: int
    unknown: int


@dataclass(frozen=True, slots=True)
class MajorityScore:
    """A mean over comparisons, with the paper's standard deviation over them, and an interval over prompts."""

    mean: float | None
    standard_deviation: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class MajorityScores:
    """Both scores of the majority outcomes under one split rule."""

    win_rate: MajorityScore
    equal_or_better: MajorityScore


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One candidate against the baseline. `sensitivity` holds the majority scores under every split rule."""

    name: str
    votes: VoteCounts
    outcomes: OutcomeCounts
    win_rate: Interval
    equal_or_better: Interval
    majority: MajorityScores
    sensitivity: dict[str, MajorityScores]
    position: PositionCounts
    raters: int
    median_seconds: float | None

    @property
    def preferred(self) -> Preference | None:
        """Whom the votes prefer: the side of one half on which the whole interval of the win rate lies, if any."""
        if self.win_rate.low is None or self.win_rate.high is None:
            return None
        if self.win_rate.low > EVEN:
            return Preference.CANDIDATE
        return Preference.BASELINE if self.win_rate.high < EVEN else None


@dataclass(frozen=True, slots=True)
class Results:
    """A batch in numbers."""

    schema_version: int
    baseline: str
    seats: int
    split_rule: str
    comparisons: int
    settled: int
    ratings: int
    late: int
    skips: dict[str, int]
    raters: int
    median_seconds: float | None
    candidates: tuple[CandidateResult, ...]

    def to_json(self) -> dict[str, object]:
        """Plain data as docs/results.schema.json describes it."""
        return {**asdict(self), "candidates": [asdict(one) for one in self.candidates]}


def summarise(
    votes: Votes,
    *,
    systems: Mapping[int, str],
    comparisons: Mapping[int, int],
    baseline: str,
    seats: int,
    split_rule: SplitRule,
    unjudgeable: Mapping[int, int],
    late: int,
    skips: Mapping[str, int],
) -> Results:
    """Every number of a batch.

    systems: candidate id -> name, in the order to report. comparisons: candidate id -> how many were launched.
    unjudgeable: comparison id -> its candidate. late, skips: counts of ratings and reasons that are no votes.
    Raises ValueError when the counts don't add up.
    """
    found = outcomes(votes, seats=seats, unjudgeable=unjudgeable.keys())
    results = tuple(
        candidate_result(
            name,
            votes.where(votes.candidate == number),
            only(found, number),
            launched=comparisons[number],
            unjudgeable=sum(1 for candidate in unjudgeable.values() if candidate == number),
            rule=split_rule,
        )
        for number, name in systems.items()
    )
    return Results(
        schema_version=SCHEMA_VERSION,
        baseline=baseline,
        seats=seats,
        split_rule=split_rule,
        comparisons=sum(comparisons.values()),
        settled=sum(one.outcomes.comparisons - one.outcomes.unfinished for one in results),
        ratings=len(votes),
        late=late,
        skips=dict(skips),
        raters=len(np.unique(votes.rater)),
        median_seconds=median(votes.seconds),
        candidates=results,
    )


def only(found: Outcomes, candidate: int) -> Outcomes:
    mask = found.candidate == candidate
    return Outcomes(**{name: getattr(found, name)[mask] for name in Outcomes.__dataclass_fields__})


def candidate_result(
    name: str, votes: Votes, found: Outcomes, *, launched: int, unjudgeable: int, rule: SplitRule
) -> CandidateResult:
    sensitivity = {str(other): majority_scores(found, other) for other in SPLIT_SCORES}
    return CandidateResult(
        name=name,
        votes=vote_counts(votes),
        outcomes=outcome_counts(found, launched, unjudgeable),
        win_rate=over_prompts(votes.win_scores, votes.prompt, votes.rater),
        equal_or_better=over_prompts(votes.equal_or_better_scores, votes.prompt, votes.rater),
        majority=sensitivity[rule],
        sensitivity=sensitivity,
        position=position_counts(votes),
        raters=len(np.unique(votes.rater)),
        median_seconds=median(votes.seconds),
    )


def vote_counts(votes: Votes) -> VoteCounts:
    tally = {word: int((votes.preference == code).sum()) for code, word in CODES.items()}
    return VoteCounts(**tally, both_bad=int(votes.both_bad.sum()), total=len(votes))


def outcome_counts(found: Outcomes, launched: int, unjudgeable: int) -> OutcomeCounts:
    decided = found.counts & found.has_majority
    tally = {word: int((found.preference[decided] == code).sum()) for code, word in CODES.items()}
    split = int(found.split.sum())
    unfinished = launched - unjudgeable - sum(tally.values()) - split
    if unfinished < 0:
        raise ValueError(f"more outcomes than the {launched} comparisons that were launched")
    return OutcomeCounts(**tally, split=split, unfinished=unfinished, unjudgeable=unjudgeable, comparisons=launched)


def majority_scores(found: Outcomes, rule: SplitRule) -> MajorityScores:
    return MajorityScores(
        win_rate=majority_score(*win_scores(found, rule)),
        equal_or_better=majority_score(*equal_or_better_scores(found, rule)),
    )


def majority_score(scores: Floats, prompts: Integers) -> MajorityScore:
    """Mean and population standard deviation over comparisons; raters are not in this interval, and it says so."""
    interval = over_means(scores, method="prompts alone", raters=None)
    if len(scores) == 0:
        return MajorityScore(None, None, interval)
    return MajorityScore(float(scores.mean()), float(scores.std()), interval)


def position_counts(votes: Votes) -> PositionCounts:
    """Candidate first and preferred, or candidate second and not: the first output was chosen."""
    known = votes.flipped >= 0
    decisive = known & (votes.preference != 0)
    first = decisive & ((votes.preference == 1) == (votes.flipped == 0))
    return PositionCounts(
        first=int(first.sum()),
        second=int((decisive & ~first).sum()),
        tie=int((known & (votes.preference == 0)).sum()),
        unknown=int((~known).sum()),
    )


def median(seconds: Floats) -> float | None:
    """The median of the known times; None when none is known."""
    known = seconds[~np.isnan(seconds)]
    return float(np.median(known)) if len(known) else None


def names_in_order(systems: Sequence[tuple[int, str]], launched: Collection[int]) -> dict[int, str]:
    """The candidates that were launched, in the order of their import."""
    return {number: name for number, name in systems if number in launched}
