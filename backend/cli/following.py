"""Watching a job in a terminal until it ends, and doing it meanwhile unless a worker has it. Knows no kind of job."""

import logging
import sys
import threading
import time

import click
import structlog
from sqlalchemy.exc import OperationalError

from backend import log
from backend.cli.dispatch import hearing_interrupts, leaving_when_told
from backend.cli.progress import bar
from backend.config import Settings
from backend.db.jobs import Job
from backend.db.session import Database
from backend.domain.jobs import JobState
from backend.errors import Unavailable
from backend.services.asking import jobs
from worker.handlers import HANDLERS
from worker.running import Worker

logger = structlog.get_logger()
LOOK_SECONDS = 0.5


def followed(
    database: Database,
    settings: Settings,
    job_id: int,
    *,
    label: str,
    kept: str = "What is answered",
    says: bool = False,
) -> None:
    """Do this job here, unless a worker has it already, with a bar until it ends. Ctrl-C leaves it in its queue.

    kept: what Ctrl-C does not lose. says: what the job says stands behind the bar.

    Raises AppError with the job's own sentence where it did not do everything.
    """
    log.configure(level=logging.WARNING)  # the bar says what the log would
    closing = threading.Event()
    worker = Worker(database, settings, HANDLERS, closing=closing)
    thread = threading.Thread(target=seen_through, args=(worker, job_id, closing), name="doing")
    thread.start()
    try:
        with leaving_when_told(), hearing_interrupts():
            watch(database, job_id, label=label, says=says)
    except (KeyboardInterrupt, SystemExit):
        click.echo(f"\nStopping. {kept} is kept; job {job_id} waits for `assay serve` or this call again.")
        sys.exit(130)
    finally:  # whatever ends the watch: work that nobody watches would keep this process alive
        closing.set()
        thread.join()
    with database.reading() as session:
        job = jobs.get(session, job_id)
    if job.state != JobState.DONE:
        raise Unavailable(f"Job {job_id} was cancelled." if job.state == JobState.CANCELLED else job.error)


def seen_through(worker: Worker, job_id: int, closing: threading.Event) -> None:
    """Do the job; where another worker has it, stand by in case that one dies. So, too, while the database is away."""
    while not closing.is_set():
        try:
            if worker.do_one(job_id) or not is_live(worker.database, job_id):
                return
        except OperationalError as trouble:
            logger.warning("worker.no_database", worker=worker.name, trouble=str(trouble.orig))
        closing.wait(LOOK_SECONDS)


def is_live(database: Database, job_id: int) -> bool:
    """Whether somebody is to work on it still."""
    with database.reading() as session:
        return JobState(jobs.get(session, job_id).state).is_live


def watch(database: Database, job_id: int, *, label: str, says: bool = False) -> None:
    """What the job says until its first row, such as that nobody answers; then a bar over its rows until it ends."""
    said = ""
    with database.reading() as session:
        job = jobs.get(session, job_id)
    while not job.done + job.failed and JobState(job.state).is_live:
        said = told(job.message, said)
        job = looked_at(database, job_id)
    with bar(job.total or 0, label) as advance:
        shown = 0
        while True:
            advance(max(job.done + job.failed - shown, 0), job.message if says else None)
            shown = max(shown, job.done + job.failed)
            if not JobState(job.state).is_live:
                return
            job = looked_at(database, job_id)


def looked_at(database: Database, job_id: int) -> Job:
    """The job, a little later."""
    time.sleep(LOOK_SECONDS)
    with database.reading() as session:
        return jobs.get(session, job_id)


def told(message: str, before: str) -> str:
    """Say it unless it was said."""
    if message and message != before:
        click.echo(message, err=True)
    return message
