"""From the verdicts in both orders to one judgement of a comparison, and from judgements to a win rate with bounds.

A verdict that a rule needs and that can't be read leaves the comparison unparsed. That is a third state: it counts as
no win, no tie and no loss, and the bounds say what it could have been.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from backend.domain.choices import Choice, Preference, preference
from backend.domain.judging.parsing import Reading
from backend.domain.statistics.ids import dense
from backend.domain.statistics.intervals import Interval, over_means
from backend.domain.statistics.missing import Bounds, bounds
from backend.domain.statistics.votes import Floats, Integers

NO_LEAD = 1e-9  # a lead below this is rounding: scores such as 8.1 are not exact


class Rule(StrEnum):
    """How verdicts become a judgement.

    agree_else_tie: a win needs every order, all else is a tie (MT-bench). mean_score: the higher mean score wins, or
    the greater strength of verdicts where there are no scores. prob_mean: the mean chance of preferring the candidate.
    """

    AGREE_ELSE_TIE = "agree_else_tie"
    MEAN_SCORE = "mean_score"
    PROB_MEAN = "prob_mean"


class Orders(StrEnum):
    """In which orders a judge is asked. One fixed order is what Vicuna and the paper did, with the baseline first."""

    BOTH = "both"
    CANDIDATE_FIRST = "candidate_first"
    BASELINE_FIRST = "baseline_first"

    @property
    def flipped(self) -> tuple[bool, ...]:
        """Whether the candidate is shown second, for each order that is asked."""
        return {"both": (False, True), "candidate_first": (False,), "baseline_first": (True,)}[self]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of a comparison; both None where it is unparsed.

    win: 1 for the candidate, ½ for a tie, 0 for the baseline; by prob_mean anything between.
    """

    preference: Preference | None
    win: float | None


@dataclass(frozen=True, slots=True)
class JudgedRate:
    """The win rate of the parsed comparisons, and what the unparsed ones leave open.

    interval: over prompts, for this judge. bounds: with every unparsed comparison lost, and won.
    """

    interval: Interval
    bounds: Bounds
    judged: int
    unparsed: int


UNPARSED = Judgement(None, None)
WINS = {Preference.CANDIDATE: 1.0, Preference.TIE: 0.5, Preference.BASELINE: 0.0}


def judgement(straight: Reading | None, flipped: Reading | None, *, orders: Orders, rule: Rule) -> Judgement:
    """The judgement of a comparison. straight: the candidate was shown first; flipped: second; None: not asked yet."""
    given = {False: straight, True: flipped}
    readings = [(given[side], side) for side in orders.flipped]
    known = [(reading, side) for reading, side in readings if reading is not None and reading.choice is not None]
    if len(known) < len(readings):
        return UNPARSED
    if rule == Rule.AGREE_ELSE_TIE:
        return agreed({preferred(reading, flipped=side) for reading, side in known})
    if rule == Rule.MEAN_SCORE:
        return by_lead(sum(lead(reading, flipped=side) for reading, side in known))
    chances = [chance(reading, flipped=side) for reading, side in known]
    return by_chance([one for one in chances if one is not None], needed=len(chances))


def preferred(reading: Reading, *, flipped: bool) -> Preference | None:
    """A verdict once it is known which output was the candidate's; None where there is none."""
    return None if reading.choice is None else preference(reading.choice, flipped=flipped)


def agreed(said: set[Preference | None]) -> Judgement:
    """What all orders say, else a tie."""
    one = next(iter(said)) if len(said) == 1 else Preference.TIE
    return UNPARSED if one is None else Judgement(one, WINS[one])


def lead(reading: Reading, *, flipped: bool) -> float:
    """The candidate's score less the baseline's; of a verdict without scores its strength."""
    if reading.scores is not None:
        ahead = reading.scores[0] - reading.scores[1]
    else:
        strength = 1 if reading.strength is None else reading.strength
        ahead = {Choice.FIRST: strength, Choice.SECOND: -strength}.get(reading.choice or Choice.TIE, 0)
    return -ahead if flipped else ahead


def by_lead(ahead: float) -> Judgement:
    won = Preference.TIE if abs(ahead) < NO_LEAD else Preference.CANDIDATE if ahead > 0 else Preference.BASELINE
    return Judgement(won, WINS[won])


def chance(reading: Reading, *, flipped: bool) -> float | None:
    """The chance of preferring the candidate; None where the judge told no chances."""
    if reading.probability is None:
        return None
    return 1 - reading.probability if flipped else reading.probability


def by_chance(chances: list[float], *, needed: int) -> Judgement:
    """The mean chance, and whom it favours; unparsed where an order has none."""
    if len(chances) < needed:
        return UNPARSED
    win = sum(chances) / needed
    return Judgement(by_lead(win - 0.5).preference, win)


def judged_rate(win: Floats, prompt: Integers, *, level: float = 0.95) -> JudgedRate:
    """The win rate over m comparisons of one candidate: the mean over prompts of the mean over their comparisons.

    win: in [0, 1], nan where unparsed; prompt: ids; shape (m,). Prompts all of whose comparisons are unparsed have no
    part in the rate and its interval, but in the bounds.
    """
    parsed, codes = ~np.isnan(win), dense(prompt)[1]
    n_prompts = int(codes.max(initial=-1)) + 1
    sums = np.bincount(codes[parsed], win[parsed], n_prompts).astype(np.float64)
    read, unread = (np.bincount(codes[at], minlength=n_prompts) for at in (parsed, ~parsed))
    return JudgedRate(
        over_means(sums[read > 0] / read[read > 0], level=level, method="prompts, one judge", raters=None),
        bounds(sums, read, unread),
        judged=int(parsed.sum()),
        unparsed=int((~parsed).sum()),
    )
