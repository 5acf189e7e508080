"""`assay train`, `runs` and `generate --run` as a person types them; a stand-in trains, the trainer itself reads."""

import json
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.config import Settings
from backend.db.generations import Generation
from backend.db.jobs import Job
from backend.db.session import Database
from backend.db.training_runs import TrainingRun
from backend.domain.jobs import JobState
from backend.services.training import runs
from tests.cli.conftest import Assay
from tests.commands import Command, environment
from tests.jobs import looked, until
from tests.training import with_stand_in
from worker.handlers import HANDLERS
from worker.running import Worker


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    python = with_stand_in(tmp_path).train_python
    monkeypatch.setenv("ASSAY_TRAIN_PYTHON", python)
    return python


def written(folder: Path, name: str = "tiny", *, steps: int = 5, more: str = "", **stand_in: object) -> Path:
    """A declaration; what it names is there."""
    (folder / "mix.jsonl").touch()
    (folder / "base").mkdir(exist_ok=True)
    out = folder / "runs" / name
    out.mkdir(parents=True, exist_ok=True)
    (out / "stand_in.json").write_text(json.dumps(stand_in))
    path = folder / f"{name}.toml"
    path.write_text(
        f'name = "{name}"\nout = "runs/{name}"\n{more}\n[data]\ntrain = "mix.jsonl"\n[model]\nbase = "base"\n'
        f"[course]\nsteps = {steps}\n"
    )
    return path


def opened(folder: Path) -> Database:
    return Database(Settings(data_dir=folder / "assay-data").url)


def jobs(folder: Path) -> list[str]:
    database = opened(folder)
    with database.reading() as session:
        states = list(session.scalars(select(Job.state).order_by(Job.id)))
    database.engine.dispose()
    return states


def test_a_run_is_trained_in_one_call_and_the_same_call_finds_it_trained(run: Assay, tmp_path: Path) -> None:
    path, model = written(tmp_path), tmp_path / "runs" / "tiny" / "model"
    for _ in range(2):
        done = run("train", path)
        assert done.exit_code == 0, (done.output, done.exception)
        assert f"tiny is trained: 5 steps, loss 0.800. Its model: {model}" in done.output
        assert "assay generate STUDY --system tiny --run tiny" in done.output
    assert jobs(tmp_path) == [JobState.DONE]


def test_what_is_declared_is_kept_whole_so_that_the_file_may_change(run: Assay, tmp_path: Path) -> None:
    path = written(tmp_path)
    assert run("train", path, "--queue").exit_code == 0
    kept = run("runs", "tiny", "--declaration").output
    assert f'train = ["{tmp_path / "mix.jsonl"}"]' in kept
    assert 'optimizer = "param_scale"' in kept
    path.unlink()
    (tmp_path / "kept.toml").write_text(kept)
    assert run("train", tmp_path / "kept.toml").exit_code == 0
    assert jobs(tmp_path) == [JobState.DONE]


def test_queueing_leaves_it_to_a_worker(run: Assay, tmp_path: Path) -> None:
    said = run("train", written(tmp_path), "--queue", "--processes", "2").output
    assert said == "Job 1 is queued; `assay serve` or `assay worker` trains tiny.\n"
    assert "queued" in run("runs").output
    assert "run 1" in run("jobs").output
    database = opened(tmp_path)
    with database.reading() as session:
        assert runs.of_name(session, "tiny").processes == 2
    database.engine.dispose()


def test_what_the_trainer_refuses_is_said_in_its_words_and_nothing_is_declared(run: Assay, tmp_path: Path) -> None:
    path = written(tmp_path, more="batches = 3")
    done = run("train", path)
    assert "line 3, batches:" in str(done.exception)
    assert run("runs").output == "No run was declared yet; `assay train --help`.\n"


def test_an_estimate_trains_nothing(run: Assay, tmp_path: Path) -> None:
    assert run("train", written(tmp_path), "--estimate").output == "3 GiB, 2 hours\n"
    assert not (tmp_path / "assay-data").exists()


def test_a_failed_run_says_why_and_may_be_called_again(run: Assay, tmp_path: Path) -> None:
    path = written(tmp_path, fail_at=2, status=4, error="The disk is full.")
    done = run("train", path)
    assert str(done.exception) == (
        "tiny was not trained to its end. The disk is full.\nWhat was saved before is whole: make room, and try again."
    )
    (tmp_path / "runs" / "tiny" / "stand_in.json").unlink()
    assert run("train", path).exit_code == 0
    assert jobs(tmp_path) == [JobState.FAILED, JobState.DONE]


def test_another_declaration_needs_another_name_once_it_has_begun(run: Assay, tmp_path: Path) -> None:
    assert run("train", written(tmp_path)).exit_code == 0
    done = run("train", written(tmp_path, steps=6))
    assert "tiny has begun to train, and differs now in its declaration" in str(done.exception)


