"""From stored verdicts to what a judge says of each prompt: both orders put together by its rule. Asks nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db.judges import Judge, Judging, Verdict
from backend.db.studies import Prompt
from backend.domain.choices import Choice, Preference, preference
from backend.domain.judging.answerers import others
from backend.domain.judging.orders import Judgement, Orders, Rule, judgement
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.judging.summary import Said, Summary, summed
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
    def said(self) -> Said:
        """Its verdicts as readings."""
        straight, flipped = (None if one is None else reading_of(one) for one in (self.straight, self.flipped))
        return Said(self.key, straight, flipped)

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
    """What a judge said of two systems so far, with where it comes from.

    verdicts, wanted: how many there are, and how many there will be. tries: replies asked for in all. other_models:
    verdicts by models that go by another name than the one that was asked.
    """

    summary: Summary
    verdicts: int
    wanted: int
    tries: int
    other_models: dict[str, int]


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
    """What the judge said so far."""
    return tally_of(session, judge, judging, of(session, judge, judging))


def tally_of(session: Session, judge: Judge, judging: Judging, found: Sequence[Judged]) -> Tally:
    """The tally of what was found."""
    done, wanted = judgings.counts(session, judge, judging)
    verdicts = [one for row in found for one in (row.straight, row.flipped) if one is not None]
    return Tally(
        summary=summed([row.said for row in found], orders=Orders(judge.orders), rule=Rule(judge.rule)),
        verdicts=done,
        wanted=wanted,
        tries=sum(one.tries for one in verdicts),
        other_models=others(judge.model, [other_model(judge, one) for one in verdicts]),
    )


def preferred(verdict: Verdict | None, *, flipped: bool) -> Preference | None:
    """Whom a verdict prefers; None for one that can't be read, and for none."""
    return None if verdict is None or verdict.choice is None else preference(Choice(verdict.choice), flipped=flipped)


def other_model(judge: Judge, verdict: Verdict) -> str:
    """The model that gave this verdict, where another one was asked; of an imported one none was."""
    return "" if judge.engine is None or verdict.model == judge.model else verdict.model


def is_whole(judge: Judge, row: Judged) -> bool:
    """Whether every order that this judge is asked in has been answered."""
    return row.said.is_whole(Orders(judge.orders))
