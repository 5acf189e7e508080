"""`assay jobs`: what is being done, what became of it, and stopping or retrying it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.asking import DOLLARS
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.db.base import LARGEST_NUMBER
from backend.db.jobs import Job, JobEvent
from backend.db.session import Database
from backend.errors import Invalid
from backend.services.asking import jobs as service


@click.command()
@click.argument("job", type=click.IntRange(1, LARGEST_NUMBER), required=False)
@click.option("--cancel", is_flag=True, help="Stop it after what is under way; everything answered is kept.")
@click.option("--retry", metavar="REASON", help="Queue it again for what is missing, with the reason for the record.")
@click.option("--budget", type=DOLLARS, help="With --retry: a new budget, counted from the job's beginning.")
@data_dir_option
def jobs(job: int | None, cancel: bool, retry: str | None, budget: int | None, data_dir: Path | None) -> None:
    """List all jobs, or tell of one: what it has done, what it cost, and what became of it.

    \b
      assay jobs                      the newest ones
      assay jobs 3                    one, with its history
      assay jobs 3 --cancel
      assay jobs 3 --retry "the server is up again" --budget 5
    """
    if job is None and (cancel or retry is not None):
        raise Invalid("Say which job: assay jobs 3 --cancel.")
    if retry is not None and not retry.strip():
        raise Invalid('Say why, for the record: assay jobs 3 --retry "the server is up again".')
    if budget is not None and retry is None:
        raise Invalid("A new budget goes with --retry; a job that runs keeps its own.")
    database = open_database(settings_with(data_dir=data_dir))
    if job is None:
        with database.reading() as session:
            found = service.newest(session)
            click.echo("\n".join(line(one) for one in found) or "There are no jobs yet; `assay generate --help`.")
        return
    if cancel or retry is not None:
        change(database, job, cancel=cancel, reason=retry, budget=budget)
    with database.reading() as session:
        click.echo(told(service.get(session, job), service.events(session, job)))


def change(database: Database, job_id: int, *, cancel: bool, reason: str | None, budget: int | None) -> None:
    """Stop it, or queue it again, or both."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        job = service.get(session, job_id)
        if cancel:
            service.cancel(session, job, now=now)
        if reason is not None:
            service.retry(session, job, reason, allowed=budget, now=now)


def line(job: Job) -> str:
    """One job on one line."""
    counted = f"{job.done} of {job.total}" if job.total is not None else "not counted yet"
    failed = f", {job.failed} failed" if job.failed else ""
    spent = f", ${job.spent / 1e6:.4f}" if job.spent else ""
    other = f"run {job.training_run_id}" if job.training_run_id else f"synthesis {job.synthesis_id}"
    about = f"study {job.study_id}" if job.study_id else other
    return f"{job.id:5}  {job.kind:10} {job.state:10} {counted}{failed}{spent}  {about}"


def told(job: Job, events: Sequence[JobEvent]) -> str:
    """One job with its history."""
    parts = [line(job)]
    parts += [f"       {job.message}"] if job.message else []
    return "\n".join([*parts, *history(events)])


def history(events: Sequence[JobEvent]) -> list[str]:
    """What became of a job, a line each."""
    return [f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.words}" for event in events]
