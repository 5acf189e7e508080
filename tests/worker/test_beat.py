"""The beat rings for what waits, as often as it is needed and no more, and waits itself for what is away."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.broker import Far
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import Queue
from backend.services.asking import jobs
from tests.jobs import queued
from tests.redis import Redis
from worker.beat import look
from worker.duty import clock


@pytest.fixture
def bell(redis: Redis) -> Far:
    return Far.at(redis.url)


def unheard(bell: Far) -> dict[Queue, int]:
    return {queue: bell.unheard(queue) for queue in Queue}


def test_it_rings_once_for_each_job_that_waits_however_often_it_looks(database: Database, bell: Far) -> None:
    with database.transaction() as session:
        for engine in (EngineKind.ECHO, EngineKind.ECHO, EngineKind.TRANSFORMERS):
            queued(session, engine=engine)
    bell.ring(Queue.IO)
    for _ in range(3):
        look(database, bell)
        assert unheard(bell) == {Queue.IO: 2, Queue.GPU: 1}


def test_it_rings_for_a_job_whose_worker_died_and_not_for_one_that_is_being_done(database: Database, bell: Far) -> None:
    with database.transaction() as session:
        queued(session)
    with database.transaction() as session:
        jobs.claim(session, "one", list(Queue), now=clock())
    look(database, bell)
    assert unheard(bell) == {Queue.IO: 0, Queue.GPU: 0}
    with database.transaction() as session:
        queued(session)
        jobs.claim(session, "dead", list(Queue), now=clock() - jobs.LEASE - timedelta(seconds=1))
    look(database, bell)
    assert unheard(bell) == {Queue.IO: 1, Queue.GPU: 0}


def test_a_broker_that_is_away_is_told_of_and_what_waits_is_rung_for_later(
    database: Database, bell: Far, redis: Redis
) -> None:
    with database.transaction() as session:
        queued(session)
    redis.stop()
    with capture_logs() as logs:
        look(database, bell)
        bell.ring(Queue.IO)
    assert [log["event"] for log in logs] == ["beat.no_broker", "broker.unheard"]
    redis.start()
    look(database, bell)
    assert unheard(bell) == {Queue.IO: 1, Queue.GPU: 0}


def test_a_database_that_is_away_is_told_of(bell: Far, tmp_path: Path) -> None:
    with capture_logs() as logs:
        look(Database(f"sqlite:///{tmp_path / 'no folder' / 'assay.db'}"), bell)
    assert [log["event"] for log in logs] == ["beat.no_database"]
