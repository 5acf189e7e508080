"""Jobs in real processes, some of which are killed: `assay serve`, `assay worker` alone, and on a real Redis.

The engine is a real server that stands still at its 151st question until it is let go, so that what happens to the
process happens in the middle of its work.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from backend.broker import Far
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState, Manner, Queue
from tests.commands import Command, environment
from tests.jobs import history, looked, made, queued, texts, until, until_in
from tests.openai import Answer, Asked, Scripted, says, scripted
from tests.redis import Redis

pytestmark = pytest.mark.long
PROMPTS, BEFORE, CONCURRENCY = 252, 151, 8
FORMS = ("serve", "looking", "celery")
LEASE_SECONDS = 12


@dataclass
class Gate:
    """Answers so many questions at once, and the others once it is open, after so many seconds each."""

    closed_after: int
    open: Event = field(default_factory=Event)
    pace: float = 0.0
    seen: int = 0

    def answer(self, asked: Asked) -> Answer:
        self.seen += 1
        if self.seen > self.closed_after:
            self.open.wait(60)
            Event().wait(self.pace)
        return says(f"About: {asked.prompt}")(asked)


@dataclass
class Place:
    """A database, an engine, and processes that use them."""

    database: Database
    environment: dict[str, str]
    form: str
    engine: Scripted
    gate: Gate
    running: ExitStack

    def start(self, *words: str) -> Command:
        return self.running.enter_context(Command(*words, environment=self.environment))

    def worker(self) -> Command:
        """Something that does jobs, in this form."""
        return self.start("serve", "--port", "0") if self.form == "serve" else self.start("worker")

    def queued(self, prompts: int = PROMPTS) -> int:
        with self.database.transaction() as session:
            manner = Manner(concurrency=CONCURRENCY)
            return queued(session, engine=EngineKind.OPENAI, url=self.engine.url, prompts=prompts, manner=manner).id

    def half_done(self) -> int:
        """A job that has stored what the engine answered, and waits for more."""
        job_id = self.queued()
        until(lambda: made(self.database, job_id) >= BEFORE, seconds=60)
        return job_id

    def is_whole(self, job_id: int) -> bool:
        """Whether the job has made every output exactly once."""
        until_in(self.database, job_id, JobState.DONE, seconds=60)
        found = looked(self.database, job_id)
        wanted = [f"About: Question {number}?" for number in range(1, PROMPTS + 1)]
        return texts(self.database, job_id) == wanted and (found.done, found.total) == (PROMPTS, PROMPTS)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(
    form: str, database: Database, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Place]:
    settings = {"broker_url": request.getfixturevalue("redis").url} if form == "celery" else {}
    told, gate = environment(database_url, tmp_path, **settings), Gate(BEFORE)
    with scripted(otherwise=gate.answer) as engine, ExitStack() as running:
        given = Place(database, told, form, engine, gate, running)
        if form == "celery":
            given.start("beat", "--every", "0.5")
        yield given
        gate.open.set()


def at(form: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A test of one form alone."""
    return pytest.mark.parametrize("form", [form], indirect=True)


def test_a_job_whose_machine_dies_is_resumed_by_another_and_nothing_is_doubled_or_missing(place: Place) -> None:
    first = place.worker()
    job_id = place.half_done()
    standing_by = place.worker()
    first.kill()
    place.gate.open.set()
    took = until(lambda: looked(place.database, job_id).attempt == 2)
    assert took < LEASE_SECONDS + 8
    assert place.is_whole(job_id)
    assert len(place.engine.asked) <= PROMPTS + CONCURRENCY, "only what was under way is asked again"
    assert standing_by.process.poll() is None


def test_a_worker_that_is_told_to_stop_hands_its_job_back_at_once(place: Place) -> None:
    first = place.worker()
    job_id = place.half_done()
    place.gate.pace = 0.5  # or everything would be done before the worker could be told
    first.process.terminate()
    place.gate.open.set()
    until(lambda: any("handed back" in words for words in history(place.database, job_id)), seconds=8)
    assert first.process.wait(20) == 0
    assert looked(place.database, job_id).state == JobState.QUEUED
    place.gate.pace = 0
    place.worker()
    assert place.is_whole(job_id)
    assert looked(place.database, job_id).attempt == 2


@at("celery")
def test_a_task_that_is_killed_leaves_its_job_to_the_next_process_of_the_same_worker(place: Place) -> None:
    """As the system does to whoever fills the memory. The holder's name tells its process."""
    worker = place.worker()
    job_id = place.half_done()
    os.kill(int((looked(place.database, job_id).holder or "").split(":")[1]), signal.SIGKILL)
    place.gate.open.set()
    took = until(lambda: looked(place.database, job_id).attempt == 2)
    assert took < LEASE_SECONDS + 8
    assert place.is_whole(job_id)
    assert worker.process.poll() is None


@at("celery")
def test_without_its_broker_a_job_waits_and_is_done_once_the_broker_is_back(place: Place, redis: Redis) -> None:
    place.gate.open.set()
    worker = place.worker()
    first = place.queued()
    assert place.is_whole(first)
    redis.stop()
    bell = Far.at(redis.url)
    second = place.queued()
    bell.ring(Queue.IO)
    assert looked(place.database, second).state == JobState.QUEUED
    redis.start()
    until_in(place.database, second, JobState.DONE, seconds=60)
    assert worker.process.poll() is None


@at("celery")
def test_a_job_that_is_rung_for_again_and_again_is_done_once(place: Place, redis: Redis) -> None:
    place.gate.open.set()
    job_id, bell = place.queued(), Far.at(redis.url)
    for _ in range(20):
        bell.ring(Queue.IO)
    place.worker()
    place.worker()
    assert place.is_whole(job_id)
    until(lambda: bell.unheard(Queue.IO) == 0, seconds=60)
    assert looked(place.database, job_id).attempt == 1
    assert len(place.engine.asked) == PROMPTS
