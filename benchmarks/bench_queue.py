"""What a queue costs: from a job's commit to its handler's first line, and the whole of a job that does nothing.

    python -m benchmarks.bench_queue

Each way of doing jobs stands beside its limit in the same run: threads beside a bare thread that is handed a value;
Celery beside a bare task of the same broker that no table tells of, once in a process that stays and once in one that
ends with its task, as ours do. Redis is a real one, the database SQLite. Jobs come one by one, after pauses drawn
between half a second and one and a half, or a worker that looks once a second would always be met at the same moment;
then all at once, for what each of many takes. Linux only: the clock is the same in all processes.
"""

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from random import Random
from statistics import median, quantiles
from struct import pack, unpack
from time import monotonic, perf_counter, process_time

from celery.signals import heartbeat_sent
from sqlalchemy import update

from backend.broker import Far, connected
from backend.config import Settings
from backend.db.jobs import Job
from backend.db.migrate import upgrade
from backend.db.session import Database
from backend.domain.jobs import JobKind, Queue
from backend.jobs import Doorbell, Near, Silent
from backend.log import configure
from tests.jobs import queued
from tests.redis import Redis, why_not
from worker import through_celery
from worker.crew import at_work
from worker.duty import Duty
from worker.running import Worker

JOBS = 20
WHOLE = 100
GOAL_MS = 50.0
BARE = "bare"
HEADER = f"{'':26}{'wait ms, 5 to 95 %':30}{'of its limit':>12}{'at once: ms a job':>18}"

Put = Callable[[], float]  # puts one job into the queue; when that was


@dataclass(frozen=True, slots=True)
class Stamps:
    """A pipe on which handlers, in whichever process, say when they began."""

    reading: int
    writing: int

    @classmethod
    def new(cls) -> "Stamps":
        """One that every process forked from here on shares."""
        return cls(*os.pipe())

    def stamp(self) -> None:
        """It begins now."""
        os.write(self.writing, pack("d", monotonic()))

    def next(self) -> float:
        """When the next one began, once it has."""
        moment: float = unpack("d", os.read(self.reading, 8))[0]
        return moment

    def empty(self, _: Duty) -> None:
        """A job that does nothing."""
        self.stamp()


@contextmanager
def handed_over(stamps: Stamps) -> Iterator[Put]:
    """A thread that waits for a value: no queue of this process can be faster."""
    values: SimpleQueue[bool] = SimpleQueue()

    def wait() -> None:
        while values.get():
            stamps.stamp()

    def put() -> float:
        moment = monotonic()
        values.put(True)
        return moment

    thread = threading.Thread(target=wait)
    thread.start()
    yield put
    values.put(False)
    thread.join()


def put_job(database: Database, bell: Doorbell) -> float:
    """As the pages do it: commit, then ring. What counts is from the commit on."""
    with database.transaction() as session:
        queued(session)
    moment = monotonic()
    bell.ring(Queue.IO)
    return moment


@contextmanager
def in_process(database: Database, stamps: Stamps, *, rung_for: bool) -> Iterator[Put]:
    """The threads of `assay serve`, or of `assay worker` without a broker, whom nobody rings for."""
    bell = Near()
    with at_work(database, Settings(), {JobKind.GENERATE: stamps.empty}, {Queue.IO: 1}, bell=bell):
        yield partial(put_job, database, bell if rung_for else Silent())


@contextmanager
def forked(serve: Callable[[], object]) -> Iterator[None]:
    """A process of its own."""
    process = get_context("fork").Process(target=serve)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


@contextmanager
def bare_celery(url: str, stamps: Stamps, *, tasks: int | None) -> Iterator[Put]:
    """A task that asks no table. tasks: that a process does before it is replaced; None for any number."""
    app = connected(url)

    def serve() -> None:
        app.conf.update(through_celery.SETTINGS, worker_max_tasks_per_child=tasks)
        app.task(name=BARE)(stamps.stamp)
        started = app.Worker(
            queues=[Queue.IO.value],
            concurrency=1,
            pool="prefork",
            heartbeat_interval=through_celery.LOOK_SECONDS,
            quiet=True,
            loglevel="WARNING",
        )
        heartbeat_sent.connect(lambda **_: started.pool.maintain_pool(), weak=False)  # as ours does
        started.start()

    def put() -> float:
        moment = monotonic()
        app.send_task(BARE, queue=Queue.IO.value)
        return moment

    with forked(serve):
        yield put


