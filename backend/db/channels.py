"""The channels through which a batch gets its raters, and what was posted on them."""

from datetime import datetime
from enum import StrEnum
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, Minor, one_of
from backend.db.raters import Channel


class BatchChannel(Base):
    """A channel of a batch, with what it offers and pays as it was declared. Triggers refuse any change.

    `imported` is none of these: it brings ratings, and no raters.
    """

    __tablename__ = "channels"
    __table_args__ = (
        UniqueConstraint("batch_id", "channel"),
        UniqueConstraint("id", "batch_id"),
        one_of("channel", Channel),
        CheckConstraint("channel <> 'imported'", name="brings_raters"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    channel: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class PostingState(StrEnum):
    """intended → published → paused ⇄ published → closed, or intended → closed where it was never published."""

    INTENDED = "intended"
    PUBLISHED = "published"
    PAUSED = "paused"
    CLOSED = "closed"


class Posting(Base):
    """Work offered on a channel: MTurk's HIT of one comparison, or Prolific's study of a batch.

    token: the same however often the vendor is asked; stored before it is. vendor_id: NULL until the vendor has said
    it. reward: of each place. closed_at: when the vendor confirmed that it is offered no longer; only then do its
    seats go back to the queue.
    """

    __tablename__ = "postings"
    __table_args__ = (
        ForeignKeyConstraint(["channel_id", "batch_id"], ["channels.id", "channels.batch_id"]),
        ForeignKeyConstraint(["comparison_id"], ["comparisons.id"]),
        ForeignKeyConstraint(
            ["reservation_id", "batch_id", "currency"],
            ["reservations.id", "reservations.batch_id", "reservations.currency"],
        ),
        UniqueConstraint("id", "batch_id"),
        UniqueConstraint("channel_id", "vendor_id"),
        one_of("state", PostingState),
        CheckConstraint("places > 0 AND reward >= 0", name="offers_something"),
        CheckConstraint("state NOT IN ('published', 'paused') OR vendor_id IS NOT NULL", name="named_by_the_vendor"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closes_once"),
    )

    id: Mapped[Id]
    token: Mapped[str] = mapped_column(unique=True)
    channel_id: Mapped[int]
    batch_id: Mapped[int]
    comparison_id: Mapped[int | None] = mapped_column(default=None)
    places: Mapped[int]
    currency: Mapped[str]
    reward: Mapped[Minor]
    reservation_id: Mapped[int | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default=PostingState.INTENDED)
    vendor_id: Mapped[str | None] = mapped_column(default=None)
    intended_at: Mapped[datetime]
    published_at: Mapped[datetime | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)


Index("ix_postings_batch_id", Posting.batch_id, Posting.state)
Index("ix_postings_comparison_id", Posting.comparison_id)
