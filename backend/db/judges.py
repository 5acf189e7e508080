"""Judges, what they are asked to compare, and their verdicts."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of
from backend.domain.asking import EngineKind
from backend.domain.choices import Choice
from backend.domain.judging.orders import Orders, Rule


class Judge(Base):
    """A model with a template and its rules, for ever: triggers refuse any change.

    template: its name, and that of a family where the prompt's category chooses. templates: as
    backend.domain.judging.templates writes them, whole, so that they outlive their files. engine: NULL where the
    verdicts were given elsewhere and imported.
    """

    __tablename__ = "judges"
    __table_args__ = (
        UniqueConstraint("study_id", "name"),
        UniqueConstraint("id", "study_id"),
        one_of("engine", EngineKind),
        one_of("orders", Orders),
        one_of("rule", Rule),
    )

    id: Mapped[Id]
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"))
    name: Mapped[str]
    template: Mapped[str]
    templates: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    engine: Mapped[str | None]
    model: Mapped[str]
    url: Mapped[str]
    sampling: Mapped[dict[str, Any]] = mapped_column(JSON)
    serving: Mapped[dict[str, Any]] = mapped_column(JSON)
    orders: Mapped[str]
    rule: Mapped[str]
    created_at: Mapped[datetime]


class Judging(Base):
    """Two systems whose outputs a judge compares, prompt by prompt."""

    __tablename__ = "judgings"
    __table_args__ = (
        ForeignKeyConstraint(["judge_id", "study_id"], ["judges.id", "judges.study_id"]),
        ForeignKeyConstraint(["candidate_id", "study_id"], ["systems.id", "systems.study_id"]),
        ForeignKeyConstraint(["baseline_id", "study_id"], ["systems.id", "systems.study_id"]),
        UniqueConstraint("judge_id", "candidate_id", "baseline_id"),
        UniqueConstraint("id", "study_id"),
        CheckConstraint("candidate_id <> baseline_id", name="two_systems"),
    )

    id: Mapped[Id]
    study_id: Mapped[int]
    judge_id: Mapped[int]
    candidate_id: Mapped[int]
    baseline_id: Mapped[int]
    created_at: Mapped[datetime]


class Verdict(Base):
    """What a judge said of two outputs to one prompt, in the order in which it saw them; insert-only.

    choice: NULL where the reply can't be read, which is unparsed, and reason says why. first_score, second_score: on
    the template's own scale, where it has one; strength: how clearly, where it says so. first_probability: of the
    first winning, from the reply's logprobs. raw: the reply, as it came; tries: how often it was asked. reply_hash:
    NULL where it was imported.
    """

    __tablename__ = "verdicts"
    __table_args__ = (
        ForeignKeyConstraint(["judge_id", "study_id"], ["judges.id", "judges.study_id"]),
        ForeignKeyConstraint(
            ["first_id", "prompt_id", "first_system_id"], ["outputs.id", "outputs.prompt_id", "outputs.system_id"]
        ),
        ForeignKeyConstraint(
            ["second_id", "prompt_id", "second_system_id"], ["outputs.id", "outputs.prompt_id", "outputs.system_id"]
        ),
        # of the judge's own study, and so are their outputs
        ForeignKeyConstraint(["first_system_id", "study_id"], ["systems.id", "systems.study_id"]),
        ForeignKeyConstraint(["second_system_id", "study_id"], ["systems.id", "systems.study_id"]),
        UniqueConstraint("judge_id", "first_id", "second_id"),
        one_of("choice", Choice),
        CheckConstraint("first_id <> second_id", name="two_outputs"),
        CheckConstraint("(choice IS NULL) = (reason <> '')", name="unparsed_for_a_reason"),
        CheckConstraint("(first_score IS NULL) = (second_score IS NULL)", name="both_scores"),
        CheckConstraint("first_probability BETWEEN 0 AND 1", name="first_probability"),
    )

    id: Mapped[Id]
    study_id: Mapped[int]
    judge_id: Mapped[int]
    prompt_id: Mapped[int]
    first_id: Mapped[int]
    first_system_id: Mapped[int]
    second_id: Mapped[int]
    second_system_id: Mapped[int]
    choice: Mapped[str | None]
    strength: Mapped[int | None]
    first_score: Mapped[float | None]
    second_score: Mapped[float | None]
    first_probability: Mapped[float | None]
    reason: Mapped[str]
    raw: Mapped[str]
    finish: Mapped[str]
    model: Mapped[str]
    tries: Mapped[int]
    reply_hash: Mapped[str | None] = mapped_column(ForeignKey("replies.hash"))
    given_at: Mapped[datetime | None]


Index("ix_verdicts_judge_id", Verdict.judge_id, Verdict.first_system_id, Verdict.second_system_id)
