"""From the votes on a comparison to its outcome, and from outcomes to scores under each split rule.

Three raters with three answers have no majority: with wins .40, ties .25 and losses .35 that is one comparison in
five, and “equal or better” moves between 51 and 72 % with the rule. So the rule is declared, and the others are shown.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields

import numpy as np

from backend.domain.choices import SplitRule
from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Flags, Floats, Integers, Votes

# split rule -> (its win score, its equal-or-better score); None: the comparison is left out.
SPLIT_SCORES: dict[SplitRule, tuple[float, float] | None] = {
    SplitRule.TIE: (0.5, 1.0),
    SplitRule.HALF: (0.5, 0.5),
    SplitRule.LOSS: (0.0, 0.0),
    SplitRule.DROP: None,
}


@dataclass(frozen=True)
class Outcomes:
    """m comparisons with at least one vote, ordered by id; every column of shape (m,).

    preference is +1 candidate, 0 tie, -1 baseline where `has_majority`, and 0 elsewhere. A comparison counts when it
    is finished (every seat that it needs is rated) and not unjudgeable; a finished one without majority is split.
    """

    comparison: Integers
    prompt: Integers
    candidate: Integers
    preference: Integers
    has_majority: Flags
    finished: Flags
    unjudgeable: Flags

    @property
    def counts(self) -> Flags:
        """Finished and judgeable: a comparison that has an outcome, if only `split`."""
        return self.finished & ~self.unjudgeable

    @property
    def split(self) -> Flags:
        """Counts, but nobody has the majority."""
        return self.counts & ~self.has_majority

    def where(self, mask: Flags) -> "Outcomes":
        """The comparisons at which the mask of shape (m,) is true."""
        return Outcomes(**{column.name: getattr(self, column.name)[mask] for column in fields(self)})


def outcomes(votes: Votes, *, seats: int, opening: int | None = None, unjudgeable: Collection[int] = ()) -> Outcomes:
    """The majority of each comparison: more than half of its seats gave the same preference.

    seats: seats of each comparison, at least 1. opening: how many of them open at first, where two more open only if
    those find no majority; None means all. unjudgeable: ids of comparisons closed without outcome.
    With an even number of seats 1-1 is a split too, and so are 2-1-1 of four and 2-2-1 of five.
    Raises ValueError when a comparison has more votes than seats.
    """
    opening = seats if opening is None else opening
    ids, index = dense(votes.comparison)
    if not len(ids):
        nobody, none = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
        return Outcomes(nobody, nobody, nobody, nobody, none, none, none)
    tally = tallies(index, votes.preference, len(ids))
    at_first = votes.seat <= opening
    opened = tallies(index[at_first], votes.preference[at_first], len(ids))
    total = tally.sum(axis=0)
    if total.max() > seats:
        raise ValueError(f"comparison {ids[total.argmax()]} has {total.max()} votes for {seats} seats")
    settled_at_first = (opened.sum(axis=0) == opening) & (opened.max(axis=0) * 2 > opening)
    has_majority = settled_at_first | (tally.max(axis=0) * 2 > seats)
    return Outcomes(
        comparison=ids,
        prompt=of_each(index, votes.prompt, len(ids)),
        candidate=of_each(index, votes.candidate, len(ids)),
        preference=np.where(has_majority, np.where(settled_at_first, opened, tally).argmax(axis=0) - 1, 0),
        has_majority=has_majority,
        finished=settled_at_first | (total == seats),
        unjudgeable=np.isin(ids, list(unjudgeable)),
    )


def of_each(index: Integers, column: Integers, comparisons: int) -> Integers:
    """What all votes on a comparison have in common, once for each comparison; shape (comparisons,)."""
    found = np.zeros(comparisons, dtype=np.int64)
    found[index] = column
    return found


def tallies(index: Integers, preference: Integers, comparisons: int) -> Integers:
    """Votes for the baseline, for a tie and for the candidate, of each comparison; shape (3, comparisons)."""
    flat = np.bincount(index * 3 + preference + 1, minlength=3 * comparisons)
    return flat.reshape(comparisons, 3).T


def win_scores(found: Outcomes, rule: SplitRule) -> tuple[Floats, Integers]:
    """(win scores, prompts) of the comparisons that count under this rule, each of shape (k,)."""
    return scored(found, (found.preference + 1) / 2.0, rule, which=0)


def equal_or_better_scores(found: Outcomes, rule: SplitRule) -> tuple[Floats, Integers]:
    """(equal-or-better scores, prompts) of the comparisons that count under this rule, each of shape (k,)."""
    return scored(found, (found.preference >= 0).astype(np.float64), rule, which=1)


def scored(found: Outcomes, scores: Floats, rule: SplitRule, *, which: int) -> tuple[Floats, Integers]:
    split_score = SPLIT_SCORES[rule]
    kept = found.counts & found.has_majority if split_score is None else found.counts
    scores = scores if split_score is None else np.where(found.split, split_score[which], scores)
    return scores[kept], found.prompt[kept]
