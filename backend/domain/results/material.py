"""What results are computed from, under codes that a database and a bundle give alike. Computes nothing itself.

Candidates are coded by the order of their import, prompts and comparisons by launch order, raters by the order of their
pseudonyms. Whatever draws random numbers draws them in these orders, so the same votes give the same results anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from backend.domain.checks import CheckAnswers
from backend.domain.results.judged import JudgeMaterial
from backend.domain.settings import StudySettings
from backend.domain.statistics.ids import ordered
from backend.domain.statistics.votes import Flags, Integers, Votes


@dataclass(frozen=True)
class Launched:
    """The m comparisons of a batch in launch order; columns of shape (m,) unless said otherwise.

    prompt, candidate: codes. unjudgeable: closed by the third can't-judge. begun: somebody was seated there at least
    once, or all votes were collected elsewhere. held, skipped, returned: seats that raters have now, could not judge,
    and gave back or let lapse.
    candidate_style, baseline_style: backend.domain.features of the outputs as raters saw them, shape (m, 7).
    category: code of the prompt's category, -1 for none.
    """

    prompt: Integers
    candidate: Integers
    unjudgeable: Flags
    begun: Flags
    held: Integers
    skipped: Integers
    returned: Integers
    candidate_style: Integers
    baseline_style: Integers
    category: Integers

    def __len__(self) -> int:
        return len(self.prompt)

    def where(self, mask: Flags) -> "Launched":
        """The comparisons at which the mask of shape (m,) is true."""
        return Launched(**{column.name: getattr(self, column.name)[mask] for column in fields(self)})

    @property
    def words(self) -> Integers:
        """Words of both outputs together: what a rater reads."""
        return self.candidate_style[:, 0] + self.baseline_style[:, 0]


@dataclass(frozen=True)
class Confirmations:
    """Of each rater, by code: rated: ratings that came through a vendor. unconfirmed: those of them for which it has
    listed no submission of theirs. Both are nought where no declared rule asks for it."""

    rated: Integers
    unconfirmed: Integers


def no_confirmations(raters: int) -> Confirmations:
    """Nobody came through a vendor."""
    return Confirmations(np.zeros(raters, dtype=np.int64), np.zeros(raters, dtype=np.int64))


@dataclass(frozen=True)
class Material:
    """A batch's votes and what is known of its comparisons, candidates, prompts and raters.

    candidates, prompts, categories, raters: code -> name, key, name, pseudonym. channels: of each rater. votes: the
    counted ones; their comparisons are places in `launched`. checks: answers of raters by code. confirmations: what
    vendors have confirmed, by rater. opening: seats open at first. is_closed: no seat will be given out any more.
    was_unsealed: the results were opened before the end. was_stopped: by the declared rule. skips: reason -> how often.
    judges: models that were asked the same, each apart.
    """

    baseline: str
    candidates: Sequence[str]
    prompts: Sequence[str]
    categories: Sequence[str]
    raters: Sequence[str]
    channels: Sequence[str]
    settings: StudySettings
    seed: int
    seats: int
    opening: int
    votes: Votes
    launched: Launched
    checks: CheckAnswers
    confirmations: Confirmations
    late: int
    skips: dict[str, int]
    is_closed: bool
    was_unsealed: bool
    was_stopped: bool
    judges: Sequence[JudgeMaterial] = ()

    def __post_init__(self) -> None:
        if len(self.votes) and not 0 <= self.votes.comparison.min() <= self.votes.comparison.max() < len(self.launched):
            raise ValueError("a vote is on a comparison that was not launched")

    @cached_property
    def opening_votes(self) -> Votes:
        """The votes of the seats that open at first, on which all means and models rest.

        The two extra ones are asked only where three raters differ, so they decide splits and nothing else: counted
        with the others they would pull every candidate towards one half.
        """
        return self.votes if self.opening == self.seats else self.votes.where(self.votes.seat <= self.opening)


def of_candidate(votes: Votes, code: int) -> Votes:
    """The votes on one candidate, of votes that are in order: a slice of them, which copies nothing."""
    start, end = np.searchsorted(votes.candidate, (code, code + 1)).tolist()
    return votes.where(slice(start, end))


def in_order(material: Material) -> Material:
    """The material with its votes by candidate, comparison and seat: sums then round alike, wherever they came from."""
    votes = material.votes
    seats = int(votes.seat.max(initial=0)) + 1
    place = (votes.candidate * len(material.launched) + votes.comparison) * seats + votes.seat
    return replace(material, votes=votes.where(ordered(place)))


def ranks(names: Sequence[str]) -> Integers:
    """For each name its place among the sorted ones: the code that a database and a bundle agree on."""
    order = sorted(range(len(names)), key=names.__getitem__)
    places = np.zeros(len(names), dtype=np.int64)
    places[order] = np.arange(len(names))
    return places
