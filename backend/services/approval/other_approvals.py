"""Submissions that no rule approves: a person says that they are to be paid, or the vendor has paid them by itself.

Mechanical Turk approves what nobody has judged in time. The ledger follows, so that it tells the same as the vendor.
"""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend.db.channels import BatchChannel, Posting
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Channel
from backend.db.submissions import Submission
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, NotFound
from backend.services.approval import place_rewards, rejections, unrated_places
from backend.services.approval.approvals import held_back
from backend.services.approval.handed import PAYABLE, Handed, handed_in, work_of
from backend.services.money import budgets, ledger
from backend.services.studies import channels


def approve_by_hand(session: Session, submission_id: int, *, now: datetime) -> None:
    """A person says that a submission is to be paid its reward. Conflict where it is paid, or does not wait for it.

    Where no rating of ours is behind it, an entry test earned the reward, or it is a compensation.
    """
    row = session.get(Submission, submission_id)
    if row is None:
        raise NotFound(f"There is no submission {submission_id}.")
    channel = channels.by_id(session, session.get_one(Posting, row.posting_id).channel_id)
    budgets.locked(session, row.batch_id)
    one = of(session, channel, row)
    is_paid = one.approval not in (None, PaymentState.REFUSED) or is_paid_otherwise(channel, row)
    if is_paid or one.is_rejected or row.state not in PAYABLE:
        raise Conflict(f"Submission {submission_id} is paid already, was rejected, or is not waiting at the vendor.")
    key = f"submission {submission_id} approved by hand"
    approve(session, channel, one, reason="approved by hand", key=key, now=now)


def of(session: Session, channel: BatchChannel, row: Submission) -> Handed:
    """A submission with what is known of its payment."""
    return next(each for each in handed_in(session, channel, row.rater_id) if each.row.id == row.id)


def is_paid_otherwise(channel: BatchChannel, row: Submission) -> bool:
    """Whether the vendor has paid it in a way of its own, as Prolific does for who was screened out there."""
    return row.state == SubmissionState.APPROVED and channel.channel != Channel.MTURK


def approve(session: Session, channel: BatchChannel, one: Handed, *, reason: str, key: str, now: datetime) -> None:
    """Owe the reward to the work behind a submission, or as a compensation, and intend its approval.

    Where the vendor had refused the approval, the same is intended again.
    """
    settings, waits = channels.settings_of(channel), held_back(session, [one])
    owed = ledger.owed(session, channel.batch_id, rater_id=one.row.rater_id)
    again = [entry for entry in owed if entry.id in waits]
    own = [each for each in work_of(session, channel.batch_id, one.row.rater_id) if one.covers(each.comparison_id)]
    if again:
        place_rewards.intend(session, one, again, PaymentKind.APPROVAL, place_rewards.WORDS, now=now)
    elif own:
        place_rewards.approve(session, settings, one, own, now=now)
    else:
        unrated_places.approve(session, settings, one, reason=reason, key=key, now=now)


def unbooked(session: Session, channel: BatchChannel) -> list[int]:
    """Submissions that Mechanical Turk has approved and for which no payment of ours was ever intended."""
    if channel.channel != Channel.MTURK:
        return []
    intended = exists().where(
        PaymentIntent.kind == PaymentKind.APPROVAL,
        PaymentIntent.posting_id == Posting.vendor_id,
        PaymentIntent.submission_id == Submission.vendor_id,
        PaymentIntent.state != PaymentState.REFUSED,
    )
    return list(
        session.scalars(
            select(Submission.id)
            .join(Posting, Posting.id == Submission.posting_id)
            .where(Posting.channel_id == channel.id, Submission.state == SubmissionState.APPROVED, ~intended)
            .order_by(Submission.id)
        )
    )


def book(session: Session, channel: BatchChannel, submission_id: int, *, now: datetime) -> None:
    """Owe what the vendor has paid by itself, and intend the approval, which it then confirms. Again adds nothing.

    Where a person had rejected it and the vendor was not told in time, that is overturned with it: it is paid.
    """
    budgets.locked(session, channel.batch_id)
    if submission_id not in unbooked(session, channel):
        return
    one = of(session, channel, session.get_one(Submission, submission_id))
    key = f"{rejections.OVERTURNED if one.is_rejected else 'approved by the vendor '}{submission_id}"
    approve(session, channel, one, reason="approved by the vendor", key=key, now=now)
