"""Jobs as they are shown: what each does in words, how far it is and how fast. Changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.db.jobs import Job, JobEvent
from backend.db.judges import Judge, Judging
from backend.db.outputs import System
from backend.db.replies import StoredReply
from backend.db.studies import Study
from backend.db.syntheses import Synthesis
from backend.db.training_runs import TrainingRun
from backend.domain.jobs import JobEventKind, JobState
from backend.domain.pace import Pace, pace
from backend.services.asking import jobs
from backend.services.asking.jobs import LIVE

STRETCH = timedelta(minutes=5)
JOBS_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job, what it makes, and for which study, "" for none. pace: None where too little is known of it."""

    job: Job
    study: str
    about: str
    pace: Pace | None
    is_silent: bool

    @property
    def is_live(self) -> bool:
        """Whether somebody may still work on it."""
        return JobState(self.job.state).is_live

    @property
    def may_be_retried(self) -> bool:
        """Whether it ended before it had done everything."""
        return self.job.state in (JobState.FAILED, JobState.CANCELLED)

    @property
    def seconds(self) -> float | None:
        """From its first beginning to its end, pauses included."""
        if self.job.started_at is None or self.job.finished_at is None:
            return None
        return (self.job.finished_at - self.job.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of jobs: the live ones first, then those that were queued last. found: how many there are."""

    lines: tuple[JobLine, ...]
    found: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.found // JOBS_A_PAGE))


def listing(session: Session, *, page: int, now: datetime) -> Listing:
    """A page of all jobs, from 1; beyond the last one it is the last one."""
    found = session.execute(select(func.count()).select_from(Job)).scalar_one()
    page = min(max(page, 1), max(1, -(-found // JOBS_A_PAGE)))
    ids = session.scalars(
        select(Job.id)
        .order_by(Job.state.not_in(LIVE), Job.id.desc())
        .limit(JOBS_A_PAGE)
        .offset((page - 1) * JOBS_A_PAGE)
    ).all()
    return Listing(tuple(lines(session, ids, now=now)), found, page)


def line(session: Session, job_id: int, *, now: datetime) -> JobLine:
    """One job, or NotFound."""
    return next(lines(session, [jobs.get(session, job_id).id], now=now))


def newest_of_systems(session: Session, study_id: int, *, now: datetime) -> dict[int, JobLine]:
    """system -> the last job that made its outputs, or makes them."""
    newest = select(func.max(Job.id)).where(Job.study_id == study_id, Job.generation_id.is_not(None))
    ids = session.scalars(newest.group_by(Job.generation_id)).all()
    return {one.job.generation_id: one for one in lines(session, ids, now=now) if one.job.generation_id is not None}


def lines(session: Session, ids: Sequence[int], *, now: datetime) -> Iterator[JobLine]:
    """These jobs in this order, each with the words for it."""
    candidate, baseline = aliased(System), aliased(System)
    rows = session.execute(
        select(
            Job, Study.name, System.name, Synthesis.name, TrainingRun.name, Judge.name, candidate.name, baseline.name
        )
        .outerjoin(Study, Study.id == Job.study_id)
        .outerjoin(System, System.id == Job.generation_id)
        .outerjoin(Synthesis, Synthesis.id == Job.synthesis_id)
        .outerjoin(TrainingRun, TrainingRun.id == Job.training_run_id)
        .outerjoin(Judging, Judging.id == Job.judging_id)
        .outerjoin(Judge, Judge.id == Judging.judge_id)
        .outerjoin(candidate, candidate.id == Judging.candidate_id)
        .outerjoin(baseline, baseline.id == Judging.baseline_id)
        .where(Job.id.in_(ids))
    )
    known = {job.id: (job, study or "", words(*names)) for job, study, *names in rows}
    for number in ids:
        job, study, about = known[number]
        silent = job.state == JobState.RUNNING and job.lease_until is not None and job.lease_until < now
        yield JobLine(job, study, about, pace_of(session, job, now=now), silent)


def words(
    system: str | None,
    synthesis: str | None,
    run: str | None,
    judge: str | None,
    candidate: str | None,
    baseline: str | None,
) -> str:
    """What a job does."""
    if synthesis:
        return f"Synthesis {synthesis}"
    if run:
        return f"Training of {run}"
    return f"Outputs of {system}" if system else f"Verdicts of {judge}: {candidate} against {baseline}"


def pace_of(session: Session, job: Job, *, now: datetime) -> Pace | None:
    """From the replies of its last five minutes in these hands; None while it is not being done."""
    if job.state != JobState.RUNNING or job.total is None:
        return None
    begun = session.scalar(
        select(func.max(JobEvent.at)).where(JobEvent.job_id == job.id, JobEvent.kind == JobEventKind.BEGUN)
    )
    lately = (StoredReply.job_id == job.id, StoredReply.answered_at >= max(begun or now, now - STRETCH))
    first = session.scalar(select(func.min(StoredReply.answered_at)).where(*lately))
    if first is None:
        return None
    later = select(func.count()).select_from(StoredReply).where(*lately, StoredReply.answered_at > first)
    left = job.total - job.done - job.failed
    return pace(session.execute(later).scalar_one(), (now - first).total_seconds(), left)
