"""Takes jobs from the table and has them done, one after another. Knows no broker: a bell only wakes it."""

import os
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
from sqlalchemy.exc import OperationalError

from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import JobKind, JobState, Queue
from backend.errors import AppError
from backend.services.asking import jobs
from backend.services.asking.jobs import Held, Lost
from worker.duty import Closing, Duty, ToldToStop, Why, beating, clock

log = structlog.get_logger()
Handler = Callable[[Duty], None]
LOOK_SECONDS = 1.0


def name() -> str:
    """A worker's own name, never given twice: machine, process and a number drawn once."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"


@dataclass(frozen=True)
class Worker:
    """Does jobs of some queues. closing: once it is set, the job at hand goes back into its queue and the work ends."""

    database: Database
    settings: Settings
    handlers: Mapping[JobKind, Handler]
    queues: Collection[Queue] = tuple(Queue)
    name: str = field(default_factory=name)
    closing: Closing = field(default_factory=threading.Event)

    def work(self, rung: threading.Event) -> None:
        """Until it closes: do what there is, then wait for a bell, or look again soon; so, too, without a database."""
        while not self.closing.is_set():
            try:
                found = self.do_one()
            except OperationalError as trouble:
                log.warning("worker.no_database", worker=self.name, trouble=str(trouble.orig))
                found = False
            if not found:
                rung.wait(LOOK_SECONDS)
                rung.clear()

    def do_one(self, only: int | None = None) -> bool:
        """Claim a job, or only this one, and do it; whether it was there to be claimed."""
        with self.database.transaction() as session:
            held = jobs.claim(session, self.name, self.queues, only=only, now=clock())
        if held is None:
            return False
        self.do(held)
        return True

    def do(self, held: Held) -> None:
        """Do a job that this worker has claimed, and store how it ended.

        Raises OperationalError where the database went away: the job goes on, here or elsewhere, after its lease.
        """
        with self.database.reading() as session:
            handler = self.handlers[JobKind(jobs.get(session, held.job_id).kind)]
        duty = Duty(self.database, self.settings, held)
        log.info("job.begun", job=held.job_id, attempt=held.attempt)
        try:
            state, error = outcome(duty, handler, self.closing)
            settle(duty, state, error)
        except Lost:
            log.warning("job.lost", job=held.job_id, attempt=held.attempt)


def outcome(duty: Duty, handler: Handler, closing: Closing) -> tuple[JobState, str]:
    """What the handler made of it, and the sentence that says why it did not do everything."""
    try:
        with beating(duty, closing):
            handler(duty)
    except (ToldToStop, Lost):
        return JobState.CANCELLED, ""
    except AppError as error:
        return (JobState.CANCELLED, "") if duty.stop.is_set() else (JobState.FAILED, str(error))
    except OperationalError:
        raise
    except Exception as error:  # the edge: whatever goes wrong in a job, its worker lives on and says so
        log.exception("job.broke", job=duty.held.job_id)
        return JobState.FAILED, f"An error of Assay's own, which its log tells whole: {type(error).__name__}: {error}"
    return JobState.DONE, ""


def settle(duty: Duty, state: JobState, error: str) -> None:
    """Store how it ended. A job whose worker closes goes back into the queue; a lost one is not ours to end."""
    if state == JobState.CANCELLED and duty.why == Why.LOST:
        raise Lost(f"Job {duty.held.job_id} was taken over.")
    with duty.chunk() as (session, _):
        if state == JobState.CANCELLED and duty.why == Why.CLOSING:
            jobs.hand_back(session, duty.held, Why.CLOSING, now=duty.now())
        else:
            jobs.finish(session, duty.held, state, error=error, now=duty.now())
    log.info("job.ended", job=duty.held.job_id, state=state, error=error)
