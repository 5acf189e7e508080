"""From stored verdicts to what a judge says of each prompt: both orders put together by its rule. Asks nobody."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db.judges import Judge, Judging, Verdict
from backend.db.studies import Prompt
from backend.domain.choices import Choice, Preference, preference
from backend.domain.judging.answerers import others
from backend.domain.judging.orders import JudgedRate, Judgement, Orders, Rule, judged_rate, judgement
from backend.domain.judging.parsing import Reading, Unread
from backend.services.judging import judgings


@dataclass(frozen=True, slots=True)
class Judged:
    """A prompt with its verdicts: straight, the candidate was shown first; flipped, second; None: not asked yet."""

    prompt_id: int
    key: str
    straight: Verdict | None
    flipped: Verdict | None
    judgement: Judgement

    @property
    def said_straight(self) -> Preference | None:
        """Whom the verdict with the candidate first prefers; None for unread and for not asked."""
        return preferred(self.straight, flipped=False)

    @property
    def said_flipped(self) -> Preference | None:
        """Whom the other one prefers."""
        return preferred(self.flipped, flipped=True)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a judge said of two systems: comparisons by judgement, replies by why they are unparsed, and the win rate.

    verdicts, wanted: how many there are, and how many there will be. tries: replies asked for in all. other_models:
    verdicts by models that go by another name than the one that was asked.
    """

    candidate: int
    tie: int
    baseline: int
    unparsed: int
    reasons: dict[str, int]
    verdicts: int
    wanted: int
    tries: int
    other_models: dict[str, int]
    rate: JudgedRate | None


def reading_of(verdict: Verdict) -> Reading:
    """A stored verdict as it was read."""
    scored = verdict.first_score is not None and verdict.second_score is not None
    return Reading(
        choice=None if verdict.choice is None else Choice(verdict.choice),
        why=Unread(verdict.reason) if verdict.reason else None,
        scores=(verdict.first_score or 0.0, verdict.second_score or 0.0) if scored else None,
        strength=verdict.strength,
        probability=verdict.first_probability,
    )


def of(session: Session, judge: Judge, judging: Judging) -> list[Judged]:
    """Every prompt with a verdict, in the order of the import."""
    both = (judging.candidate_id, judging.baseline_id)
    rows = session.execute(
        select(Verdict, Prompt.key)
        .join(Prompt, Prompt.id == Verdict.prompt_id)
        .where(
            Verdict.judge_id == judge.id,
            or_(
                (Verdict.first_system_id == both[0]) & (Verdict.second_system_id == both[1]),
                (Verdict.first_system_id == both[1]) & (Verdict.second_system_id == both[0]),
            ),
        )
        .order_by(Verdict.prompt_id)
    ).all()
    keys = {verdict.prompt_id: key for verdict, key in rows}
    by_side = {(one.prompt_id, one.first_system_id == judging.baseline_id): one for one, _ in rows}
    return [
        judged(judge, prompt, key, by_side.get((prompt, False)), by_side.get((prompt, True)))
        for prompt, key in keys.items()
    ]


def judged(judge: Judge, prompt: int, key: str, straight: Verdict | None, flipped: Verdict | None) -> Judged:
    """One prompt, by the judge's own rule."""
    given = judgement(
        reading_of(straight) if straight else None,
        reading_of(flipped) if flipped else None,
        orders=Orders(judge.orders),
        rule=Rule(judge.rule),
    )
    return Judged(prompt, key, straight, flipped, given)


def tally(session: Session, judge: Judge, judging: Judging) -> Tally:
    """What the judge said so far. A prompt that waits for its second order counts nowhere yet."""
    done, wanted = judgings.counts(session, judge, judging)
    found = of(session, judge, judging)
    verdicts = verdicts_of(found)
    whole = [row for row in found if is_whole(judge, row)]
    said = Counter(row.judgement.preference for row in whole)
    return Tally(
        candidate=said[Preference.CANDIDATE],
        tie=said[Preference.TIE],
        baseline=said[Preference.BASELINE],
        unparsed=said[None],
        reasons=dict(Counter(one.reason for one in verdicts if one.reason)),
        verdicts=done,
        wanted=wanted,
        tries=sum(one.tries for one in verdicts),
        other_models=other_models(judge, found),
        rate=rate(whole),
    )


def preferred(verdict: Verdict | None, *, flipped: bool) -> Preference | None:
    """Whom a verdict prefers; None for one that can't be read, and for none."""
    return None if verdict is None or verdict.choice is None else preference(Choice(verdict.choice), flipped=flipped)


def verdicts_of(found: Sequence[Judged]) -> list[Verdict]:
    """In every order that was asked so far."""
    return [one for row in found for one in (row.straight, row.flipped) if one is not None]


def other_model(judge: Judge, verdict: Verdict) -> str:
    """The model that gave this verdict, where another one was asked; of an imported one none was."""
    return "" if judge.engine is None or verdict.model == judge.model else verdict.model


def other_models(judge: Judge, found: Sequence[Judged]) -> dict[str, int]:
    """model -> verdicts, of those that another model gave than the one that was asked; of imported ones none was."""
    return others(judge.model, [other_model(judge, one) for one in verdicts_of(found)])


def is_whole(judge: Judge, row: Judged) -> bool:
    """Whether every order that this judge is asked in has been answered."""
    given = {False: row.straight, True: row.flipped}
    return all(given[side] is not None for side in Orders(judge.orders).flipped)


def rate(rows: Sequence[Judged]) -> JudgedRate | None:
    """The win rate over prompts; None without any."""
    if not rows:
        return None
    wins = np.array([np.nan if row.judgement.win is None else row.judgement.win for row in rows], dtype=np.float64)
    return judged_rate(wins, np.array([row.prompt_id for row in rows], dtype=np.int64))