@contextmanager
def our_celery(database: Database, settings: Settings, stamps: Stamps) -> Iterator[Put]:
    """`assay worker` where there is a broker."""
    handlers = {JobKind.GENERATE: stamps.empty}
    with forked(partial(through_celery.serve, settings, handlers, [Queue.IO], concurrency=1)):
        yield partial(put_job, database, Far.at(settings.broker_url))


def line(name: str, put: Put, stamps: Stamps, *, limit: float | None = None) -> float:
    """Measure and print a row; the median wait in ms. The first job, which meets a worker that starts, does not count.

    limit: the median that it is compared with.
    """
    random, pause = Random(20230525), threading.Event()
    waits = []
    for _ in range(JOBS + 1):
        begun = put()
        waits.append(1000 * (stamps.next() - begun))
        pause.wait(random.uniform(0.5, 1.5))
    begun = put()
    for _ in range(JOBS - 1):
        put()
    last = [stamps.next() for _ in range(JOBS)][-1]
    cuts, middle = quantiles(waits[1:], n=20), median(waits[1:])
    spread = f"{middle:8.2f} ({cuts[0]:.2f} to {cuts[-1]:.2f})"
    share = f"{middle / limit:.1f}" if limit else ""
    print(f"{name:26}{spread:30}{share:>12}{1000 * (last - begun) / JOBS:18.1f}", flush=True)
    return middle


def whole(database: Database) -> None:
    """A job from its claim to its end in this thread, beside the commits that it can't do without."""
    worker = Worker(database, Settings(), {JobKind.GENERATE: lambda _: None})
    taken, bare, cpu = [], [], 0.0
    for _ in range(WHOLE):
        put_job(database, Silent())
        start, cpu_start = perf_counter(), process_time()
        assert worker.do_one()
        taken.append(1000 * (perf_counter() - start))
        cpu += process_time() - cpu_start
        start = perf_counter()
        for words in ("begun", "ended"):
            with database.transaction() as session:
                session.execute(update(Job).where(Job.id == 1).values(message=words))
        bare.append(1000 * (perf_counter() - start))
    cuts, middle, limit = quantiles(taken, n=20), median(taken), median(bare)
    print(f"an empty job from claim to end: {middle:.1f} ms ({cuts[0]:.1f} to {cuts[-1]:.1f}), of which")
    print(f"  {1000 * cpu / WHOLE:.1f} ms of CPU; {middle / limit:.1f} times two bare commits ({limit:.1f} ms)")


def main() -> None:
    configure(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(data_dir=Path(name), database_url=f"sqlite:///{name}/assay.db")
        database, stamps = Database(settings.url), Stamps.new()
        upgrade(database)
        print(HEADER)
        with handed_over(stamps) as put:
            limit = line("a bare thread", put, stamps)
        with in_process(database, stamps, rung_for=True) as put:
            line("beside the pages", put, stamps, limit=limit)
        with in_process(database, stamps, rung_for=False) as put:
            line("a worker that looks", put, stamps)
        whole(database)
        with_celery(database, settings, stamps)
    print(f"load of the machine over the last minute: {os.getloadavg()[0]:.1f}")
    print(f"goal: a job begins within {GOAL_MS:.0f} ms of its commit where a bell is rung in the same process.")


def with_celery(database: Database, settings: Settings, stamps: Stamps) -> None:
    """The rows for which a broker is needed."""
    if reason := why_not():
        print(f"Celery is left out: {reason}")
        return
    with Redis() as redis:
        told = settings.model_copy(update={"broker_url": redis.url})
        with bare_celery(redis.url, stamps, tasks=None) as put:
            line("a bare Celery task", put, stamps)
        with bare_celery(redis.url, stamps, tasks=1) as put:
            limit = line("the same, a process each", put, stamps)
        with our_celery(database, told, stamps) as put:
            line("a worker on Celery", put, stamps, limit=limit)


if __name__ == "__main__":
    main()
