"""Tells the researcher in the terminal when a batch is complete."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backend.db.session import Database
from backend.services import batches

EVERY_SECONDS = 2.0


@contextmanager
def announcing_completion(database: Database, base_url: str) -> Iterator[None]:
    """While the block runs, say once of each batch that it is complete, and where its results are."""
    stop = threading.Event()
    with database.reading() as session:
        known = batches.complete(session)
    thread = threading.Thread(target=watch, args=(database, base_url, known, stop), daemon=True, name="watch")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def watch(database: Database, base_url: str, known: set[int], stop: threading.Event) -> None:
    """Look every two seconds until told to stop."""
    while not stop.wait(EVERY_SECONDS):
        with database.reading() as session:
            now_complete = batches.complete(session)
        for batch in sorted(now_complete - known):
            click.secho(f"Batch {batch} is complete: {base_url}/batches/{batch}/results", fg="green")
        known |= now_complete
