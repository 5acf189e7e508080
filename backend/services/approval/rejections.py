"""A person refuses a submission's reward, and may take that back. No rule ever comes here.

The decision is stored before the vendor is told, and told until the vendor has confirmed it. A vendor can't undo a
rejection through us, so whoever was wrongly rejected is paid the reward as a compensation.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import exists, literal, select
from sqlalchemy.orm import Session

from backend.crowd.protocol import Crowd, CrowdError
from backend.db.channels import BatchChannel, Posting
from backend.db.ledger import Compensation
from backend.db.payments import PaymentKind, PaymentState
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.submissions import Rejection, Submission
from backend.domain.money import Money
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, Invalid, NotFound
from backend.services.approval import handed, place_rewards
from backend.services.money import budgets, ledger
from backend.services.studies import channels

Clock = Callable[[], datetime]
# Prolific wants to be told at length; Mechanical Turk takes no more.
SHORTEST, LONGEST = {Channel.PROLIFIC: 100}, 1024


def reject(session: Session, submission_id: int, *, reason: str, now: datetime) -> Rejection:
    """Refuse a submission's reward. The rater reads the reason. Conflict where it is paid, or is not waiting."""
    row = session.get(Submission, submission_id)
    if row is None:
        raise NotFound(f"There is no submission {submission_id}.")
    channel = channels.by_id(session, session.get_one(Posting, row.posting_id).channel_id)
    least, said = SHORTEST.get(Channel(channel.channel), 1), reason.strip()
    if not least <= len(said) <= LONGEST:
        raise Invalid(
            f"{channel.channel} wants a reason of {least} to {LONGEST} characters, which the rater reads; this one has"
            f" {len(said)}."
        )
    budgets.locked(session, row.batch_id)
    one = next(each for each in handed.handed_in(session, channel, row.rater_id) if each.row.id == submission_id)
    if one.is_rejected:
        raise Conflict(f"Submission {submission_id} was rejected before, and a rejection keeps its reason.")
    if one.row.state != SubmissionState.SUBMITTED or one.approval not in (None, PaymentState.REFUSED):
        raise Conflict(f"Submission {submission_id} is not waiting at the vendor, or is being paid.")
    made = Rejection(submission_id=submission_id, reason=said, decided_at=now)
    session.add(made)
    session.flush()
    return made


def overturn(session: Session, submission_id: int, *, reason: str, now: datetime) -> Compensation:
    """A person was wrong to reject: the rater is owed the reward after all. The second time changes nothing.

    While the vendor has not been told, its approval pays: a bonus beside work that waits there would be paid twice, for
    a vendor approves by itself what nobody judges.
    """
    rejection, row = session.get(Rejection, submission_id), session.get(Submission, submission_id)
    if rejection is None or row is None:
        raise NotFound(f"Submission {submission_id} was never rejected.")
    posting = session.get_one(Posting, row.posting_id)
    channel = channels.by_id(session, posting.channel_id)
    settings, reward = channels.settings_of(channel), Money(posting.reward, posting.currency)
    waits = rejection.told_at is None and row.state in handed.PAYABLE
    made = ledger.compensate(
        session,
        row.batch_id,
        rater_id=row.rater_id,
        amount=reward,
        fee=place_rewards.fee_of(session, settings, posting) if waits else settings.fees.on_bonus(reward),
        reason=reason,
        key=f"{OVERTURNED}{submission_id}",
        now=now,
    )
    owed = [one for one in ledger.owed(session, row.batch_id, rater_id=row.rater_id) if one.compensation_id == made.id]
    if waits and owed:
        one = next(each for each in handed.handed_in(session, channel, row.rater_id) if each.row.id == submission_id)
        place_rewards.intend(session, one, owed, PaymentKind.APPROVAL, place_rewards.WORDS, now=now)
    return made


OVERTURNED = "rejection overturned "


def untold(session: Session, channel: BatchChannel) -> list[tuple[int, str, str]]:
    """(submission, the vendor's id, reason) of rejections that stand and that the vendor has not confirmed."""
    overturned = exists().where(Compensation.key == literal(OVERTURNED).concat(Submission.id))
    rows = session.execute(
        select(Submission.id, Submission.vendor_id, Rejection.reason)
        .join(Submission, Submission.id == Rejection.submission_id)
        .where(Rejection.told_at.is_(None), handed.on(channel), ~overturned)
        .order_by(Submission.id)
    )
    return [(number, vendor_id, reason) for number, vendor_id, reason in rows]


def tell(database: Database, crowd: Crowd, channel_id: int, *, clock: Clock) -> list[str]:
    """Tell the vendor of every rejection that it does not know; what it said against that, in sentences."""
    with database.reading() as session:
        waiting = untold(session, channels.by_id(session, channel_id))
    troubles = []
    for number, vendor_id, reason in waiting:
        try:
            crowd.reject(vendor_id, reason=reason)
        except CrowdError as error:
            troubles.append(str(error))
            continue
        with database.transaction() as session:
            session.get_one(Rejection, number).told_at = clock()
            session.get_one(Submission, number).state = SubmissionState.REJECTED
    return troubles
