"""An assignment: a rater at a seat. A permanent row: lapse, return and refusal never remove it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of


class AssignmentState(StrEnum):
    """held → rated, lapsed, returned or skipped; lapsed → rated (seat still free) or late (seat taken)."""

    HELD = "held"
    RATED = "rated"
    LAPSED = "lapsed"
    RETURNED = "returned"
    SKIPPED = "skipped"
    LATE = "late"


class SkipReason(StrEnum):
    """Why a rater could not judge a comparison."""

    OFFENSIVE = "offensive"
    UNREADABLE = "unreadable"
    NOT_MY_LANGUAGE = "not_my_language"


class Assignment(Base):
    """A rater at a seat. One occupant a seat, one seat held at a time, a prompt met once in a batch."""

    __tablename__ = "assignments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["comparison_id", "batch_id", "prompt_id"],
            ["comparisons.id", "comparisons.batch_id", "comparisons.prompt_id"],
        ),
        ForeignKeyConstraint(["comparison_id", "seat"], ["seats.comparison_id", "seats.seat"]),
        UniqueConstraint("batch_id", "rater_id", "prompt_id"),
        UniqueConstraint("id", "rater_id", "state"),
        one_of("state", AssignmentState),
        one_of("skip_reason", SkipReason),
        CheckConstraint("(state = 'skipped') = (skip_reason IS NOT NULL)", name="skips_say_why"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int]
    rater_id: Mapped[int] = mapped_column(ForeignKey("raters.id"))
    prompt_id: Mapped[int]
    comparison_id: Mapped[int]
    seat: Mapped[int]
    state: Mapped[str] = mapped_column(default=AssignmentState.HELD)
    claimed_at: Mapped[datetime]
    lease_expires_at: Mapped[datetime]
    skip_reason: Mapped[str | None] = mapped_column(default=None)


OCCUPIES = Assignment.state.in_([AssignmentState.HELD, AssignmentState.RATED])
HELD = Assignment.state == AssignmentState.HELD
Index(
    "uq_assignments_occupant",
    Assignment.comparison_id,
    Assignment.seat,
    unique=True,
    sqlite_where=OCCUPIES,
    postgresql_where=OCCUPIES,
)
Index(
    "uq_assignments_one_held",
    Assignment.batch_id,
    Assignment.rater_id,
    unique=True,
    sqlite_where=HELD,
    postgresql_where=HELD,
)
Index(
    "ix_assignments_leases",
    Assignment.batch_id,
    Assignment.lease_expires_at,
    sqlite_where=HELD,
    postgresql_where=HELD,
)
