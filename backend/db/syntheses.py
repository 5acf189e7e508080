"""New questions or tasks made from a few: how, and which calls were answered. What was taken follows from these."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of
from backend.domain.asking import EngineKind
from backend.domain.synthesis.methods import Way


class Synthesis(Base):
    """How entries are made, for ever, but for how many are wanted and how many calls that may take.

    prompt: the template of a call's question, whole, so that it outlives its file; template: how that question is
    written as one text, "" for a chat. seeds: those that are shown. excluded: seeds that are too close to an evaluation
    set, and to what. evaluation: the texts that nothing may come close to; closest: how close, in BLEU. draw: the seed
    of which examples a call shows.
    """

    __tablename__ = "syntheses"
    __table_args__ = (
        one_of("way", Way),
        one_of("engine", EngineKind),
        CheckConstraint("wanted >= 1 AND most_calls >= 1", name="wants_something"),
        CheckConstraint("closest >= 0 AND closest <= 100", name="closest"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    way: Mapped[str]
    engine: Mapped[str]
    model: Mapped[str]
    url: Mapped[str]
    template: Mapped[str]
    instructions: Mapped[str]
    sampling: Mapped[dict[str, Any]] = mapped_column(JSON)
    serving: Mapped[dict[str, Any]] = mapped_column(JSON)
    prompt: Mapped[str]
    seeds: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    excluded: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    evaluation: Mapped[list[str]] = mapped_column(JSON)
    closest: Mapped[float]
    draw: Mapped[int]
    wanted: Mapped[int]
    most_calls: Mapped[int]
    created_at: Mapped[datetime]


class SynthesisCall(Base):
    """A call that was answered, or refused for good; insert-only. Calls without a row are missing."""

    __tablename__ = "synthesis_calls"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(reply_hash IS NULL) = (refusal <> '')", name="answered_or_refused"),
    )

    synthesis_id: Mapped[int] = mapped_column(ForeignKey("syntheses.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reply_hash: Mapped[str | None] = mapped_column(ForeignKey("replies.hash"))
    refusal: Mapped[str]
