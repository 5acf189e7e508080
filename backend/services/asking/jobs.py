"""Jobs: put in a queue, claimed, kept alive, stopped, tried again. Knows no work and no worker's machine.

A worker holds a job by its attempt. Whoever was believed dead and replaced finds out at the next `hold`, in the same
transaction as the rows it wanted to store, so nothing is written by two.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from sqlalchemy import ColumnElement, and_, case, func, insert, or_, select, update
from sqlalchemy.orm import Session

from backend.db.jobs import Job, JobEvent
from backend.domain.jobs import JobEventKind, JobKind, JobState, Manner, Queue
from backend.errors import AppError, Conflict, NotFound

LEASE = timedelta(seconds=12)
MOST_DEATHS = 5
LIVE = (JobState.QUEUED, JobState.RUNNING)
QUEUED_BY_PEOPLE = (JobEventKind.QUEUED, JobEventKind.TRIED_AGAIN)


class Lost(Conflict):
    """This job is another worker's by now, or has ended; nothing of this transaction may be kept."""


class BudgetSpent(AppError):
    """The next question could cost more than is left of the job's budget."""


@dataclass(frozen=True, slots=True)
class Held:
    """A job in a worker's hands: this attempt of it, and no later one."""

    job_id: int
    holder: str
    attempt: int


class Work(TypedDict, total=False):
    """What a job makes, by its row; one of these."""

    generation_id: int | None
    judging_id: int | None
    synthesis_id: int | None
    training_run_id: int | None


def enqueue(
    session: Session,
    *,
    kind: JobKind,
    queue: Queue,
    study_id: int | None,
    manner: Manner,
    now: datetime,
    allowed: int | None = None,
    **work: Unpack[Work],
) -> Job:
    """A new job at the end of its queue. Conflict where one does the same work already.

    allowed: the most that it may cost, in millionths of a dollar.
    """
    if (same := live(session, **work)) is not None:
        raise Conflict(f"Job {same.id} is doing this already: wait for it, or cancel it first.")
    job = Job(
        kind=kind,
        queue=queue,
        study_id=study_id,
        manner=manner.to_json(),
        allowed=allowed,
        created_at=now,
        **work,
    )
    session.add(job)
    session.flush()
    note(session, job.id, JobEventKind.QUEUED, "queued", now=now)
    return job


def get(session: Session, job_id: int) -> Job:
    """The job, or NotFound."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    return job


def newest(session: Session, *, study_id: int | None = None, most: int = 200) -> Sequence[Job]:
    """The live ones first, then those that ended last."""
    wanted = select(Job) if study_id is None else select(Job).where(Job.study_id == study_id)
    order = (case((Job.state.in_(LIVE), 0), else_=1), Job.id.desc())
    return session.scalars(wanted.order_by(*order).limit(most)).all()


def live(session: Session, **work: Unpack[Work]) -> Job | None:
    """The job that is making these outputs, verdicts, questions or this model, or waits to."""
    same = (
        Job.generation_id == work.get("generation_id"),
        Job.judging_id == work.get("judging_id"),
        Job.synthesis_id == work.get("synthesis_id"),
        Job.training_run_id == work.get("training_run_id"),
    )
    return session.scalar(select(Job).where(Job.state.in_(LIVE), *same))


def work_of(job: Job) -> Work:
    """What a job makes."""
    return Work(
        generation_id=job.generation_id,
        judging_id=job.judging_id,
        synthesis_id=job.synthesis_id,
        training_run_id=job.training_run_id,
    )


def events(session: Session, job_id: int) -> Sequence[JobEvent]:
    """What became of it, in order."""
    return session.scalars(select(JobEvent).where(JobEvent.job_id == job_id).order_by(JobEvent.id)).all()


def waiting(session: Session, *, now: datetime) -> Sequence[tuple[int, str]]:
    """(id, queue) of the jobs that somebody should begin: queued, or held by a worker that gives no sign of life."""
    return [(one.id, one.queue) for one in session.scalars(select(Job).where(is_free(now)).order_by(Job.id))]


def claim(
    session: Session, holder: str, queues: Collection[Queue], *, only: int | None = None, now: datetime
) -> Held | None:
    """Take the oldest free job of these queues, or only this one; None if there is none.

    One whose workers died again and again is given up, since it may be what kills them.
    """
    wanted = select(Job).where(is_free(now), Job.queue.in_(queues)).order_by(Job.id).limit(1)
    wanted = wanted if only is None else wanted.where(Job.id == only)
    while (job := session.scalar(wanted.with_for_update(skip_locked=True))) is not None:
        if job.state == JobState.RUNNING:
            note(session, job.id, JobEventKind.LOST, f"{job.holder} gave no sign of life any more", now=now)
        if job.state == JobState.RUNNING and deaths(session, job) >= MOST_DEATHS:
            end(session, job, JobState.FAILED, f"{MOST_DEATHS} workers died while they had it.", now=now)
            continue
        if job.asked_to_stop:
            end(session, job, JobState.CANCELLED, "", now=now)
            continue
        return begin(session, job, holder, now=now)
    return None


def begin(session: Session, job: Job, holder: str, *, now: datetime) -> Held:
    """Into this worker's hands."""
    job.state, job.holder, job.lease_until = JobState.RUNNING, holder, now + LEASE
    job.attempt += 1
    job.started_at = job.started_at or now
    job.error, job.failed = "", 0
    note(session, job.id, JobEventKind.BEGUN, f"begun by {holder}", now=now)
    session.flush()
    return Held(job.id, holder, job.attempt)


