"""A judge beside people: how far it agrees with them, against how far they agree with each other.

Everything is on the comparisons that both judged. A judge that agrees with a rater as often as another rater does can't
be told from one; no judge can be asked for more. With ties every verdict counts; without, a comparison that the judge
ties is left out, and so is a vote for a tie, as MT-bench does it: that share is higher, and says less.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.judging.verdicts import Verdicts, shared
from backend.domain.statistics.agreement import Measure, fleiss, gwet_ac1
from backend.domain.statistics.cohen import Paired, paired
from backend.domain.statistics.ids import dense
from backend.domain.statistics.rater_agreement import Ceiling, human_ceiling
from backend.domain.statistics.tables import table
from backend.domain.statistics.votes import Floats, Integers, Votes


@dataclass(frozen=True, slots=True)
class Compared:
    """Over comparisons that the judge and people judged; intervals by prompt.

    with_a_rater: a rater of the comparison, drawn at random. with_majority: where more than half of the votes say the
    same. ceiling: one rater with another, and with the others' majority. human_kappa (Fleiss'), human_ac1: of raters
    among themselves, beside the judge's with a rater.
    """

    comparisons: int
    votes: int
    with_a_rater: Paired
    with_majority: Paired
    ceiling: Ceiling
    human_kappa: Measure
    human_ac1: Measure


@dataclass(frozen=True, slots=True)
class Beside:
    """A judge beside people, with ties and without. unparsed: comparisons with votes that the judge left unparsed."""

    with_ties: Compared
    without_ties: Compared
    unparsed: int


def beside(verdicts: Verdicts, votes: Votes, *, level: float = 0.95) -> Beside:
    """One judge and the votes on the same comparisons; what only one of them has is left out."""
    parsed = verdicts.parsed
    seen, at = shared(parsed, votes)
    judged = parsed.preference[at]
    decisive = (judged != 0) & (seen.preference != 0)
    asked = len(dense(shared(verdicts, votes)[0].comparison)[0])
    return Beside(
        with_ties=compared(judged + 1, seen.preference + 1, seen, 3, level),
        without_ties=compared(
            (judged[decisive] + 1) // 2, (seen.preference[decisive] + 1) // 2, seen.where(decisive), 2, level
        ),
        unparsed=asked - len(dense(seen.comparison)[0]),
    )


def compared(judged: Integers, label: Integers, votes: Votes, categories: int, level: float) -> Compared:
    """judged, label: what the judge and what the rater said, 0..categories-1, one row a vote; shape (n,)."""
    comparison, unit = dense(votes.comparison)
    counts = np.zeros((categories, len(comparison)))
    np.add.at(counts, (label, unit), 1.0)
    own, prompt = np.zeros((2, len(comparison)), dtype=np.int64)
    own[unit], prompt[unit] = judged, votes.prompt
    shares: Floats = counts / np.maximum(counts.sum(axis=0), 1)
    majority, decided = (shares > 0.5).astype(np.float64), (shares > 0.5).any(axis=0)
    found = table(votes.comparison, label, categories=categories, cluster=votes.prompt)
    return Compared(
        comparisons=len(comparison),
        votes=len(label),
        with_a_rater=paired(own, shares, prompt, level=level),
        with_majority=paired(own[decided], majority[:, decided], prompt[decided], level=level),
        ceiling=human_ceiling(found, level=level),
        human_kappa=fleiss(found, level=level),
        human_ac1=gwet_ac1(found, level=level),
    )
