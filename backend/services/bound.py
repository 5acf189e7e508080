"""Seats that are bound to a posting, and who comes through it to sit there."""

from datetime import datetime

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.base import table
from backend.db.comparisons import Comparison, Seat
from backend.db.submissions import Submission


def claim_bound(session: Session, submission: Submission, *, now: datetime) -> int | None:
    """PLACEHOLDER until the vendors' branch brings its own."""
    session.execute(
        select(Comparison.id)
        .join(Seat, Seat.comparison_id == Comparison.id)
        .where(Seat.posting_id == submission.posting_id)
        .with_for_update(of=Comparison.__table__)
    )
    session.execute(
        update(Assignment)
        .where(
            Assignment.batch_id == submission.batch_id,
            Assignment.state == "held",
            Assignment.lease_expires_at <= now,
            Assignment.rater_id != submission.rater_id,
        )
        .values(state="lapsed")
        .execution_options(synchronize_session=False)
    )
    taken = exists().where(
        Assignment.comparison_id == Seat.comparison_id,
        Assignment.seat == Seat.seat,
        Assignment.state.in_(["held", "rated"]),
    )
    met = exists().where(
        Assignment.batch_id == submission.batch_id,
        Assignment.rater_id == submission.rater_id,
        Assignment.prompt_id == Seat.prompt_id,
    )
    seat = session.execute(
        select(Seat.batch_id, Seat.prompt_id, Seat.comparison_id, Seat.seat)
        .where(Seat.posting_id == submission.posting_id, ~taken, ~met)
        .order_by(Seat.seat)
        .limit(1)
    ).one_or_none()
    if seat is None:
        return None
    return session.execute(
        insert(table(Assignment))
        .values(
            **seat._mapping,
            rater_id=submission.rater_id,
            state="held",
            claimed_at=now,
            lease_expires_at=submission.deadline,
        )
        .returning(table(Assignment).c.id)
    ).scalar()
