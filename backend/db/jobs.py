"""Long work: this table is the truth, and every queue only a doorbell."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever the domain's to_json() gives

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of
from backend.domain.jobs import JobEventKind, JobKind, JobState, Queue

LIVE = text("state IN ('queued', 'running')")


class Job(Base):
    """A piece of work that is done in chunks; what is left of it are the rows that are missing.

    holder, lease_until: the worker that has it, until when it is believed alive without another sign of life; attempt
    counts holders, so a worker that was given up can't write any more. done, total, failed: rows; total is NULL until
    it was counted, and failed ones have been tried. message: what it does now. error: why it stopped. asked_to_stop:
    by a person. manner: of backend.domain.jobs. allowed, spent: millionths of a dollar; spent counts what is set aside
    for questions under way. study_id: NULL for a synthesis and a training run, which belong to none.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        one_of("kind", JobKind),
        one_of("state", JobState),
        one_of("queue", Queue),
        ForeignKeyConstraint(["generation_id", "study_id"], ["generations.system_id", "generations.study_id"]),
        ForeignKeyConstraint(["judging_id", "study_id"], ["judgings.id", "judgings.study_id"]),
        CheckConstraint(
            "(kind = 'generate') = (generation_id IS NOT NULL) AND (kind = 'judge') = (judging_id IS NOT NULL)"
            " AND (kind = 'synthesize') = (synthesis_id IS NOT NULL)"
            " AND (kind = 'train') = (training_run_id IS NOT NULL)"
            " AND (kind IN ('synthesize', 'train')) = (study_id IS NULL)",
            name="names_its_work",
        ),
        CheckConstraint(
            "(state = 'running') = (holder IS NOT NULL) AND (state = 'running') = (lease_until IS NOT NULL)",
            name="held_while_running",
        ),
        CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)", name="ends_at_a_moment"
        ),
        CheckConstraint("done >= 0 AND failed >= 0 AND (total IS NULL OR done + failed <= total)", name="counts"),
        CheckConstraint("spent >= 0 AND (allowed IS NULL OR spent <= allowed)", name="keeps_to_its_budget"),
        Index("uq_jobs_live_generation", "generation_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("uq_jobs_live_judging", "judging_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("uq_jobs_live_synthesis", "synthesis_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("uq_jobs_live_training_run", "training_run_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_jobs_state", "state", "queue"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    queue: Mapped[str]
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    study_id: Mapped[int | None] = mapped_column(ForeignKey("studies.id"))
    generation_id: Mapped[int | None] = mapped_column(default=None)
    judging_id: Mapped[int | None] = mapped_column(default=None)
    synthesis_id: Mapped[int | None] = mapped_column(ForeignKey("syntheses.id"), default=None)
    training_run_id: Mapped[int | None] = mapped_column(ForeignKey("training_runs.id"), default=None)
    manner: Mapped[dict[str, Any]] = mapped_column(JSON)
    attempt: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None] = mapped_column(default=None)
    message: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    asked_to_stop: Mapped[bool] = mapped_column(default=False)
    allowed: Mapped[int | None] = mapped_column(BigInteger, default=None)
    spent: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class JobEvent(Base):
    """What became of a job, in the order in which it did. words: for people, with by whom and why; never parsed."""

    __tablename__ = "job_events"
    __table_args__ = (one_of("kind", JobEventKind),)

    id: Mapped[Id]
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    kind: Mapped[str]
    words: Mapped[str]
    at: Mapped[datetime]


Index("ix_job_events_job_id", JobEvent.job_id)
