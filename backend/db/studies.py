"""A study: its instructions and prompts. Its settings may change until a launch freezes them as a version."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id


class Study(Base):
    """Instructions and prompts; `settings` is the draft that the next launch freezes."""

    __tablename__ = "studies"

    id: Mapped[Id]
    name: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    import_report: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class StudyVersion(Base):
    """Settings as they were launched, named by the hash of their content. Triggers refuse any change."""

    __tablename__ = "study_versions"
    __table_args__ = (
        UniqueConstraint("study_id", "settings_hash"),
        UniqueConstraint("study_id", "number"),
        UniqueConstraint("id", "study_id"),
    )

    id: Mapped[Id]
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    number: Mapped[int]
    settings_hash: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]


class Prompt(Base):
    """What systems answer. `dialogue` is a list of {role, text}; its last turn is the one that is answered."""

    __tablename__ = "prompts"
    __table_args__ = (
        UniqueConstraint("study_id", "key"),
        UniqueConstraint("study_id", "text_hash"),
        UniqueConstraint("id", "study_id"),
    )

    id: Mapped[Id]
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    key: Mapped[str]
    dialogue: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    text_hash: Mapped[str]
    category: Mapped[str | None]
