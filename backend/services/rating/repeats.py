"""Repeats: which of a rater's own comparisons comes again. What they said the first time plays no part in it."""

from dataclasses import dataclass

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.checks import Check, CheckAssignment
from backend.db.comparisons import Comparison, Seat
from backend.db.ratings import Rating
from backend.domain.checks import REPEAT_GAP, CheckKind, drawn
from backend.services.rating import assignments
from backend.services.rating.visitors import Visitor

COLUMNS = ["batch_id", "kind", "position", "comparison_id", "prompt_id"]
INTO = {
    "sqlite": sqlite_insert(Check).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(Check).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A check, and of a repeat the rater's own assignment that it repeats."""

    check_id: int
    original_id: int | None = None


def own_comparison(session: Session, who: Visitor) -> Chosen | None:
    """A comparison that this rater judged long enough ago and has not met again, drawn by the seed."""
    rated = session.execute(
        select(Assignment.id, Assignment.comparison_id, CheckAssignment.id.label("repeat"), Seat.flipped)
        .join(Rating, Rating.assignment_id == Assignment.id)
        .join(Seat, (Seat.comparison_id == Assignment.comparison_id) & (Seat.seat == Assignment.seat))
        .outerjoin(CheckAssignment, CheckAssignment.original_id == Assignment.id)
        .where(Assignment.batch_id == who.batch_id, Assignment.rater_id == who.rater_id)
        .order_by(Rating.rated_at, Assignment.id)
    ).all()
    fitting = [row for row in rated[:-REPEAT_GAP] if row.repeat is None and row.flipped is not None]
    if not fitting:
        return None
    chosen = min(fitting, key=lambda row: drawn(who.seed, who.rater_id, CheckKind.REPEAT, "of", row.id))
    return Chosen(repeat_of(session, chosen.comparison_id), chosen.id)


def repeat_of(session: Session, comparison_id: int) -> int:
    """The check that shows this comparison again; stored when the first rater needs it."""
    row = select(
        Comparison.batch_id,
        literal(str(CheckKind.REPEAT)),
        Comparison.position,
        Comparison.id,
        Comparison.prompt_id,
    ).where(Comparison.id == comparison_id)
    session.execute(INTO[assignments.dialect(session)].from_select(COLUMNS, row, include_defaults=False))
    return session.execute(select(Check.id).where(Check.comparison_id == comparison_id)).scalar_one()
