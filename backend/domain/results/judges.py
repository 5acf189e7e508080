"""Judges beside people: what each said of the batch's comparisons, how far it agrees with raters, and its habits.

No vote is ever counted with a judge's verdict, and no verdict as a vote. What a judge could not be read on is unparsed:
neither won nor lost nor tied, with the bounds of what it could have been.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend.domain.choices import Choice, Preference
from backend.domain.judging import habits
from backend.domain.judging.answerers import others
from backend.domain.judging.beside import Beside, beside
from backend.domain.judging.habits import Order, Preferring
from backend.domain.judging.orders import JudgedRate, Judgement, judged_rate, judgement
from backend.domain.judging.parsing import Reading
from backend.domain.judging.verdicts import UNREAD, Verdicts, shared
from backend.domain.results.judged import JudgeMaterial, Said
from backend.domain.results.material import Launched, Material
from backend.domain.statistics.votes import Integers

SIDES = {Choice.FIRST: 1, Choice.SECOND: -1, Choice.TIE: 0, Choice.BOTH_BAD: 0}
CODES = {Preference.CANDIDATE: 1, Preference.TIE: 0, Preference.BASELINE: -1, None: UNREAD}


@dataclass(frozen=True, slots=True)
class JudgedCandidate:
    """Comparisons by judgement. rate: the win rate over prompts, for this judge, and its bounds."""

    candidate: str
    better: int
    same: int
    worse: int
    unparsed: int
    rate: JudgedRate


@dataclass(frozen=True, slots=True)
class JudgeResult:
    """One judge. verdicts: replies, one an order; unread: of these, why each could not be read; other_models: of these,
    what gave them, where that was another model than the one that was asked.

    comparisons: with every verdict that its orders ask for; waiting: with some of them. beside, longer, own: None
    where there is nothing to compare: no votes, no difference in length, no system that goes by the judge's name.
    """

    name: str
    template: str
    model: str
    orders: str
    rule: str
    verdicts: int
    unread: dict[str, int]
    other_models: dict[str, int]
    comparisons: int
    waiting: int
    candidates: tuple[JudgedCandidate, ...]
    order: Order
    beside: Beside | None
    longer: Preferring | None
    own: Preferring | None


def judges(material: Material) -> tuple[JudgeResult, ...]:
    """Every judge that said something of these comparisons, by name."""
    found = (result(material, one) for one in sorted(material.judges, key=lambda one: one.name))
    return tuple(one for one in found if one.verdicts)


def result(material: Material, judge: JudgeMaterial) -> JudgeResult:
    """One judge. Comparisons beyond those that the results rest on are left out, as votes there are."""
    launched, votes = material.launched, material.opening_votes
    said = [one for one in judge.said if one.comparison < len(launched)]
    given = {(one.comparison, one.flipped): one.reading for one in said}
    asked = [place for place in sorted({one.comparison for one in said}) if is_whole(judge, given, place)]
    judged = [
        judgement(given.get((place, False)), given.get((place, True)), orders=judge.orders, rule=judge.rule)
        for place in asked
    ]
    verdicts = columns(launched, np.array(asked, dtype=np.int64), judged, given)
    longer = np.sign(launched.candidate_style[:, 1] - launched.baseline_style[:, 1])[verdicts.comparison]
    own = habits.own_code(verdicts.candidate, tuple(material.candidates), material.baseline, judge.model)
    voted = len(shared(verdicts, votes)[0]) > 0
    return JudgeResult(
        name=judge.name,
        template=judge.template,
        model=judge.model,
        orders=judge.orders,
        rule=judge.rule,
        verdicts=len(said),
        unread=unread(said),
        other_models=others(judge.model, [one.answered_by for one in said]),
        comparisons=len(asked),
        waiting=len({one.comparison for one in said}) - len(asked),
        candidates=candidates(material, verdicts, judged),
        order=habits.order(verdicts, orders=judge.orders),
        beside=beside(verdicts, votes) if voted else None,
        longer=habits.preferring(verdicts, votes, longer) if longer.any() else None,
        own=habits.preferring(verdicts, votes, own) if own.any() else None,
    )


def is_whole(judge: JudgeMaterial, given: dict[tuple[int, bool], Reading], place: int) -> bool:
    """Whether every order that this judge is asked in has been answered."""
    return all((place, side) in given for side in judge.orders.flipped)


def columns(
    launched: Launched, place: Integers, judged: Sequence[Judgement], given: dict[tuple[int, bool], Reading]
) -> Verdicts:
    """The judgements at these places, with the verdict of each order."""
    return Verdicts(
        comparison=place,
        prompt=launched.prompt[place],
        candidate=launched.candidate[place],
        preference=np.array([CODES[one.preference] for one in judged], dtype=np.int64),
        straight=np.array([side_of(given.get((int(at), False))) for at in place], dtype=np.int64),
        flipped=np.array([side_of(given.get((int(at), True))) for at in place], dtype=np.int64),
    )


def side_of(reading: Reading | None) -> int:
    """+1 for the first, -1 for the second, 0 for a tie; UNREAD where it can't be read or was not asked."""
    return UNREAD if reading is None or reading.choice is None else SIDES[reading.choice]


def unread(said: Sequence[Said]) -> dict[str, int]:
    """reason -> replies that can't be read because of it."""
    return dict(sorted(Counter(str(one.reading.why) for one in said if one.reading.choice is None).items()))


def candidates(material: Material, verdicts: Verdicts, judged: Sequence[Judgement]) -> tuple[JudgedCandidate, ...]:
    """Each candidate that the judge was asked about, in the order of their import."""
    wins = np.array([np.nan if one.win is None else one.win for one in judged], dtype=np.float64)
    found = []
    for code in np.unique(verdicts.candidate).tolist():
        mine = verdicts.candidate == code
        counted = Counter(verdicts.preference[mine].tolist())
        found.append(
            JudgedCandidate(
                candidate=material.candidates[code],
                better=counted[1],
                same=counted[0],
                worse=counted[-1],
                unparsed=counted[UNREAD],
                rate=judged_rate(wins[mine], verdicts.prompt[mine]),
            )
        )
    return tuple(found)
