"""A worker with small handlers: how a job ends, and what becomes of it when its worker closes or was given up."""

import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from backend.config import Settings
from backend.db.jobs import Job
from backend.db.session import Database
from backend.domain.jobs import JobKind, JobState, Queue
from backend.errors import Unavailable
from backend.jobs import Near
from backend.services.asking import jobs
from backend.services.asking.jobs import BudgetSpent
from tests.jobs import history, looked, queued, until, until_in
from tests.postgres import empty
from worker.crew import at_work
from worker.duty import Duty, clock
from worker.running import Worker

PATIENCE = 20


@pytest.fixture
def job_id(database: Database) -> int:
    with database.transaction() as session:
        return queued(session, allowed=100).id


def worker(database: Database, handler: Callable[[Duty], None], **more: threading.Event) -> Worker:
    return Worker(database, Settings(), {JobKind.GENERATE: handler}, **more)


def stops(duty: Duty) -> None:
    """Works until it is told to stop, as handlers do."""
    assert duty.stop.wait(PATIENCE)
    duty.go_on()


def test_a_job_that_was_done_is_done(database: Database, job_id: int) -> None:
    seen: list[int] = []

    def handler(duty: Duty) -> None:
        seen.append(duty.held.job_id)
        duty.say("half of it")
        with duty.chunk() as (_, job):
            job.done, job.total = 3, 3

    assert worker(database, handler).do_one()
    found = looked(database, job_id)
    assert (found.state, found.done, found.message, found.error) == (JobState.DONE, 3, "half of it", "")
    assert seen == [job_id]
    assert not worker(database, handler).do_one(), "nothing is left to do"


def test_there_may_be_more_to_do_than_was_counted(database: Database, job_id: int) -> None:
    """Outputs come while a judge compares them: what was done beyond the count is no error, and is kept."""

    def handler(duty: Duty) -> None:
        with duty.chunk() as (_, job):
            job.done, job.total = 0, 3
        with duty.chunk() as (_, job):
            job.done, job.failed = 4, 1

    assert worker(database, handler).do_one()
    found = looked(database, job_id)
    assert (found.state, found.done, found.failed, found.total) == (JobState.DONE, 4, 1, 5)


@pytest.mark.parametrize("error", [Unavailable("The server is gone; start it."), BudgetSpent("It would cost more.")])
def test_what_its_reader_can_mend_is_the_jobs_own_sentence(database: Database, job_id: int, error: Exception) -> None:
    def handler(_: Duty) -> None:
        raise error

    worker(database, handler).do_one()
    found = looked(database, job_id)
    assert (found.state, found.error) == (JobState.FAILED, str(error))


def test_an_error_of_our_own_fails_its_job_and_not_its_worker(database: Database, job_id: int) -> None:
    def handler(_: Duty) -> None:
        raise ZeroDivisionError("division by zero")

    assert worker(database, handler).do_one()
    found = looked(database, job_id)
    assert found.state == JobState.FAILED
    assert found.error.endswith("ZeroDivisionError: division by zero")


def test_a_cancelled_job_stops_and_ends_as_cancelled(database: Database, job_id: int) -> None:
    begun = threading.Event()

    def handler(duty: Duty) -> None:
        begun.set()
        stops(duty)

    thread = threading.Thread(target=worker(database, handler).do_one)
    thread.start()
    assert begun.wait(PATIENCE)
    with database.transaction() as session:
        jobs.cancel(session, jobs.get(session, job_id), now=clock())
    thread.join()
    assert looked(database, job_id).state == JobState.CANCELLED
    assert history(database, job_id)[-2:] == ["asked to stop", "cancelled"]


def test_a_worker_that_closes_hands_its_job_back_and_the_next_goes_on(database: Database, job_id: int) -> None:
    closing = threading.Event()

    def handler(duty: Duty) -> None:
        closing.set()
        stops(duty)

    closed = worker(database, handler, closing=closing)
    assert closed.do_one()
    assert looked(database, job_id).state == JobState.QUEUED
    assert history(database, job_id)[-1] == f"handed back by {closed.name}: its worker is closing"
    assert worker(database, lambda duty: None).do_one()
    found = looked(database, job_id)
    assert (found.state, found.attempt) == (JobState.DONE, 2)


