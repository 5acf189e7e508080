"""What else a person decides about pay: to answer an appeal, and to compensate who could not submit; with a reason."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.ledger import Compensation
from backend.db.raters import Link, Rater
from backend.db.submissions import Appeal, Rejection, Submission
from backend.domain.money import Money
from backend.domain.pay import NO_FEES
from backend.errors import Conflict, Invalid, NotFound
from backend.services.money import ledger, paysheet
from backend.services.pseudonyms import Pseudonyms
from backend.services.studies import channels

LONGEST = 2_000
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class AppealLine:
    """An appeal. rejections: the reasons for which this rater's work in the batch was refused."""

    id: int
    rater: str
    channel: str
    text: str
    made_at: datetime
    rejections: tuple[str, ...]
    answer: str | None
    answered_at: datetime | None


def worded(given: str, missing: str) -> str:
    """The text, trimmed. Invalid with this sentence where there is none, or where it is too long."""
    if not given.strip():
        raise Invalid(missing)
    if len(given) > LONGEST:
        raise Invalid(f"That is longer than {LONGEST:,} characters; please say it shorter.")
    return given.strip()


def appeals(session: Session, batch_id: int, names: Pseudonyms) -> list[AppealLine]:
    """The appeals of a batch: those that wait for an answer first, the oldest first."""
    rows = session.execute(
        select(Appeal, Rater.id, Rater.channel, Rater.external_id)
        .join(Link, Link.id == Appeal.link_id)
        .join(Rater, Rater.id == Link.rater_id)
        .where(Link.batch_id == batch_id)
        .order_by(Appeal.answered_at.is_not(None), Appeal.made_at, Appeal.id)
        .limit(MOST_SHOWN)
    ).all()
    reasons = session.execute(
        select(Submission.rater_id, Rejection.reason)
        .join(Rejection, Rejection.submission_id == Submission.id)
        .where(Submission.batch_id == batch_id, Submission.rater_id.in_([rater_id for _, rater_id, *_ in rows]))
        .order_by(Rejection.decided_at, Submission.id)
    ).all()
    return [
        AppealLine(
            id=appeal.id,
            rater=paysheet.name(channel, external_id, rater_id, names),
            channel=channel,
            text=appeal.text,
            made_at=appeal.made_at,
            rejections=tuple(reason for whose, reason in reasons if whose == rater_id),
            answer=appeal.answer,
            answered_at=appeal.answered_at,
        )
        for appeal, rater_id, channel, external_id in rows
    ]


def answer_appeal(session: Session, batch_id: int, appeal_id: int, *, answer: str, now: datetime) -> None:
    """What a person answers, once; the rater reads it. Conflict where it was answered before."""
    said = worded(answer, "An appeal needs an answer, which the rater reads.")
    appeal = session.get(Appeal, appeal_id, with_for_update=True, populate_existing=True)
    if appeal is None or session.get_one(Link, appeal.link_id).batch_id != batch_id:
        raise NotFound(f"There is no appeal {appeal_id} in batch {batch_id}.")
    if appeal.answered_at is not None:
        raise Conflict("This appeal was answered before, and the rater may have read the answer.")
    appeal.answer, appeal.answered_at = said, now
    session.flush()


def compensate(
    session: Session, batch_id: int, *, who: str, amount: Money, reason: str, key: str, names: Pseudonyms, now: datetime
) -> Compensation:
    """Owe a rater of this batch who could not submit. who: as pages call them, or as their channel does.

    The fee is the one that the rater's channel takes on a bonus. The same key again is the same compensation.
    """
    said = worded(reason, "A compensation needs a reason.")
    rater = found_rater(session, batch_id, who, names)
    row = channels.find(session, batch_id, rater.channel)
    fees = NO_FEES if row is None else channels.settings_of(row).fees
    return ledger.compensate(
        session,
        batch_id,
        rater_id=rater.id,
        amount=amount,
        fee=fees.on_bonus(amount),
        reason=said,
        key=f"batch {batch_id} {key}",
        now=now,
    )


def found_rater(session: Session, batch_id: int, who: str, names: Pseudonyms) -> Rater:
    """The one rater of this batch who is called so; Invalid where there is none, or more than one."""
    given = who.strip()
    of_batch = exists().where(Link.rater_id == Rater.id, Link.batch_id == batch_id) | exists().where(
        Assignment.rater_id == Rater.id, Assignment.batch_id == batch_id
    )
    found = session.scalars(select(Rater).where(of_batch, Rater.external_id == given)).all()
    if not found and given:
        ids = session.scalars(select(Rater.id).where(of_batch))
        found = [session.get_one(Rater, number) for number in ids if names[number] == given]
    if len(found) != 1:
        raise Invalid(
            f"{'No rater' if not found else 'More than one rater'} of this batch is called {given[:80]!r}. Give the "
            "name that the list of raters shows, or the id that their channel gives them."
        )
    return found[0]
