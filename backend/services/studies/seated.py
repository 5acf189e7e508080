"""The assignments of a batch as whole columns: who sat where, and what became of it. Knows no choice."""

from datetime import datetime

import numpy as np
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.db.assignments import Assignment, AssignmentState, SkipReason
from backend.db.ratings import Rating
from backend.domain.statistics.votes import Integers
from backend.services import columns

STATES = (
    AssignmentState.RATED,
    AssignmentState.HELD,
    AssignmentState.SKIPPED,
    AssignmentState.RETURNED,
    AssignmentState.LAPSED,
    AssignmentState.LATE,
)
REASONS = len(SkipReason) + 1
RATED, HELD, SKIPPED, RETURNED, LAPSED, LATE = range(len(STATES))


def assignments(session: Session, batch_id: int) -> dict[str, Integers]:
    """The batch's assignments by id, whatever became of them.

    Read as a range of ids, which lie together on disk: the index would fetch every row from another place. The sum
    keeps SQLite from using that index.
    """
    first, last = session.execute(
        select(func.min(Assignment.id), func.max(Assignment.id)).where(Assignment.batch_id == batch_id)
    ).one()
    reason = case(*((Assignment.skip_reason == word, code) for code, word in enumerate(SkipReason, start=1)), else_=0)
    # Three small numbers travel as one: a column costs by its rows, not by the digits in it.
    packed = (Assignment.seat * len(STATES) + coded(Assignment.state, STATES)) * REASONS + reason
    statement = select(Assignment.id, Assignment.rater_id, Assignment.comparison_id, packed).where(
        Assignment.id.between(first or 0, last or 0), Assignment.batch_id + 0 == batch_id
    )
    ids, rater, comparison, small = columns.in_order(columns.read(session, statement))
    seat_and_state, reasons = np.divmod(small, REASONS)
    seat, state = np.divmod(seat_and_state, len(STATES))
    return {"id": ids, "rater": rater, "comparison": comparison, "seat": seat, "state": state, "reason": reasons - 1}


def coded(column: InstrumentedAttribute[str], words: tuple[str, ...]) -> ColumnElement[int]:
    """A column of words as their places in the tuple; the last one is for every other word."""
    return case(*((column == word, place) for place, word in enumerate(words[:-1])), else_=len(words) - 1)


def last_rated_at(session: Session, batch_id: int) -> datetime | None:
    """When the newest rating came. As a range of ids, which lie together on disk; the sum keeps SQLite to it."""
    first, last = session.execute(
        select(func.min(Assignment.id), func.max(Assignment.id)).where(Assignment.batch_id == batch_id)
    ).one()
    return session.execute(
        select(func.max(Rating.rated_at))
        .join(Assignment, Assignment.id == Rating.assignment_id)
        .where(Rating.assignment_id.between(first or 0, last or 0), Assignment.batch_id + 0 == batch_id)
    ).scalar()
