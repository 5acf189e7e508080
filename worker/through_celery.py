"""`assay worker` where there is a broker: a Celery worker, each of whose tasks does a job. Knows no kind of job.

A task runs in a forked process that ends with it, so that what a job leaves in memory, an accelerator's too, goes. It
is acknowledged before the work: who is killed leaves a lease that runs out, and the table tells that to who rings.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import structlog
from celery.signals import heartbeat_sent, worker_process_init, worker_shutting_down
from sqlalchemy.exc import OperationalError

from backend.broker import WORK, connected
from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import JobKind, Queue
from worker import running
from worker.leash import Leash
from worker.running import Handler, Worker

log = structlog.get_logger()
LOOK_SECONDS = 0.5
SETTINGS = {
    "worker_disable_prefetch": True,  # a message that waits here is one that an idle worker does not see
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 1,
    "worker_proc_alive_timeout": 60.0,  # a busy machine starts processes slowly; four seconds are the default
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
}


def serve(
    settings: Settings,
    handlers: Mapping[JobKind, Handler],
    queues: Collection[Queue],
    *,
    concurrency: int,
    alive: Path | None = None,
) -> int:
    """Do jobs until it is told to end; its exit status. alive: a file that is touched while it listens."""
    leash = Leash.new()
    app = connected(settings.broker_url)
    app.conf.update(SETTINGS)

    def task(queue: str) -> None:
        work(settings, handlers, leash, queue)

    app.task(name=WORK, acks_late=False)(task)
    started = app.Worker(
        queues=[queue.value for queue in queues],
        concurrency=concurrency,
        pool="prefork",
        hostname=f"{running.name()}@%h",
        heartbeat_interval=LOOK_SECONDS,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
        loglevel="WARNING",
    )

    def look(**_: object) -> None:
        started.pool.maintain_pool()  # it may see an ended process too early, and would look again after five seconds
        if alive:
            alive.touch()

    heartbeat_sent.connect(look, weak=False)
    for signal in (worker_process_init, worker_shutting_down):
        signal.connect(lambda **_: leash.let_go(), weak=False)
    started.start()
    return int(started.exitcode or 0)


def work(settings: Settings, handlers: Mapping[JobKind, Handler], leash: Leash, queue: str) -> None:
    """The task: do one job of this queue, if there is one to be done."""
    database = Database(settings.url)  # of this process alone: connections must not be shared by forks
    try:
        Worker(database, settings, handlers, (Queue(queue),), closing=leash).do_one()
    except OperationalError as trouble:
        log.warning("worker.no_database", trouble=str(trouble.orig))
    finally:
        database.engine.dispose()