def test_ctrl_c_saves_and_the_same_call_goes_on(run: Assay, tmp_path: Path, stand_in: str) -> None:
    path, out = written(tmp_path, wait=2), tmp_path / "runs" / "tiny"
    assert run("migrate").exit_code == 0
    database = opened(tmp_path)
    told = environment("sqlite", tmp_path / "assay-data", train_python=stand_in)
    with Command("train", str(path), environment=told) as call:
        until(lambda: jobs(tmp_path) != [] and looked(database, 1).done == 2, seconds=60)
        os.kill(call.process.pid, signal.SIGINT)
        assert call.process.wait(30) == 130
    assert (out / "checkpoint").read_text() == "2"
    assert looked(database, 1).state == JobState.QUEUED
    (out / "go").touch()
    assert run("train", path).exit_code == 0
    assert looked(database, 1).state == JobState.DONE
    database.engine.dispose()


def test_runs_tell_step_loss_rate_place_and_warnings(run: Assay, tmp_path: Path) -> None:
    assert run("train", written(tmp_path)).exit_code == 0
    first, *more = run("runs", "tiny").output.splitlines()
    assert first.split()[:2] == ["tiny", "done"]
    assert "step 5 of 5, loss 0.800, peak learning rate 0.002" in first
    assert first.endswith(str(tmp_path / "runs" / "tiny"))
    assert "  warning: the run ends inside its warm-up" in more
    assert any("begun by" in line for line in more)
    assert run("runs").output.strip() == first
    assert "There is no training run huge" in str(run("runs", "huge").exception)


def test_a_runs_model_answers_on_a_vllm_server_of_ours(run: Assay, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text('{"id": "a", "prompt": "Hi"}\n{"id": "b", "prompt": "Ho"}\n')
    assert run("import", "--prompts", prompts).exit_code == 0
    words = ("generate", "1", "--system", "mine", "--run", "tiny", "--queue")
    path = written(tmp_path)
    assert run("train", path, "--queue").exit_code == 0
    assert "tiny has not been trained to its end" in str(run(*words).exception)
    assert run("train", path).exit_code == 0
    assert "leave out --model and --url" in str(run(*words, "--model", "other").exception)
    done = run(*words)
    assert done.exit_code == 0, (done.output, done.exception)
    database = opened(tmp_path)
    with database.reading() as session:
        made = session.scalars(select(Generation)).one()
        trained = session.scalars(select(TrainingRun)).one()
        assert (made.engine, made.url, made.template) == ("vllm", "", "")
        assert made.model == str(tmp_path / "runs" / "tiny" / "model")
        assert runs.of_folder(session, made.model) == trained
    database.engine.dispose()


def test_without_a_model_or_a_run_it_says_what_is_missing(run: Assay) -> None:
    done = run("generate", "1", "--system", "mine", "--url", "http://127.0.0.1:1/v1")
    assert "a model is needed" in str(done.exception)


SWEEP = """
run = "tiny.toml"
out = "ladder"
[axes]
"course.seed" = [0, 1]
"course.steps" = [2, 3]
"""


def test_a_sweep_is_a_job_a_run_and_the_same_call_queues_what_is_missing(run: Assay, tmp_path: Path) -> None:
    written(tmp_path)
    ladder = tmp_path / "ladder.toml"
    ladder.write_text(SWEEP)
    done = run("sweep", ladder)
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.output.splitlines()[-1].startswith("4 runs. ")
    assert jobs(tmp_path) == [JobState.QUEUED] * 4
    database = opened(tmp_path)
    assert Worker(database, with_stand_in(tmp_path), HANDLERS).do_one()
    assert run("sweep", ladder).output.splitlines()[0].endswith("trained already")
    assert jobs(tmp_path) == [JobState.DONE, *[JobState.QUEUED] * 3]
    with database.reading() as session:
        folders = set(session.scalars(select(TrainingRun.folder)))
    assert len(folders) == 4
    assert {Path(folder).parent for folder in folders} == {tmp_path / "ladder"}
    database.engine.dispose()


def test_a_sweep_of_which_one_run_cannot_be_queues_none(run: Assay, tmp_path: Path) -> None:
    written(tmp_path)
    ladder = tmp_path / "ladder.toml"
    ladder.write_text(SWEEP.replace("[2, 3]", "[2, -3]"))
    assert "course.steps" in str(run("sweep", ladder).exception)
    ladder.write_text(SWEEP)
    assert run("sweep", ladder).exit_code == 0
    database = opened(tmp_path)
    assert Worker(database, with_stand_in(tmp_path), HANDLERS).do_one()
    database.engine.dispose()
    written(tmp_path, more="# another")
    path = tmp_path / "tiny.toml"
    path.write_text(path.read_text().replace("[course]", "[course]\nsave_every = 7"))
    ladder.write_text(SWEEP.replace("[0, 1]", "[2, 0]"))
    assert "has begun to train, and differs now in its declaration" in str(run("sweep", ladder).exception)
    assert len(jobs(tmp_path)) == 4
