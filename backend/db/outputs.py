"""Systems and what they answered."""

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id


class System(Base):
    """Anything that answers prompts."""

    __tablename__ = "systems"
    __table_args__ = (UniqueConstraint("study_id", "name"), UniqueConstraint("id", "study_id"))

    id: Mapped[Id]
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    name: Mapped[str]


class Output(Base):
    """One system's answer to one prompt. `shown` is the scrubbed text, where self-identification was removed.

    Triggers refuse any change of `text`, and of `shown` once the output is in a comparison.
    """

    __tablename__ = "outputs"
    __table_args__ = (
        ForeignKeyConstraint(["system_id", "study_id"], ["systems.id", "systems.study_id"]),
        ForeignKeyConstraint(["prompt_id", "study_id"], ["prompts.id", "prompts.study_id"]),
        UniqueConstraint("prompt_id", "system_id"),
        UniqueConstraint("id", "prompt_id", "system_id"),
    )

    id: Mapped[Id]
    study_id: Mapped[int]
    system_id: Mapped[int]
    prompt_id: Mapped[int]
    text: Mapped[str]
    shown: Mapped[str | None] = mapped_column(default=None)
