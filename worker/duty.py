"""A job in this worker's hands: its chunks, its signs of life, and the reasons to stop. Knows no kind of work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Protocol

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.config import Settings
from backend.db.jobs import Job
from backend.db.session import Database
from backend.services.asking import jobs
from backend.services.asking.jobs import Held, Lost
from worker.engines.patience import Patience
from worker.engines.waits import Waits

log = structlog.get_logger()
BEAT_SECONDS = 2.0
LOOK_SECONDS = 0.2


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Closing(Protocol):
    """Whether a worker is to end: an event in its own process, or what its parent process lets go of."""

    def is_set(self) -> bool:
        """Whether it is."""


class Why(StrEnum):
    """Why a job is to stop before it has done everything."""

    CANCELLED = "cancelled"
    LOST = "lost"
    CLOSING = "its worker is closing"


class ToldToStop(Exception):
    """Raised where work would go on although its job is to stop; whoever runs the job knows why."""


@dataclass
class Duty:
    """What a handler is given. `stop` is set when it should end soon; what it stored by then is kept.

    patience, waits: how engines are asked again after trouble, and the clock on which that waits.
    """

    database: Database
    settings: Settings
    held: Held
    now: Callable[[], datetime] = clock
    stop: threading.Event = field(default_factory=threading.Event)
    why: Why | None = None
    patience: Patience = field(default_factory=Patience)
    waits: Callable[[threading.Event], Waits] = Waits

    @contextmanager
    def chunk(self) -> Iterator[tuple[Session, Job]]:
        """One transaction of this job; Lost, and nothing stored, where the job is another worker's by now.

        There may be more to do than was counted at its beginning: outputs come while a judge compares them.
        """
        with self.database.transaction() as session:
            job = jobs.hold(session, self.held, now=self.now())
            yield session, job
            if job.total is not None:
                job.total = max(job.total, job.done + job.failed)

    def say(self, message: str) -> None:
        """What it does now, for whoever watches."""
        with self.chunk() as (_, job):
            job.message = message

    def end(self, why: Why) -> None:
        """Ask the handler to stop; the first reason counts."""
        if self.why is None:
            self.why = why
        self.stop.set()

    def go_on(self) -> None:
        """Raises ToldToStop where the job is to stop."""
        if self.stop.is_set():
            raise ToldToStop


@contextmanager
def beating(duty: Duty, closing: Closing) -> Iterator[None]:
    """While the block runs, give signs of life, and end the duty when it is cancelled, lost, or the worker closes."""
    ended = threading.Event()
    heart = threading.Thread(target=beat, args=(duty, closing, ended), daemon=True, name=f"job-{duty.held.job_id}")
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()


def beat(duty: Duty, closing: Closing, ended: threading.Event) -> None:
    """A sign of life every two seconds; that the worker closes is seen at once."""
    due = monotonic() + BEAT_SECONDS
    while not ended.wait(LOOK_SECONDS):
        if closing.is_set():
            duty.end(Why.CLOSING)
        if monotonic() >= due:
            due = monotonic() + BEAT_SECONDS
            give_sign(duty)


def give_sign(duty: Duty) -> None:
    """Say that it is alive, and hear whether it is to stop. What the database refuses now it may take the next time."""
    try:
        with duty.chunk() as (_, job):
            if job.asked_to_stop:
                duty.end(Why.CANCELLED)
    except Lost:
        duty.end(Why.LOST)
    except OperationalError as trouble:
        log.warning("job.beat_missed", job=duty.held.job_id, trouble=str(trouble))
