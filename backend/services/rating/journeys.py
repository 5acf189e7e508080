"""Where a rater stands on the way to the task, and each step of it. Knows no page.

What is stored decides, and nothing else: consent, exercises, the entry test, the completion. So whoever comes back, on
whatever device, goes on where they were; a step that is taken twice is the step that was taken first. A study without
steps asks the researcher's own list and nothing else, until a rater has judged something.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.journeys import Completion, Consent, EntryTest, Practice
from backend.db.raters import Rater
from backend.domain import qualifications
from backend.domain.journey import NO_JOURNEY, JourneyEnd, Passed, Reply, Step, next_exercise, next_step
from backend.domain.qualifications import Qualifying, Record
from backend.domain.settings import StudySettings
from backend.errors import Conflict, Forbidden, Invalid
from backend.services.once import insert_once
from backend.services.rating import listed
from backend.services.rating.handover import offered
from backend.services.rating.visitors import Visitor

TEST = "entry"


@dataclass(frozen=True, slots=True)
class AtStep:
    """Where a rater stands. exercise: of the training, the one before them. why: they are turned away."""

    step: Step
    exercise: int | None = None
    why: str = ""


AT_THE_TASK = AtStep(Step.TASK)


def is_new(who: Visitor) -> bool:
    """Whether anything may stand between this rater and the task. Whoever has judged something has passed it all."""
    return not who.is_at_work and who.judged == 0


def has_steps(settings: StudySettings) -> bool:
    """Whether a launch declared anything that comes before the task."""
    return settings.journey != NO_JOURNEY or settings.qualifying.asks_our_records


def step(session: Session, who: Visitor, *, link_id: int) -> Step:
    """Which step is before this rater."""
    return at_step(session, who, link_id=link_id).step


def at_step(session: Session, who: Visitor, *, link_id: int) -> AtStep:
    """Which step is before this rater, with what its page shows."""
    if not is_new(who):
        return AT_THE_TASK
    if not has_steps(who.settings):
        why = listed.reason_against(session, who)
        return AT_THE_TASK if why is None else AtStep(Step.TURNED_AWAY, why=why)
    asked = who.settings.journey
    behind = passed(session, who, link_id=link_id)
    found = next_step(asked, behind)
    if found in (Step.NO_CONSENT, Step.SCREENED_OUT):
        return AtStep(found)
    if why := refused(session, who):
        return AtStep(Step.TURNED_AWAY, why=why)
    return AtStep(found, next_exercise(asked, behind) if found == Step.TRAINING else None)


def passed(session: Session, who: Visitor, *, link_id: int) -> Passed:
    """What is behind this rater."""
    agreed = session.execute(select(Consent.agreed).where(Consent.link_id == link_id)).scalar()
    result = session.execute(
        select(EntryTest.passed).where(
            EntryTest.batch_id == who.batch_id, EntryTest.rater_id == who.rater_id, EntryTest.name == TEST
        )
    ).scalar()
    return Passed(agreed, practised(session, link_id).keys(), result)


def practised(session: Session, link_id: int) -> dict[int, Reply]:
    """exercise -> what this rater pressed there."""
    rows = session.execute(select(Practice.exercise, Practice.choice).where(Practice.link_id == link_id))
    return {exercise: Reply(choice) for exercise, choice in rows}


def agree(session: Session, who: Visitor, *, link_id: int, agreed: bool, now: datetime) -> None:
    """Store whether this rater agrees to the text as it stands; what they said first stands. A no is an end."""
    consent = who.settings.journey.consent
    if consent is None:
        raise Conflict("This study asks for no consent. Please go back to its page.")
    must_not_be_refused(session, who)
    digest = hashlib.sha256(consent.encode()).hexdigest()
    insert_once(session, Consent, {"link_id": link_id, "text_hash": digest, "agreed": agreed, "given_at": now})
    if not session.execute(select(Consent.agreed).where(Consent.link_id == link_id)).scalar_one():
        complete(session, who, link_id=link_id, outcome=JourneyEnd.NO_CONSENT, now=now)


def practise(session: Session, who: Visitor, *, link_id: int, exercise: int, reply: Reply, now: datetime) -> Reply:
    """Store what this rater pressed at an exercise of the training, and give it; what they pressed first stands.

    Conflict at an exercise that is not before them, nor behind.
    """
    refuse_unless_offered(who, [reply])
    earlier = practised(session, link_id).get(exercise)
    if earlier is not None:
        return earlier
    now_at = at_step(session, who, link_id=link_id)
    if now_at.step != Step.TRAINING or exercise != now_at.exercise:
        raise Conflict("This exercise is not the one before you. Please go back to your page.")
    row = {"link_id": link_id, "exercise": exercise, "choice": reply, "answered_at": now}
    insert_once(session, Practice, row)
    return practised(session, link_id)[exercise]


def take_test(
    session: Session,
    who: Visitor,
    *,
    link_id: int,
    replies: Sequence[Reply],
    active_ms: int | None,
    now: datetime,
) -> bool:
    """Store the entry test, once, and say whether it was passed; the first replies stand. A fail is an end, and paid.

    replies: one an exercise, in their order. Invalid where some are missing.
    """
    asked = who.settings.journey
    if len(replies) != len(asked.test):
        raise Invalid(f"Please answer all {len(asked.test)} exercises; nothing was stored.")
    refuse_unless_offered(who, replies)
    now_at = step(session, who, link_id=link_id)
    if now_at == Step.TEST:
        score = asked.score(replies)
        row = {
            "batch_id": who.batch_id,
            "rater_id": who.rater_id,
            "name": TEST,
            "answers": list(replies),
            "score": score,
            "out_of": len(asked.test),
            "passed": score >= asked.pass_mark,
            "active_ms": active_ms,
            "taken_at": now,
        }
        insert_once(session, EntryTest, row)
    behind = passed(session, who, link_id=link_id)
    if behind.passed is None:
        raise Conflict("There is no entry test before you. Please go back to your page.")
    if not behind.passed:
        complete(session, who, link_id=link_id, outcome=JourneyEnd.SCREENED_OUT, now=now)
    return behind.passed


def refuse_unless_offered(who: Visitor, replies: Sequence[Reply]) -> None:
    """Invalid for a reply for which there is no button."""
    offered_here = {option.choice.value for option in who.settings.options} | {Reply.CANT_JUDGE.value}
    if not offered_here.issuperset(replies):
        raise Invalid("Please press one of the buttons below the outputs; nothing was stored.")


def complete(session: Session, who: Visitor, *, link_id: int, outcome: JourneyEnd, now: datetime) -> None:
    """Store that this rater's way has ended so, with the code that they hand over; how it ended first stands."""
    found = offered(session, batch_id=who.batch_id, rater_id=who.rater_id)
    row = {"link_id": link_id, "outcome": outcome, "code": found.code(outcome), "completed_at": now}
    insert_once(session, Completion, row)


