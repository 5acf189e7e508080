"""A comparison (a prompt and two outputs) and its seats (the n rater places, each with its side)."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id


class Comparison(Base):
    """A candidate's and the baseline's output for one prompt.

    `skips` counts can't-judge reports; at the third a trigger makes it `unjudgeable` and closes its seats.
    `opened` of its seats have been opened so far; where those have no majority a trigger opens the rest.
    """

    __tablename__ = "comparisons"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id", "seats"], ["batches.id", "batches.seats"]),
        ForeignKeyConstraint(["batch_id", "baseline_id"], ["batches.id", "batches.baseline_id"]),
        ForeignKeyConstraint(
            ["candidate_output_id", "prompt_id", "candidate_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
        ),
        ForeignKeyConstraint(
            ["baseline_output_id", "prompt_id", "baseline_id"],
            ["outputs.id", "outputs.prompt_id", "outputs.system_id"],
        ),
        CheckConstraint("candidate_id <> baseline_id", name="two_systems"),
        CheckConstraint("opened BETWEEN 1 AND seats", name="opened"),
        UniqueConstraint("batch_id", "candidate_id", "prompt_id"),
        UniqueConstraint("batch_id", "position"),
        UniqueConstraint("id", "seats"),
        UniqueConstraint("id", "batch_id", "prompt_id"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int]
    prompt_id: Mapped[int]
    candidate_id: Mapped[int]
    baseline_id: Mapped[int]
    candidate_output_id: Mapped[int]
    baseline_output_id: Mapped[int]
    seats: Mapped[int]
    opened: Mapped[int]
    position: Mapped[int]
    skips: Mapped[int] = mapped_column(default=0, server_default="0")
    unjudgeable: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Seat(Base):
    """One rater place of a comparison. `flipped`: the candidate is shown second; NULL only for imported votes.

    `is_open` and `started` are the queue that claims read; triggers keep them, nobody else. A seat that is bound to a
    posting is not in the queue: only who came through that posting may take it.
    """

    __tablename__ = "seats"
    __table_args__ = (
        ForeignKeyConstraint(["comparison_id", "seats"], ["comparisons.id", "comparisons.seats"]),
        ForeignKeyConstraint(
            ["comparison_id", "batch_id", "prompt_id"],
            ["comparisons.id", "comparisons.batch_id", "comparisons.prompt_id"],
        ),
        CheckConstraint("seat BETWEEN 1 AND seats", name="no_seat_beyond"),
    )

    comparison_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seat: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seats: Mapped[int]
    batch_id: Mapped[int]
    prompt_id: Mapped[int]
    position: Mapped[int]
    flipped: Mapped[bool | None]
    posting_id: Mapped[int | None] = mapped_column(ForeignKey("postings.id"), default=None)
    is_open: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    started: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


OPEN = text("is_open")
Index(
    "ix_seats_open",
    Seat.batch_id,
    Seat.started.desc(),
    Seat.position,
    Seat.seat,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
Index(
    "ix_seats_open_by_side",
    Seat.batch_id,
    Seat.flipped,
    Seat.started.desc(),
    Seat.position,
    Seat.seat,
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
Index(
    "ix_seats_posting_id",
    Seat.posting_id,
    sqlite_where=text("posting_id IS NOT NULL"),
    postgresql_where=text("posting_id IS NOT NULL"),
)
