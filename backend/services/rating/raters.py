"""What a rater may do besides rating: see their own code, and withdraw."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.checks import CheckAssignment, CheckState
from backend.db.raters import Link, Rater
from backend.errors import NotFound


def code(session: Session, rater_id: int) -> str:
    """The code by which a rater can be spoken of without a name."""
    return session.execute(select(Rater.external_id).where(Rater.id == rater_id)).scalar_one()


def withdraw(session: Session, *, link_id: int, now: datetime) -> None:
    """This rater stops: a seat they hold is free again, and none is given to them any more. Ratings stay."""
    # The link is locked before its rater's seat, as a claim does where there are checks.
    link = session.get(Link, link_id, with_for_update=True)
    if link is None or link.rater_id is None:
        raise NotFound("This link leads nowhere.")
    session.execute(
        update(Assignment)
        .where(
            Assignment.batch_id == link.batch_id,
            Assignment.rater_id == link.rater_id,
            Assignment.state == AssignmentState.HELD,
        )
        .values(state=AssignmentState.RETURNED)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(CheckAssignment)
        .where(
            CheckAssignment.batch_id == link.batch_id,
            CheckAssignment.rater_id == link.rater_id,
            CheckAssignment.state == CheckState.HELD,
        )
        .values(state=CheckState.RETURNED)
        .execution_options(synchronize_session=False)
    )
    link.withdrawn_at = link.withdrawn_at or now
    session.flush()
