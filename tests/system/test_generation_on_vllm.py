"""252 prompts answered by a real vLLM: from the command line, through the page, by workers of which one is killed."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.config import Settings
from backend.db.generations import OutputOrigin
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import JobState, Manner, Queue
from backend.domain.recipes import Recipe
from backend.jobs import Near
from backend.services.asking import generations
from backend.web.app import create_app
from tests import factories
from tests.commands import KEY, Command, environment
from tests.factories import NOW
from tests.jobs import looked, made, texts, until, until_in
from tests.processes import LINUX_ONLY, naming
from worker.crew import at_work
from worker.engines.vllm_server import RunningServer
from worker.handlers import HANDLERS

pytestmark = [pytest.mark.long, LINUX_ONLY]
PROMPTS = 252
DRAWN = Sampling(temperature=1.0, max_tokens=24, seed=7)
LEASE_SECONDS = 12


def study(database: Database) -> int:
    with database.transaction() as session:
        return factories.study(session, prompts=PROMPTS).id


def queued(database: Database, server: RunningServer, name: str, *, concurrency: int = 32) -> int:
    """A job that makes a system's outputs for a new study."""
    recipe = Recipe(EngineKind.VLLM, "tiny", server.url, template="plain", sampling=DRAWN)
    with database.transaction() as session:
        declared = generations.declare(session, factories.study(session, prompts=PROMPTS).id, name, recipe, now=NOW)
        return generations.enqueue(session, declared, Manner(concurrency=concurrency), allowed=None, now=NOW).id


def is_whole(database: Database, job_id: int) -> bool:
    """Whether every prompt has exactly one output, and each a reply of a known version behind it."""
    job = looked(database, job_id)
    with database.reading() as session:
        origins = select(func.count()).select_from(OutputOrigin).where(OutputOrigin.system_id == job.generation_id)
        versions = select(StoredReply.engine_version).distinct()
        known = [one.partition(" ") for one in session.scalars(versions)]
        return (
            made(database, job_id) == session.scalars(origins).one() == job.done == job.total == PROMPTS
            and all(engine == "vllm" and version[:1].isdigit() for engine, _, version in known)
            and sum(text != "" for text in texts(database, job_id)) > PROMPTS * 0.9
        )


def test_the_page_has_a_system_made_by_a_worker_beside_it(
    database: Database, vllm_server: RunningServer, tmp_path: Path
) -> None:
    house = factories.house(database)
    settings, bell, study_id = Settings(secret_key=KEY, data_dir=tmp_path), Near(), study(database)
    client = TestClient(create_app(house.settings, database, bell=bell))
    client.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    form = {"name": "tiny", "engine": "vllm-at", "model": "tiny", "url": vllm_server.url, "template": "plain"}
    drawn = {"temperature": "1", "top_p": "1", "max_tokens": "24", "seed": "7", "sample": "1", "concurrency": "32"}
    with at_work(database, settings, HANDLERS, dict.fromkeys(Queue, 1), bell=bell):
        page = client.post(f"/studies/{study_id}/generations", data=form | drawn)
        assert page.url.path == "/jobs/1", page.text
        until_in(database, 1, JobState.DONE, seconds=120)
    assert is_whole(database, 1)
    assert f"{PROMPTS} of {PROMPTS}" in client.get("/jobs/1").text
    again = Recipe(EngineKind.VLLM, "tiny", vllm_server.url, template="plain", sampling=DRAWN)
    with database.transaction() as session:
        other = generations.declare(session, study_id, "tiny once more", again, now=NOW)
        job_id = generations.enqueue(session, other, Manner(), allowed=None, now=NOW).id
    with at_work(database, settings, HANDLERS, dict.fromkeys(Queue, 1), bell=bell):
        until_in(database, job_id, JobState.DONE, seconds=60)
    assert texts(database, job_id) == texts(database, 1), "what was answered before is not asked again"


@pytest.mark.parametrize("form", ["looking", "celery"])
def test_a_worker_that_is_killed_at_three_fifths_is_replaced_within_seconds(
    form: str,
    database: Database,
    database_url: str,
    vllm_server: RunningServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    settings = {"broker_url": request.getfixturevalue("redis").url} if form == "celery" else {}
    told = environment(database_url, tmp_path, **settings)
    job_id = queued(database, vllm_server, "tiny", concurrency=4)
    with Command("worker", environment=told) as first:
        if form == "celery":
            with Command("beat", "--every", "0.5", environment=told):
                resumed_in = killed(database, job_id, first, told)
        else:
            resumed_in = killed(database, job_id, first, told)
    assert resumed_in < LEASE_SECONDS + 8
    assert is_whole(database, job_id)


def killed(database: Database, job_id: int, first: Command, told: dict[str, str]) -> float:
    """Kill the first worker at three fifths of the job, have another finish it; seconds until that one had it."""
    until(lambda: made(database, job_id) >= PROMPTS * 0.6, seconds=120)
    first.kill()
    assert made(database, job_id) < PROMPTS, "there must be something left to resume"
    with Command("worker", environment=told):
        took = until(lambda: looked(database, job_id).attempt == 2)
        until_in(database, job_id, JobState.DONE, seconds=120)
    return took


def test_the_command_line_starts_a_server_of_its_own_asks_it_and_stops_it(
    migrated_file: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    shutil.copyfile(migrated_file, tmp_path / "assay.db")
    database = Database(f"sqlite:///{tmp_path / 'assay.db'}")
    study_id = study(database)
    words = ("generate", str(study_id), "--system", "ours", "--engine", "vllm", "--model", str(tiny_llama))
    drawn = ("--template", "plain", "--temperature", "1", "--seed", "7", "--max-tokens", "24", "--max-length", "1024")
    told = environment(f"sqlite:///{tmp_path / 'assay.db'}", tmp_path)
    before = naming(str(tiny_llama))
    with Command(*words, *drawn, environment=told) as command:
        assert command.process.wait(300) == 0
    assert is_whole(database, 1)
    assert naming(str(tiny_llama)) == before, "its server is gone"
    database.engine.dispose()
