"""A rating: what a rater chose, once. Insert-only: triggers refuse any change."""

from datetime import datetime
from typing import Any  # answers to a preset's further questions: its own words

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of
from backend.domain.choices import Choice


class Rating(Base):
    """The fact of a vote. Its key is its assignment, so a seat is rated once and never changes hands.

    The composite foreign key holds the assignment in state rated or late for ever.
    `active_ms` counts only the time in which the page was visible; NULL where it is unknown.
    """

    __tablename__ = "ratings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["assignment_id", "rater_id", "state"],
            ["assignments.id", "assignments.rater_id", "assignments.state"],
        ),
        CheckConstraint("state IN ('rated', 'late')", name="state"),
        CheckConstraint("active_ms IS NULL OR active_ms >= 0", name="active_ms"),
        one_of("choice", Choice),
    )

    assignment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rater_id: Mapped[int]
    state: Mapped[str]
    choice: Mapped[str]
    comment: Mapped[str | None]
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    active_ms: Mapped[int | None]
    receipt: Mapped[str] = mapped_column(unique=True)
    rated_at: Mapped[datetime]
