"""Checks, raters at them, and what they answered: outside seats, side balance and results."""

from datetime import datetime
from enum import StrEnum
from typing import Any  # a dialogue is JSON as the domain wrote it

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.assignments import SkipReason
from backend.db.base import Base, Id, one_of
from backend.domain.checks import CheckKind
from backend.domain.choices import Choice


class CheckState(StrEnum):
    """held → answered, lapsed, returned or skipped; lapsed → answered or skipped: no seat is lost meanwhile."""

    HELD = "held"
    ANSWERED = "answered"
    LAPSED = "lapsed"
    RETURNED = "returned"
    SKIPPED = "skipped"


WRITTEN = ("dialogue", "first", "second", "expected")
REPEATED = ("comparison_id", "prompt_id")


def all_of(columns: tuple[str, ...], claim: str) -> str:
    return " AND ".join(f"{column} {claim}" for column in columns)


class Check(Base):
    """A comparison that is no part of the study: texts of its own and a right choice, or a launched one, again.

    `position`: of gold and attention the order in which raters meet them, of a repeat its comparison's. Repeats are
    stored when the first rater meets them. Triggers refuse any change.
    """

    __tablename__ = "checks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["comparison_id", "batch_id", "prompt_id"],
            ["comparisons.id", "comparisons.batch_id", "comparisons.prompt_id"],
        ),
        UniqueConstraint("batch_id", "kind", "position"),
        UniqueConstraint("comparison_id"),
        UniqueConstraint("id", "batch_id", "kind"),
        one_of("kind", CheckKind),
        CheckConstraint(f"expected IN ('{Choice.FIRST}', '{Choice.SECOND}', '{Choice.TIE}')", name="expected"),
        CheckConstraint(
            f"CASE WHEN kind = '{CheckKind.REPEAT}'"
            f" THEN {all_of(REPEATED, 'IS NOT NULL')} AND {all_of(WRITTEN, 'IS NULL')}"
            f" ELSE {all_of(REPEATED, 'IS NULL')} AND {all_of(WRITTEN, 'IS NOT NULL')} END",
            name="written_or_repeated",
        ),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    kind: Mapped[str]
    position: Mapped[int]
    dialogue: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), default=None)
    first: Mapped[str | None] = mapped_column(default=None)
    second: Mapped[str | None] = mapped_column(default=None)
    expected: Mapped[str | None] = mapped_column(default=None)
    comparison_id: Mapped[int | None] = mapped_column(default=None)
    prompt_id: Mapped[int | None] = mapped_column(default=None)


class CheckAssignment(Base):
    """A rater at a check: a permanent row. `after`: how many own comparisons they had judged when it was given.

    A repeat names the rater's own rated assignment (the key of its rating); a trigger holds rater and comparison. What
    is shown is the reverse of that seat's side, which never changes, so it is stored nowhere else. UNIQUE on `after`: a
    comparison lies between any two checks.
    """

    __tablename__ = "check_assignments"
    __table_args__ = (
        ForeignKeyConstraint(["check_id", "batch_id", "kind"], ["checks.id", "checks.batch_id", "checks.kind"]),
        UniqueConstraint("check_id", "rater_id"),
        UniqueConstraint("batch_id", "rater_id", "after"),
        UniqueConstraint("id", "rater_id", "state"),
        one_of("state", CheckState),
        one_of("skip_reason", SkipReason),
        CheckConstraint("(state = 'skipped') = (skip_reason IS NOT NULL)", name="skips_say_why"),
        CheckConstraint("after >= 1", name="never_first"),
        CheckConstraint(f"(kind = '{CheckKind.REPEAT}') = (original_id IS NOT NULL)", name="repeats_have_an_original"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int]
    rater_id: Mapped[int] = mapped_column(ForeignKey("raters.id"))
    check_id: Mapped[int]
    kind: Mapped[str]
    after: Mapped[int]
    original_id: Mapped[int | None] = mapped_column(ForeignKey("ratings.assignment_id"), unique=True)
    state: Mapped[str] = mapped_column(default=CheckState.HELD)
    claimed_at: Mapped[datetime]
    lease_expires_at: Mapped[datetime]
    skip_reason: Mapped[str | None] = mapped_column(default=None)


HELD = CheckAssignment.state == CheckState.HELD
Index(
    "uq_check_assignments_one_held",
    CheckAssignment.batch_id,
    CheckAssignment.rater_id,
    unique=True,
    sqlite_where=HELD,
    postgresql_where=HELD,
)


class CheckAnswer(Base):
    """What a rater chose at a check, once. Insert-only, as ratings are, and held to its assignment in the same way."""

    __tablename__ = "check_answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["assignment_id", "rater_id", "state"],
            ["check_assignments.id", "check_assignments.rater_id", "check_assignments.state"],
        ),
        CheckConstraint(f"state = '{CheckState.ANSWERED}'", name="state"),
        CheckConstraint("active_ms IS NULL OR active_ms >= 0", name="active_ms"),
        one_of("choice", Choice),
    )

    assignment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rater_id: Mapped[int]
    state: Mapped[str] = mapped_column(default=CheckState.ANSWERED)
    choice: Mapped[str]
    comment: Mapped[str | None]
    active_ms: Mapped[int | None]
    receipt: Mapped[str] = mapped_column(unique=True)
    answered_at: Mapped[datetime]
