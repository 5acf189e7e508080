"""`assay worker`, `assay beat`: doing jobs in processes of their own, on this machine or another."""

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from backend.broker import Far
from backend.cli.dispatch import leaving_when_told, until_stopped
from backend.cli.house import data_dir_option, open_database, settings_with
from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import Queue
from backend.errors import Invalid
from backend.jobs import Near
from worker.beat import look
from worker.crew import at_work
from worker.handlers import HANDLERS

try:
    from worker import through_celery
except ModuleNotFoundError:  # Celery comes with the extra `celery` alone; backend.broker says so where it is needed
    HAS_CELERY = False
else:
    HAS_CELERY = True

ALIVE_SECONDS = 2.0
alive_option = click.option(
    "--alive",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to touch every few seconds while it works, for health checks.",
)


@click.command()
@click.option("--queues", default=",".join(Queue), show_default=True, help="Whose jobs: io, gpu, or both.")
@click.option("--concurrency", default=1, show_default=True, type=click.IntRange(1, 64), help="Jobs at one time.")
@alive_option
@data_dir_option
def worker(queues: str, concurrency: int, alive: Path | None, data_dir: Path | None) -> None:
    """Do jobs until told to stop; what is under way then goes back into its queue.

    With ASSAY_BROKER_URL it listens to Redis, and `assay beat` has to run somewhere; without, it looks at the database
    every second. A job of the queue gpu fills an accelerator, so such a worker does one at a time.

    \b
      assay worker
      assay worker --queues io --concurrency 4
      assay worker --queues gpu                    on the machine with the accelerator
    """
    wanted = queues_of(queues)
    if Queue.GPU in wanted and concurrency > 1:
        raise Invalid("Jobs of the queue gpu are done one at a time: give the queue io a worker of its own for more.")
    settings = settings_with(data_dir=data_dir)
    database = open_database(settings)
    if not settings.broker_url:
        looking(database, settings, wanted, concurrency, alive)
        return
    Far.at(settings.broker_url)  # says what is missing
    database.engine.dispose()
    sys.exit(through_celery.serve(settings, HANDLERS, wanted, concurrency=concurrency, alive=alive))


def queues_of(given: str) -> Sequence[Queue]:
    """The queues that are named, between commas."""
    try:
        return sorted({Queue(name.strip()) for name in given.split(",")})
    except ValueError:
        raise Invalid(f"--queues takes {', '.join(Queue)}, between commas; it was {given!r}.") from None


def looking(
    database: Database, settings: Settings, queues: Sequence[Queue], concurrency: int, alive: Path | None
) -> None:
    """Look at the table until told to stop. alive is touched while every thread runs."""
    hands = dict.fromkeys(queues, concurrency)
    with until_stopped(), leaving_when_told(), at_work(database, settings, HANDLERS, hands, bell=Near()) as threads:
        click.echo(
            f"Waiting for jobs of {', '.join(queues)}. Ctrl-C stops: what is under way goes back into its queue."
        )
        while all(thread.is_alive() for thread in threads):
            touch(alive)
            threads[0].join(ALIVE_SECONDS)
        sys.exit("assay: a worker broke; see its log.")


@click.command()
@click.option("--every", default=2.0, show_default=True, type=click.FloatRange(0.1, 600), help="Seconds between looks.")
@alive_option
@data_dir_option
def beat(every: float, alive: Path | None, data_dir: Path | None) -> None:
    """Ring for jobs that wait, so that none is forgotten when a message or a worker is lost. Needs ASSAY_BROKER_URL.

    Several may run; one is enough.
    """
    settings = settings_with(data_dir=data_dir)
    if not settings.broker_url:
        raise Invalid("Without ASSAY_BROKER_URL there is nothing to ring: workers look at the database by themselves.")
    database, bell, forever = open_database(settings), Far.at(settings.broker_url), threading.Event()
    with until_stopped(), leaving_when_told():
        while not forever.wait(every):
            look(database, bell)
            touch(alive)


def touch(alive: Path | None) -> None:
    """A sign of life, where one is wanted."""
    if alive:
        alive.touch()