def stop_here(session: Session, who: Visitor, *, link_id: int, now: datetime) -> None:
    """A rater who has judged something hands it over, though more may come. Conflict without anything, or at work."""
    if who.judged == 0:
        raise Conflict("You have judged nothing yet, so there is nothing to hand over.")
    if who.is_at_work:
        raise Conflict("A comparison is before you. Please judge it, or say that you can't, before you finish.")
    complete(session, who, link_id=link_id, outcome=JourneyEnd.COMPLETED, now=now)


def refused(session: Session, who: Visitor) -> str | None:
    """Why our records turn this rater away, if they do."""
    found = session.execute(select(Rater.channel, Rater.external_id).where(Rater.id == who.rater_id)).one()
    return refusal(
        session,
        who.batch_id,
        channel=found.channel,
        external_id=found.external_id,
        qualifying=who.settings.qualifying,
    )


def must_not_be_refused(session: Session, who: Visitor) -> None:
    """Forbidden, with the reason, for a rater who is turned away."""
    if why := refused(session, who):
        raise Forbidden(why)


def qualify(session: Session, batch_id: int, *, channel: str, external_id: str, qualifying: Qualifying) -> None:
    """Forbidden, in words for the rater, where our records speak against letting in whoever has this id."""
    if why := refusal(session, batch_id, channel=channel, external_id=external_id, qualifying=qualifying):
        raise Forbidden(why)


def refusal(session: Session, batch_id: int, *, channel: str, external_id: str, qualifying: Qualifying) -> str | None:
    """Why whoever has this id is turned away; None where they are let in, listed or not. They need be no rater yet."""
    said = listed.of(session, batch_id, channel=channel, external_id=external_id)
    if said is not None:
        return None if said.may_enter else said.reason
    if not qualifying.asks_our_records:
        return None
    return qualifications.refusal(qualifying, record(session, channel=channel, external_id=external_id))


def record(session: Session, *, channel: str, external_id: str) -> Record:
    """What our own records know of whoever has this id: where they have sat, and how they did in entry tests."""
    rater = session.execute(select(Rater.id).where(Rater.channel == channel, Rater.external_id == external_id)).scalar()
    if rater is None:
        return Record()
    sat = session.scalars(select(Assignment.batch_id).where(Assignment.rater_id == rater).distinct())
    scores = session.execute(
        select(EntryTest.batch_id, func.max(EntryTest.score))
        .where(EntryTest.rater_id == rater)
        .group_by(EntryTest.batch_id)
    )
    return Record(frozenset(sat), dict(scores.all()))
