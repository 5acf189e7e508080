"""One candidate against the baseline: counts, both rates with intervals, majorities, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend.domain.choices import Preference, SplitRule
from backend.domain.results.counts import (
    MajorityScores,
    OutcomeCounts,
    VoteCounts,
    majority_scores,
    median,
    outcome_counts,
    vote_counts,
)
from backend.domain.results.limits import smallest_shown
from backend.domain.results.material import Launched, Material, of_candidate
from backend.domain.scoring import SPLIT_SCORES, Outcomes, outcomes
from backend.domain.statistics.ids import dense
from backend.domain.statistics.intervals import Interval, over_prompts
from backend.domain.statistics.missing import Missing, MissingSeats, missing
from backend.domain.statistics.two_way import comparison_table
from backend.domain.statistics.variance import crossing
from backend.domain.statistics.votes import Flags, Integers, Votes

EVEN = 0.5
MOST_FOR_BOOTSTRAP = 100_000
ROUNDS = 400


@dataclass(frozen=True, slots=True)
class Rates:
    """Both scores of some votes, over prompts and raters."""

    win_rate: Interval
    equal_or_better: Interval


@dataclass(frozen=True, slots=True)
class Category:
    """The votes on one category of prompts."""

    name: str
    votes: VoteCounts
    win_rate: Interval
    equal_or_better: Interval


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One candidate against the baseline.

    win_rate, equal_or_better: the default interval. smallest_shown: the win rate's difference from one half that four
    of five studies of this size would show. intervals: the same means with every other interval beside it, by
    method. majority: under the declared split rule; sensitivity: under every one. missing: what empty seats leave open.
    all_votes: with the votes of excluded raters, None where nobody was excluded.
    """

    name: str
    votes: VoteCounts
    outcomes: OutcomeCounts
    win_rate: Interval
    equal_or_better: Interval
    smallest_shown: float | None
    intervals: dict[str, Rates]
    majority: MajorityScores
    sensitivity: dict[str, MajorityScores]
    missing: Missing
    categories: tuple[Category, ...]
    all_votes: Rates | None
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


def candidates(material: Material, *, everybody: Material) -> tuple[CandidateResult, ...]:
    """Every candidate in its order. everybody: the same material with the votes of excluded raters."""
    found = outcomes_of(material)
    return tuple(
        candidate(material, code, found.where(found.candidate == code), everybody=everybody)
        for code in range(len(material.candidates))
    )


def outcomes_of(material: Material) -> Outcomes:
    """What became of the comparisons, by all votes that count."""
    return outcomes(
        material.votes,
        seats=material.seats,
        opening=material.opening,
        unjudgeable=np.flatnonzero(material.launched.unjudgeable).tolist(),
    )


def opening(material: Material, code: int) -> Votes:
    """A candidate's votes of the seats that open at first; the material is in order."""
    return of_candidate(material.opening_votes, code)


def candidate(material: Material, code: int, found: Outcomes, *, everybody: Material) -> CandidateResult:
    votes = opening(material, code)
    mine = material.launched.candidate == code
    settings = material.settings
    declared = settings.split_fallback if settings.split_rule == SplitRule.EXTRA else settings.split_rule
    sensitivity = {str(rule): majority_scores(found, rule) for rule in SPLIT_SCORES}
    rounds = ROUNDS if len(material.votes) <= MOST_FOR_BOOTSTRAP else 0
    intervals = compared(votes, seed=material.seed, rounds=rounds)
    any_excluded = len(everybody.votes) > len(material.votes)
    return CandidateResult(
        name=material.candidates[code],
        votes=vote_counts(votes),
        outcomes=outcome_counts(found, int(mine.sum()), int(material.launched.unjudgeable[mine].sum())),
        win_rate=intervals["moments"].win_rate,
        equal_or_better=intervals["moments"].equal_or_better,
        smallest_shown=smallest_shown(intervals["moments"].win_rate),
        intervals=intervals,
        majority=sensitivity[declared],
        sensitivity=sensitivity,
        missing=missing(votes.win_scores, votes.equal_or_better_scores, votes.prompt, empty(material, code, everybody)),
        categories=categories(votes, material.launched, material.categories),
        all_votes=rates(opening(everybody, code)) if any_excluded else None,
        raters=len(dense(votes.rater)[0]),
        median_seconds=median(votes.seconds),
    )


def rates(votes: Votes) -> Rates:
    """Both scores with the default interval."""
    known = crossing(votes.prompt, votes.rater) if len(votes) else None
    win, equal_or_better = (
        over_prompts(scores, votes.prompt, votes.rater, known=known)
        for scores in (votes.win_scores, votes.equal_or_better_scores)
    )
    return Rates(win, equal_or_better)


def compared(votes: Votes, *, seed: int, rounds: int) -> dict[str, Rates]:
    """Both scores under every method; rounds: of the bootstrap, 0 where the batch is too large to wait for it."""
    known = crossing(votes.prompt, votes.rater) if len(votes) else None
    win, equal_or_better = (
        comparison_table(scores, votes.prompt, votes.rater, seed=seed, rounds=rounds, known=known)
        for scores in (votes.win_scores, votes.equal_or_better_scores)
    )
    return {method: Rates(win[method], equal_or_better[method]) for method in win}


def empty(material: Material, code: int, everybody: Material) -> MissingSeats:
    """The seats of a candidate that were to be rated and are not, by what became of them last.

    A seat that somebody could not judge or gave back is open again; of a comparison's empty seats as many count as
    can't-judge, then as returned, as there were such events, and the rest as unfinished. A seat with an excluded
    rater's vote is not among them.
    """
    launched = material.launched
    mine = launched.candidate == code
    counted, rated = (
        np.bincount(opening(of, code).comparison, minlength=len(launched))[mine] for of in (material, everybody)
    )
    left = np.maximum(material.opening - rated, 0)
    cant_judge = np.minimum(left, launched.skipped[mine])
    returned = np.minimum(left - cant_judge, launched.returned[mine])
    return MissingSeats(launched.prompt[mine], cant_judge, returned, left - cant_judge - returned, rated - counted)


def categories(votes: Votes, launched: Launched, names: Sequence[str]) -> tuple[Category, ...]:
    """The categories of prompts with at least one vote, by name; none where prompts have no category."""
    if not names:
        return ()
    code = category_of_prompts(launched)[votes.prompt]
    return tuple(category(name, votes, code == number) for number, name in enumerate(names) if (code == number).any())


def category_of_prompts(launched: Launched) -> Integers:
    """The category's code of each prompt by the prompt's code, -1 where it has none."""
    found = np.full(int(launched.prompt.max(initial=-1)) + 1, -1, dtype=np.int64)
    found[launched.prompt] = launched.category
    return found


def category(name: str, votes: Votes, mask: Flags) -> Category:
    own = votes.where(mask)
    both = rates(own)
    return Category(name, vote_counts(own), both.win_rate, both.equal_or_better)
