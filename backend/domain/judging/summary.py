"""What a judge said of two systems, from its readings in either order: counts, win rate, habits. Knows no table.

The candidate is whichever system the readings are turned to. On gold pairs it is the right output, so that the win
rate is the judge's accuracy.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend.domain.choices import Choice, Preference
from backend.domain.judging.habits import Order, order
from backend.domain.judging.orders import JudgedRate, Judgement, Orders, Rule, judged_rate, judgement
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.verdicts import UNREAD, Verdicts
from backend.domain.statistics.votes import Integers

CODES = {Choice.FIRST: 1, Choice.SECOND: -1, Choice.TIE: 0, Choice.BOTH_BAD: 0}
PREFERRED = {Preference.CANDIDATE: 1, Preference.TIE: 0, Preference.BASELINE: -1}


@dataclass(frozen=True, slots=True)
class Said:
    """A prompt. straight: the reading with the candidate shown first, flipped: second; None: not asked."""

    key: str
    straight: Reading | None
    flipped: Reading | None

    def is_whole(self, orders: Orders) -> bool:
        """Whether every order that the judge is asked in has a reading."""
        given = {False: self.straight, True: self.flipped}
        return all(given[side] is not None for side in orders.flipped)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A verdict that could not be read; flipped: the candidate was shown second."""

    key: str
    flipped: bool
    why: Unread


@dataclass(frozen=True, slots=True)
class Scores:
    """The mean scores over all verdicts that have them."""

    candidate: float
    baseline: float
    verdicts: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Prompts by judgement; waiting: those of which an order has no verdict yet, which count nowhere else."""

    candidate: int
    tie: int
    baseline: int
    unparsed: int
    waiting: int
    unread: tuple[Unreadable, ...]
    rate: JudgedRate | None
    order: Order
    scores: Scores | None

    @property
    def reasons(self) -> dict[Unread, int]:
        """Why replies could not be read, and how many for each reason."""
        return dict(Counter(one.why for one in self.unread))


def summed(said: Sequence[Said], *, orders: Orders, rule: Rule, level: float = 0.95) -> Summary:
    """Over prompts, each once, in any order."""
    whole = [one for one in said if one.is_whole(orders)]
    judged = [judgement_of(one, orders=orders, rule=rule) for one in whole]
    counts = Counter(one.preference for one in judged)
    return Summary(
        candidate=counts[Preference.CANDIDATE],
        tie=counts[Preference.TIE],
        baseline=counts[Preference.BASELINE],
        unparsed=counts[None],
        waiting=len(said) - len(whole),
        unread=unreadable(said),
        rate=rate(judged, level),
        order=order(columns(whole, judged), orders=orders, level=level),
        scores=mean_scores(said),
    )


def judgement_of(one: Said, *, orders: Orders, rule: Rule) -> Judgement:
    """A prompt's verdicts put together."""
    return judgement(one.straight, one.flipped, orders=orders, rule=rule)


def unreadable(said: Sequence[Said]) -> tuple[Unreadable, ...]:
    """Every reading without a verdict."""
    return tuple(
        Unreadable(one.key, flipped, reading.why)
        for one in said
        for flipped, reading in ((False, one.straight), (True, one.flipped))
        if reading is not None and reading.why is not None
    )


def rate(judged: Sequence[Judgement], level: float) -> JudgedRate | None:
    """The win rate over prompts; None without any."""
    if not judged:
        return None
    wins = np.array([np.nan if one.win is None else one.win for one in judged], dtype=np.float64)
    return judged_rate(wins, np.arange(len(wins), dtype=np.int64), level=level)


def columns(said: Sequence[Said], judged: Sequence[Judgement]) -> Verdicts:
    """As columns, each prompt one comparison of one candidate."""
    places = np.arange(len(said), dtype=np.int64)
    return Verdicts(
        comparison=places,
        prompt=places,
        candidate=np.zeros(len(said), dtype=np.int64),
        preference=coded([UNREAD if one.preference is None else PREFERRED[one.preference] for one in judged]),
        straight=coded([code(one.straight) for one in said]),
        flipped=coded([code(one.flipped) for one in said]),
    )


def code(reading: Reading | None) -> int:
    """A reading as `Verdicts` have it."""
    return UNREAD if reading is None or reading.choice is None else CODES[reading.choice]


def coded(codes: Sequence[int]) -> Integers:
    return np.array(codes, dtype=np.int64)


def mean_scores(said: Sequence[Said]) -> Scores | None:
    """The systems' mean scores; None where no verdict has any."""
    pairs = [one.straight.scores for one in said if one.straight is not None and one.straight.scores is not None]
    pairs += [one.flipped.scores[::-1] for one in said if one.flipped is not None and one.flipped.scores is not None]
    if not pairs:
        return None
    candidate, baseline = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    return Scores(candidate, baseline, len(pairs))
