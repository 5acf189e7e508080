"""Several workers in one process, a thread each. Knows no broker: they look at the table, at once when a bell rings."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import JobKind, Queue
from backend.jobs import Near
from worker.running import Handler, Worker


@contextmanager
def at_work(
    database: Database,
    settings: Settings,
    handlers: Mapping[JobKind, Handler],
    hands: Mapping[Queue, int],
    *,
    bell: Near,
) -> Iterator[Sequence[threading.Thread]]:
    """While the block runs, so many jobs of each queue are done at one time; then they go back into their queues."""
    closing = threading.Event()
    threads = [
        threading.Thread(
            target=Worker(database, settings, handlers, (queue,), closing=closing).work,
            args=(bell.rung[queue],),
            name=f"worker-{queue}-{number}",
            daemon=True,
        )
        for queue, count in hands.items()
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        closing.set()
        for queue in hands:
            bell.ring(queue)
        for thread in threads:
            thread.join()
