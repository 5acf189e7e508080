"""A job's engine: what it is known by, so that other weights are asked anew; and how many ask it at one time."""

from pathlib import Path
from threading import Barrier

from backend.config import Settings
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState, Manner
from backend.domain.recipes import Recipe, Serving
from tests.jobs import looked, queued
from tests.openai import Answer, Asked, says, scripted
from worker.handlers import HANDLERS
from worker.opening import revision_of
from worker.running import Worker

MANY, PATIENCE = 80, 20  # more than an HTTP client opens by itself


def recipe(model: str, *, dtype: str = "auto", revision: str = "") -> Recipe:
    return Recipe(EngineKind.VLLM, model, revision=revision, serving=Serving(dtype=dtype))


def test_other_weights_in_the_same_folder_are_another_revision(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = revision_of(recipe(str(tmp_path)))
    assert before == revision_of(recipe(str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert revision_of(recipe(str(tmp_path))) != before


def test_weights_kept_as_other_numbers_are_another_revision(tmp_path: Path) -> None:
    usual = revision_of(recipe(str(tmp_path)))
    assert revision_of(recipe(str(tmp_path), dtype="float32")) == f"{usual} in float32"
    assert revision_of(recipe("owner/name", revision="abc", dtype="float16")) == "abc in float16"
    assert revision_of(recipe("owner/name", revision="abc")) == "abc"
    assert revision_of(recipe("owner/name", dtype="float16")) == "in float16"


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
