"""What a running server does beside serving: it stops batches by their rules and says when one is complete."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import click

from backend.db.session import Database
from backend.services.results import stopping
from backend.services.studies import batches

EVERY_SECONDS = 2.0


@dataclass
class Seen:
    """What was told or looked at before: complete batches, and each watched batch's ratings when its rule was asked."""

    complete: set[int]
    ratings: dict[int, int] = field(default_factory=dict)


@contextmanager
def watching(database: Database, base_url: str, *, key: str) -> Iterator[None]:
    """While the block runs, stop batches by their rules and tell of complete ones. key: the server's."""
    stop = threading.Event()
    with database.reading() as session:
        seen = Seen(batches.complete(session))
    thread = threading.Thread(target=watch, args=(database, base_url, key, seen, stop), daemon=True, name="watch")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def watch(database: Database, base_url: str, key: str, seen: Seen, stop: threading.Event) -> None:
    """Look every two seconds until told to stop."""
    while not stop.wait(EVERY_SECONDS):
        for batch in decided(database, seen, key=key):
            with database.transaction() as session:
                stopping.stop(session, batch, now=datetime.now(UTC))
            click.secho(f"Batch {batch} was stopped by its rule: {base_url}/batches/{batch}/results", fg="green")
        with database.reading() as session:
            complete = batches.complete(session)
        for batch in sorted(complete - seen.complete):
            click.secho(f"Batch {batch} is complete: {base_url}/batches/{batch}/results", fg="green")
        seen.complete |= complete


def decided(database: Database, seen: Seen, *, key: str) -> list[int]:
    """The batches whose rule says stop; a rule is asked only where ratings have come since it was asked last."""
    with database.reading() as session:
        ratings = stopping.watched(session)
        changed = [batch for batch, count in ratings.items() if seen.ratings.get(batch) != count]
        seen.ratings |= ratings
        return [batch for batch in changed if stopping.may_stop(session, batches.get(session, batch), key=key)]