def deaths(session: Session, job: Job) -> int:
    """How many workers were lost since somebody last queued it."""
    of_job = JobEvent.job_id == job.id
    by_people = select(func.max(JobEvent.id)).where(of_job, JobEvent.kind.in_(QUEUED_BY_PEOPLE)).scalar_subquery()
    lost = select(func.count()).where(of_job, JobEvent.kind == JobEventKind.LOST, JobEvent.id > by_people)
    return session.execute(lost).scalar_one()


def hold(session: Session, held: Held, *, now: datetime) -> Job:
    """The job, locked, and alive for another while; Lost where it is not this worker's any more."""
    mine = and_(Job.id == held.job_id, Job.attempt == held.attempt, Job.state == JobState.RUNNING)
    kept = session.execute(update(Job).where(mine).values(lease_until=now + LEASE).returning(Job.id)).first()
    if kept is None:
        raise Lost(f"Job {held.job_id} is not held by {held.holder} any more.")
    return session.get_one(Job, held.job_id, populate_existing=True)


def set_aside(session: Session, held: Held, amount: int, *, in_hand: int = 0, now: datetime) -> None:
    """Count this many millionths as spent before they may be; BudgetSpent where they would be too many.

    in_hand: what was set aside before and is not spent; the next question may cost both together.
    """
    job = hold(session, held, now=now)
    if job.allowed is not None and job.spent + amount > job.allowed:
        raise BudgetSpent(
            f"The next question could cost ${(amount + in_hand) / 1e6:.4f}, and of the budget of "
            f"${job.allowed / 1e6:.4f} ${(job.allowed - job.spent + in_hand) / 1e6:.4f} is left. Retry the job with a "
            "larger budget to go on."
        )
    job.spent += amount


def finish(session: Session, held: Held, state: JobState, *, error: str = "", now: datetime) -> None:
    """It has ended so."""
    end(session, hold(session, held, now=now), state, error, now=now)


def hand_back(session: Session, held: Held, reason: str, *, now: datetime) -> None:
    """Back into the queue: its worker is told to stop, not the job."""
    job = hold(session, held, now=now)
    job.state, job.holder, job.lease_until = JobState.QUEUED, None, None
    note(session, job.id, JobEventKind.HANDED_BACK, f"handed back by {held.holder}: {reason}", now=now)


def cancel(session: Session, job: Job, *, now: datetime) -> None:
    """Stop it: at once while nobody has it; else its worker stops after what is under way. Kept: all that is done."""
    lock(session, job)
    if not JobState(job.state).is_live:
        raise Conflict(f"Job {job.id} has ended already: it is {job.state}.")
    job.asked_to_stop = True
    note(session, job.id, JobEventKind.ASKED_TO_STOP, "asked to stop", now=now)
    if job.state == JobState.QUEUED:
        end(session, job, JobState.CANCELLED, "", now=now)


def retry(session: Session, job: Job, reason: str, *, allowed: int | None = None, now: datetime) -> None:
    """Queue it again for what is missing. allowed: a new budget in millionths, counted from the job's beginning."""
    lock(session, job)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):
        raise Conflict(f"Job {job.id} is {job.state}; only one that failed or was cancelled can be tried again.")
    if (same := live(session, **work_of(job))) is not None:
        raise Conflict(f"Job {same.id} is doing this already: wait for it, or cancel it first.")
    if allowed is not None and allowed < job.spent:
        raise Conflict(f"Job {job.id} has spent ${job.spent / 1e6:.4f} already; the new budget is below that.")
    job.state, job.asked_to_stop, job.finished_at, job.failed, job.error = JobState.QUEUED, False, None, 0, ""
    job.allowed = job.allowed if allowed is None else allowed
    note(session, job.id, JobEventKind.TRIED_AGAIN, f"tried again: {reason}", now=now)


def lock(session: Session, job: Job) -> None:
    """As it is now, and nobody else's until this transaction ends: a worker may just have taken it, or let go of it."""
    session.flush()
    session.refresh(job, with_for_update=True)


def end(session: Session, job: Job, state: JobState, error: str, *, now: datetime) -> None:
    """Its last state, with the reason, on record."""
    job.state, job.error, job.finished_at, job.holder, job.lease_until = state, error, now, None, None
    note(session, job.id, JobEventKind.ENDED, f"{state}: {error}" if error else state, now=now)


def note(session: Session, job_id: int, kind: JobEventKind, words: str, *, now: datetime) -> None:
    """Write down what became of it."""
    session.flush()
    session.execute(insert(JobEvent).values(job_id=job_id, kind=kind, words=words, at=now))


def is_free(now: datetime) -> ColumnElement[bool]:
    """Whether somebody should begin it."""
    return or_(Job.state == JobState.QUEUED, and_(Job.state == JobState.RUNNING, Job.lease_until < now))
