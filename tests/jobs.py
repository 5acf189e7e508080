"""Jobs for tests, put in their queue as `assay generate` does. Knows no test."""

from collections.abc import Callable
from itertools import count
from time import monotonic, sleep

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.outputs import Output, System
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState, Manner
from backend.domain.recipes import Recipe
from backend.services.asking import generations, jobs
from tests import factories
from tests.factories import NOW

NUMBERS = count(1)


def queued(
    session: Session,
    *,
    engine: EngineKind = EngineKind.ECHO,
    url: str = "",
    prompts: int = 3,
    allowed: int | None = None,
    manner: Manner | None = None,
) -> Job:
    """A job that makes a new system's outputs for a study of its own."""
    study = factories.study(session, prompts=prompts)
    recipe = Recipe(engine=engine, model="tiny", url=url)
    made = generations.declare(session, study.id, f"system {next(NUMBERS)}", recipe, now=NOW)
    return generations.enqueue(session, made, manner or Manner(), allowed=allowed, now=NOW)


def texts(database: Database, job_id: int) -> list[str]:
    """The outputs that a job has made, in the prompts' order."""
    with database.reading() as session:
        job = jobs.get(session, job_id)
        made = select(Output.text).join(System, System.id == Output.system_id).where(System.id == job.generation_id)
        return list(session.scalars(made.order_by(Output.prompt_id)))


def made(database: Database, job_id: int) -> int:
    """How many outputs there are."""
    with database.reading() as session:
        job = jobs.get(session, job_id)
        counted = select(func.count()).select_from(Output).where(Output.system_id == job.generation_id)
        return session.scalars(counted).one()


def looked(database: Database, job_id: int) -> Job:
    """The job as it is now."""
    with database.reading() as session:
        return jobs.get(session, job_id)


def history(database: Database, job_id: int) -> list[str]:
    """What became of it."""
    with database.reading() as session:
        return [event.words for event in jobs.events(session, job_id)]


def kinds(database: Database, job_id: int) -> list[str]:
    """The kinds of what became of it."""
    with database.reading() as session:
        return [event.kind for event in jobs.events(session, job_id)]


def until(is_so: Callable[[], bool], *, seconds: float = 30) -> float:
    """Look again and again until it is so; how long that took. Fails at the deadline."""
    begun = monotonic()
    while not is_so():
        assert monotonic() - begun < seconds, f"not so after {seconds:g} seconds"
        sleep(0.02)
    return monotonic() - begun


def until_in(database: Database, job_id: int, state: JobState, *, seconds: float = 30) -> float:
    """Until the job has come to this state."""
    return until(lambda: looked(database, job_id).state == state, seconds=seconds)
