"""Who is still at work on a channel, who has left by running out of time, and who was never listed. Asks no vendor."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import BatchChannel, Posting
from backend.db.raters import Rater
from backend.db.submissions import Submission
from backend.domain.submissions import SubmissionState

# Clocks differ, and a vendor's list may lag behind: so much later nobody hands in any more.
GRACE = timedelta(hours=1)


def lapse_overdue(session: Session, channel: BatchChannel, *, now: datetime) -> None:
    """Raters of this channel whose lease is over have left, also where nobody else asks for their seat."""
    of_channel = select(Rater.id).where(Rater.channel == channel.channel)
    session.execute(
        update(Assignment)
        .where(
            Assignment.batch_id == channel.batch_id,
            Assignment.state == AssignmentState.HELD,
            Assignment.lease_expires_at <= now,
            Assignment.rater_id.in_(of_channel),
        )
        .values(state=AssignmentState.LAPSED)
        .execution_options(synchronize_session=False)
    )


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Whether the time in which the vendor would have listed a submission is over."""
    return and_(Submission.confirmed_at.is_(None), Submission.deadline <= now - GRACE)


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Somebody who came with the id of a submission that the vendor never listed. ratings: what they rated there."""

    submission_id: int
    vendor_id: str
    rater: str
    accepted_at: datetime
    ratings: int


def unconfirmed(session: Session, channel_id: int, *, now: datetime) -> list[Unconfirmed]:
    """Arrivals that no submission followed in time: returned, abandoned, or a forged address."""
    rated = (
        select(func.count())
        .select_from(Assignment)
        .where(
            Assignment.batch_id == Submission.batch_id,
            Assignment.rater_id == Submission.rater_id,
            Assignment.state.in_((AssignmentState.RATED, AssignmentState.LATE)),
            or_(Posting.comparison_id.is_(None), Assignment.comparison_id == Posting.comparison_id),
        )
        .correlate(Submission, Posting)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Submission.id, Submission.vendor_id, Rater.external_id, Submission.accepted_at, rated)
        .join(Posting, Posting.id == Submission.posting_id)
        .join(Rater, Rater.id == Submission.rater_id)
        .where(Posting.channel_id == channel_id, is_overdue(now))
        .order_by(Submission.id)
    )
    return [Unconfirmed(*row) for row in rows]


def at_work(session: Session, channel_id: int, *, now: datetime) -> int:
    """How many are at work on the channel, as far as anybody knows."""
    return session.execute(
        select(func.count())
        .select_from(Submission)
        .join(Posting, Posting.id == Submission.posting_id)
        .where(
            Posting.channel_id == channel_id,
            Submission.state == SubmissionState.ACTIVE,
            or_(Submission.deadline.is_(None), Submission.deadline > now - GRACE),
        )
    ).scalar_one()
