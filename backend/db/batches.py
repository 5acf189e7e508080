"""A batch: one launch of one or more candidates against a baseline, so many seats, one seed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of


class BatchState(StrEnum):
    """Paused gives out no seats for a while; closed never again. Both honour live leases."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Batch(Base):
    """One launch. Its seats and baseline are carried down by composite keys, so they can't differ below.

    `opening` of the seats are open at first; triggers open the others where those have no majority.
    """

    __tablename__ = "batches"
    __table_args__ = (
        ForeignKeyConstraint(["version_id", "study_id"], ["study_versions.id", "study_versions.study_id"]),
        ForeignKeyConstraint(["baseline_id", "study_id"], ["systems.id", "systems.study_id"]),
        UniqueConstraint("id", "seats"),
        UniqueConstraint("id", "baseline_id"),
        CheckConstraint("seats BETWEEN 1 AND 99", name="seats"),
        CheckConstraint("opening BETWEEN 1 AND seats", name="opening"),
        CheckConstraint("lease_seconds > 0", name="lease"),
        CheckConstraint("session_size > 0", name="session_size"),
        CheckConstraint("rater_cap IS NULL OR rater_cap > 0", name="rater_cap"),
        one_of("state", BatchState),
    )

    id: Mapped[Id]
    study_id: Mapped[int]
    version_id: Mapped[int]
    baseline_id: Mapped[int]
    seats: Mapped[int]
    opening: Mapped[int]
    seed: Mapped[int]
    session_size: Mapped[int]
    rater_cap: Mapped[int | None]
    lease_seconds: Mapped[int]
    state: Mapped[str] = mapped_column(default=BatchState.OPEN)
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None] = mapped_column(default=None)
    unsealed_at: Mapped[datetime | None] = mapped_column(default=None)
