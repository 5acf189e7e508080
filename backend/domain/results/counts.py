"""Plain counts of a candidate: its votes, the fates of its comparisons, and its majorities under each split rule."""

from dataclasses import dataclass

import numpy as np

from backend.domain.choices import SplitRule
from backend.domain.scoring import Outcomes, equal_or_better_scores, win_scores
from backend.domain.statistics.intervals import Interval, over_means
from backend.domain.statistics.votes import Floats, Integers, Votes

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


def vote_counts(votes: Votes) -> VoteCounts:
    """How the votes fall."""
    tally = {word: int((votes.preference == code).sum()) for code, word in CODES.items()}
    return VoteCounts(**tally, both_bad=int(votes.both_bad.sum()), total=len(votes))


def outcome_counts(found: Outcomes, launched: int, unjudgeable: int) -> OutcomeCounts:
    """How the comparisons end. Raises ValueError when there are more outcomes than comparisons."""
    decided = found.counts & found.has_majority
    tally = {word: int((found.preference[decided] == code).sum()) for code, word in CODES.items()}
    split = int(found.split.sum())
    unfinished = launched - unjudgeable - sum(tally.values()) - split
    if unfinished < 0:
        raise ValueError(f"more outcomes than the {launched} comparisons that were launched")
    return OutcomeCounts(**tally, split=split, unfinished=unfinished, unjudgeable=unjudgeable, comparisons=launched)


def majority_scores(found: Outcomes, rule: SplitRule) -> MajorityScores:
    """Both scores under one rule."""
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


def median(seconds: Floats) -> float | None:
    """The median of the known times; None when none is known."""
    known = seconds[~np.isnan(seconds)]
    return float(np.median(known)) if len(known) else None
