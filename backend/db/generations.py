"""Systems whose outputs are made here: how, and from which reply each output came."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of
from backend.domain.asking import EngineKind


class Generation(Base):
    """How a system's outputs are made, for ever: triggers refuse any change.

    model: a checkpoint, a hub name, or the name at `url`. template: how a prompt becomes a question. sample: 0 for the
    first draw, 1 for “the same system again”. serving: how a server of ours is started; of no consequence elsewhere.
    """

    __tablename__ = "generations"
    __table_args__ = (
        ForeignKeyConstraint(["system_id", "study_id"], ["systems.id", "systems.study_id"]),
        UniqueConstraint("system_id", "study_id"),
        one_of("engine", EngineKind),
        CheckConstraint("sample >= 0", name="sample"),
    )

    system_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    study_id: Mapped[int]
    engine: Mapped[str]
    model: Mapped[str]
    url: Mapped[str]
    template: Mapped[str]
    instructions: Mapped[str]
    sampling: Mapped[dict[str, Any]] = mapped_column(JSON)
    sample: Mapped[int]
    serving: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class OutputOrigin(Base):
    """The reply that an output is the text of. An output without one was imported."""

    __tablename__ = "output_origins"
    __table_args__ = (
        ForeignKeyConstraint(
            ["output_id", "prompt_id", "system_id"], ["outputs.id", "outputs.prompt_id", "outputs.system_id"]
        ),
    )

    output_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prompt_id: Mapped[int]
    system_id: Mapped[int] = mapped_column(ForeignKey("generations.system_id"))
    reply_hash: Mapped[str] = mapped_column(ForeignKey("replies.hash"))


Index("ix_output_origins_system_id", OutputOrigin.system_id)
