"""A rater's way to the task: consent, training, entry test; and its end. Facts that are stored once."""

from datetime import datetime
from typing import Any  # a JSON column of answers

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id


class Consent(Base):
    """A rater agreed, or did not, to exactly this text (its sha256). Insert-only."""

    __tablename__ = "consents"

    link_id: Mapped[int] = mapped_column(ForeignKey("links.id"), primary_key=True, autoincrement=False)
    text_hash: Mapped[str]
    agreed: Mapped[bool]
    given_at: Mapped[datetime]


class Practice(Base):
    """What a rater chose at one exercise of the training. Insert-only, never a rating."""

    __tablename__ = "practices"

    link_id: Mapped[int] = mapped_column(ForeignKey("links.id"), primary_key=True, autoincrement=False)
    exercise: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    choice: Mapped[str]
    answered_at: Mapped[datetime]


class EntryTest(Base):
    """An entry test that a rater took, once a batch. Insert-only. name: what the ledger pays it under.

    answers: the choices in the order of the exercises. passed: as the declared pass mark decided at that moment.
    """

    __tablename__ = "entry_tests"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id"], ["batches.id"]),
        ForeignKeyConstraint(["rater_id"], ["raters.id"]),
        UniqueConstraint("batch_id", "rater_id", "name"),
        CheckConstraint("score BETWEEN 0 AND out_of", name="score"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int]
    rater_id: Mapped[int]
    name: Mapped[str]
    answers: Mapped[list[Any]] = mapped_column(JSON)
    score: Mapped[int]
    out_of: Mapped[int]
    passed: Mapped[bool]
    active_ms: Mapped[int | None] = mapped_column(default=None)
    taken_at: Mapped[datetime]


class Completion(Base):
    """A rater was told that they have finished, and was given this code to hand over. Insert-only."""

    __tablename__ = "completions"

    link_id: Mapped[int] = mapped_column(ForeignKey("links.id"), primary_key=True, autoincrement=False)
    outcome: Mapped[str]
    code: Mapped[str | None]
    completed_at: Mapped[datetime]


class Listed(Base):
    """A rater whom the researcher lets in, or turns away, by the id of their channel, with the reason they read."""

    __tablename__ = "listed_raters"
    __table_args__ = (UniqueConstraint("batch_id", "channel", "external_id"),)

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    channel: Mapped[str]
    external_id: Mapped[str]
    may_enter: Mapped[bool]
    reason: Mapped[str]
    listed_at: Mapped[datetime]
