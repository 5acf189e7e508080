"""A job's engine: asked by as many at one time as the job says."""

from threading import Barrier

from backend.config import Settings
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState, Manner
from tests.jobs import looked, queued
from tests.openai import Answer, Asked, says, scripted
from worker.handlers import HANDLERS
from worker.running import Worker

MANY, PATIENCE = 80, 20  # more than an HTTP client opens by itself


def test_as_many_ask_at_one_time_as_the_job_says(database: Database) -> None:
    together = Barrier(MANY)

    def answer(asked: Asked) -> Answer:
        together.wait(PATIENCE)
        return says("All at once.")(asked)

    with scripted(otherwise=answer) as engine:
        with database.transaction() as session:
            manner = Manner(concurrency=MANY)
            job_id = queued(session, engine=EngineKind.OPENAI, url=engine.url, prompts=MANY, manner=manner).id
        assert Worker(database, Settings(), HANDLERS).do_one(job_id)
        assert len(engine.asked) == MANY
    assert looked(database, job_id).state == JobState.DONE
