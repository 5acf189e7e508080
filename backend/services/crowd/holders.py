"""Whose a submission is, where several raters came with its id: Mechanical Turk gives that of returned work on.

What an address says is a claim. Only the vendor's list says whose the id is; until then each keeps what is theirs, and
nobody is paid for it. Calls no vendor.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import Posting
from backend.db.raters import Rater
from backend.db.submissions import IS_LIVE, Submission
from backend.domain.submissions import LEFT

# Notifications tell whole seconds.
TOLD_TO = timedelta(seconds=1)


def known(session: Session, posting_id: int, vendor_id: str) -> dict[str, Submission]:
    """A channel's id of each rater who came with this submission -> its row. Nobody else changes them meanwhile."""
    rows = session.execute(
        select(Rater.external_id, Submission)
        .join(Rater, Rater.id == Submission.rater_id)
        .where(Submission.posting_id == posting_id, Submission.vendor_id == vendor_id)
        .order_by(Submission.id)
        .with_for_update(of=Submission)
        .execution_options(populate_existing=True)
    )
    return dict(rows.all())


def is_live(row: Submission) -> bool:
    """Whether the vendor has said that it is this rater's, and has not taken that back."""
    return row.confirmed_at is not None and row.state not in LEFT


def is_anothers(session: Session, posting_id: int, vendor_id: str, *, rater_id: int) -> bool:
    """Whether the vendor says that this submission is somebody else's, whoever claims it."""
    held = exists().where(
        Submission.posting_id == posting_id, Submission.vendor_id == vendor_id, Submission.rater_id != rater_id, IS_LIVE
    )
    return bool(session.execute(select(held)).scalar_one())


def lapse(session: Session, row: Submission) -> None:
    """Whoever handed in, gave back or ran out of time sits nowhere any more; what they rated stays.

    Lapsed and not returned: a rating that was on its way is still taken.
    """
    of_posting = select(Posting.comparison_id).where(Posting.id == row.posting_id).scalar_subquery()
    session.execute(
        update(Assignment)
        .where(
            Assignment.batch_id == row.batch_id,
            Assignment.rater_id == row.rater_id,
            Assignment.state == AssignmentState.HELD,
            or_(of_posting.is_(None), Assignment.comparison_id == of_posting),
        )
        .values(state=AssignmentState.LAPSED)
        .execution_options(synchronize_session=False)
    )


def give_way(session: Session, others: Iterable[Submission], *, now: datetime) -> None:
    """The vendor says whose it is, so whoever else came with it is at work on it no longer: their seat is free.

    They gave it back, or never had it. Who has come again with another submission keeps their seat.
    """
    for row in others:
        if row.deadline is None or row.deadline > now:
            row.deadline = now
            if not came_again(session, row):
                lapse(session, row)


def given_back(session: Session, posting_id: int, vendor_id: str, *, at: datetime) -> None:
    """A vendor's notification says that this was returned or abandoned, which its lists don't show: the seat is free.

    It names no rater. Whoever came with this id before that moment has gone; whoever came after it has accepted what
    was given back, and the notification is late. So it is where somebody has come again with another submission, and
    where the vendor's list says whose it is. The row stays as it is. Were the notification wrong, a rating that still
    comes counts, or is kept as late.
    """
    for row in known(session, posting_id, vendor_id).values():
        if row.confirmed_at is None and row.accepted_at < at + TOLD_TO and not came_again(session, row):
            lapse(session, row)


def came_again(session: Session, row: Submission) -> bool:
    """Whether its rater has come to the posting with another submission since."""
    later = select(Submission.id).where(
        Submission.posting_id == row.posting_id, Submission.rater_id == row.rater_id, Submission.id > row.id
    )
    return session.scalars(later.limit(1)).first() is not None
