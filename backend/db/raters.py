"""Raters (people) and the links through which they come."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of


class Channel(StrEnum):
    """How a rater came; `imported` ratings were collected elsewhere."""

    LINK = "link"
    PANEL = "panel"
    PROLIFIC = "prolific"
    MTURK = "mturk"
    IMPORTED = "imported"


class Rater(Base):
    """A person, known only by a channel and that channel's id."""

    __tablename__ = "raters"
    __table_args__ = (UniqueConstraint("channel", "external_id"), one_of("channel", Channel))

    id: Mapped[Id]
    channel: Mapped[str]
    external_id: Mapped[str]
    created_at: Mapped[datetime]


class Link(Base):
    """A way into a batch: personal when it names a rater, open (each visitor becomes a rater) when not.

    A rater who withdraws keeps the link, to see that it worked, and gets no further seat through it.
    """

    __tablename__ = "links"
    __table_args__ = (UniqueConstraint("batch_id", "rater_id"),)

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    rater_id: Mapped[int | None] = mapped_column(ForeignKey("raters.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    withdrawn_at: Mapped[datetime | None] = mapped_column(default=None)