def test_a_worker_that_was_given_up_stops_and_leaves_the_job_to_the_next(database: Database, job_id: int) -> None:
    """Its machine stood still for longer than the lease; meanwhile another has taken over."""
    taken: list[bool] = []

    def handler(duty: Duty) -> None:
        with database.transaction() as session:
            session.execute(update(Job).values(lease_until=duty.now() - timedelta(seconds=1)))
        with database.transaction() as session:
            taken.append(jobs.claim(session, "another", list(Queue), now=duty.now()) is not None)
        stops(duty)

    worker(database, handler).do_one()
    found = looked(database, job_id)
    assert taken == [True]
    assert (found.state, found.holder, found.attempt) == (JobState.RUNNING, "another", 2)


def test_a_chunk_of_a_worker_that_was_given_up_is_not_stored(database: Database, job_id: int) -> None:
    def handler(duty: Duty) -> None:
        with database.transaction() as session:
            session.execute(update(Job).values(attempt=Job.attempt + 1, holder="another"))
        with duty.chunk() as (_, job):
            job.done = 99

    worker(database, handler).do_one()
    found = looked(database, job_id)
    assert (found.state, found.holder, found.done) == (JobState.RUNNING, "another", 0)


def test_a_job_whose_work_takes_longer_than_its_lease_stays_its_workers(
    database: Database, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr("worker.duty.BEAT_SECONDS", 0.2)
    ends: list[object] = []

    def handler(duty: Duty) -> None:
        begun = looked(database, job_id).lease_until
        assert begun is not None
        until(lambda: clock() > begun + timedelta(seconds=1))
        with database.transaction() as session:
            ends.append(jobs.claim(session, "another", list(Queue), now=clock()))

    worker(database, handler).do_one()
    assert ends == [None]
    assert looked(database, job_id).state == JobState.DONE


def test_a_crew_does_jobs_as_its_bell_rings_and_puts_them_back_when_it_ends(database: Database) -> None:
    bell, begun = Near(), threading.Semaphore(0)

    def handler(duty: Duty) -> None:
        begun.release()
        stops(duty)

    with at_work(database, Settings(), {JobKind.GENERATE: handler}, {Queue.IO: 2}, bell=bell):
        with database.transaction() as session:
            wanted = [queued(session).id for _ in range(3)]
        bell.ring(Queue.IO)
        assert begun.acquire(timeout=PATIENCE)
        assert begun.acquire(timeout=PATIENCE)
        assert [looked(database, one).state for one in wanted] == [JobState.RUNNING, JobState.RUNNING, JobState.QUEUED]
    assert {looked(database, one).state for one in wanted} == {JobState.QUEUED}


def test_a_crew_leaves_other_queues_alone(database: Database, job_id: int) -> None:
    done = threading.Event()
    handlers = {JobKind.GENERATE: lambda duty: done.set()}
    with at_work(database, Settings(), handlers, {Queue.GPU: 1}, bell=Near()):
        assert not done.wait(0.1)
        assert looked(database, job_id).state == JobState.QUEUED
    with at_work(database, Settings(), handlers, {Queue.IO: 1}, bell=Near()):
        until_in(database, job_id, JobState.DONE)


def test_a_crew_waits_for_a_database_that_is_away(migrated_file: Path, tmp_path: Path) -> None:
    where = tmp_path / "mounted" / "assay.db"
    database = Database(f"sqlite:///{where}")
    with at_work(database, Settings(), {JobKind.GENERATE: lambda duty: None}, {Queue.IO: 1}, bell=Near()) as threads:
        with capture_logs() as logs:
            until(lambda: bool(logs))
        assert logs[0]["event"] == "worker.no_database"
        assert threads[0].is_alive()
        mounted = tmp_path / "mounting"
        mounted.mkdir()
        shutil.copyfile(migrated_file, mounted / "assay.db")
        mounted.rename(where.parent)
        with database.transaction() as session:
            job_id = queued(session).id
        until_in(database, job_id, JobState.DONE)
    database.engine.dispose()


def test_a_job_whose_database_went_away_is_neither_done_nor_failed_and_goes_on_after_its_lease(
    migrated_address: str,
) -> None:
    """The server was started anew, say. What became of the chunk at hand nobody knows, so the next one looks."""
    empty(migrated_address)
    database = Database(migrated_address)
    with database.transaction() as session:
        job_id = queued(session).id

    def handler(duty: Duty) -> None:
        with duty.chunk() as (session, _):
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(OperationalError):
        worker(database, handler).do_one()
    assert looked(database, job_id).state == JobState.RUNNING
    with database.transaction() as session:
        held = jobs.claim(session, "another", list(Queue), now=clock() + jobs.LEASE)
    assert held is not None
    assert held.job_id == job_id
    database.engine.dispose()
