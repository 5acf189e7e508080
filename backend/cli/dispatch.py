"""Who does the jobs of `assay serve`: threads beside it, or, where a broker is set, workers elsewhere."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from backend.broker import Far
from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import Queue
from backend.jobs import Doorbell, Near
from worker.crew import at_work
from worker.handlers import HANDLERS


@contextmanager
def dispatching(database: Database, settings: Settings) -> Iterator[Doorbell]:
    """While the block runs, jobs are done; its bell tells of new ones. At its end they go back into their queues."""
    if settings.broker_url:
        yield Far.at(settings.broker_url)
        return
    bell = Near()
    with leaving_when_told(), at_work(database, settings, HANDLERS, dict.fromkeys(Queue, 1), bell=bell):
        yield bell


@contextmanager
def leaving_when_told() -> Iterator[None]:
    """While the block runs, a SIGTERM ends it as Ctrl-C does, with everything that has to be put back."""
    earlier = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


@contextmanager
def until_stopped() -> Iterator[None]:
    """Runs the block until Ctrl-C or SIGINT, which is how a person ends it and so no failure."""
    try:
        with hearing_interrupts():
            yield
    except KeyboardInterrupt:
        click.echo("Stopped.")


@contextmanager
def hearing_interrupts() -> Iterator[None]:
    """While the block runs, SIGINT raises KeyboardInterrupt.

    A shell starts what it puts in the background with SIGINT ignored; who sends one there means it all the same.
    """
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def leave(number: int, frame: FrameType | None) -> None:
    """What happens on a signal, in the main thread."""
    raise SystemExit(0)
