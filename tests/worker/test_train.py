"""The job that trains, by a real worker with real processes, files and signals; a stand-in has no model to train."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from backend.config import Settings
from backend.db.jobs import Job
from backend.db.session import Database
from backend.domain.jobs import JobState
from backend.errors import Conflict, Unavailable
from backend.services.asking import jobs
from backend.services.training import folders, metrics, runs
from backend.services.training.folders import Progress, Stage
from backend.services.training.runs import Declared
from tests.commands import Command, environment
from tests.factories import NOW
from tests.jobs import history, looked, until, until_in
from tests.processes import LINUX_ONLY, naming
from tests.training import declaration, queued, tells, trained, with_stand_in
from trainer import errors, folder
from trainer.folder import State
from worker import train, trainer_process
from worker.duty import clock
from worker.engines import checkpoints
from worker.handlers import HANDLERS
from worker.running import Worker

PATIENCE = 20


def put(database: Database, told: Declared, *, processes: int = 1) -> int:
    with database.transaction() as session:
        return queued(session, told, processes=processes).id


def do(database: Database, folder: Path) -> None:
    assert Worker(database, with_stand_in(folder), HANDLERS).do_one()


def calls(out: Path) -> list[list[str]]:
    return [json.loads(line) for line in (out / "calls.jsonl").read_text().splitlines()]


@contextmanager
def at_work(database: Database, folder: Path, job_id: int) -> Iterator[Worker]:
    """A worker that has begun this job, and has been told of its second step."""
    worker = Worker(database, with_stand_in(folder), HANDLERS)
    thread = threading.Thread(target=worker.do_one)
    thread.start()
    try:
        until(lambda: looked(database, job_id).done == 2)
        yield worker
    finally:
        worker.closing.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_the_trainers_names_are_the_platforms() -> None:
    names = (folders.RUN_JSON, folders.STATE, folders.METRICS, folders.MODEL)
    assert names == (folder.RUN_JSON, folder.STATE, folder.METRICS, folder.MODEL)
    assert {str(stage) for stage in Stage} == {str(state) for state in State}
    theirs = (errors.BadRun, errors.Diverged, errors.DiskFull, errors.Stopped)
    assert tuple(train.HINTS) == tuple(one.status for one in theirs)


def test_what_the_trainer_tells_is_read_as_it_was_told(tmp_path: Path) -> None:
    tells(tmp_path, State.SAVING, step=3, steps=9, message="step 3", error="")
    found = folders.progress(tmp_path)
    assert found is not None
    assert found == Progress(Stage.SAVING, 3, 9, "step 3", "", found.at)


def test_a_run_is_trained_and_its_model_may_be_chosen(database: Database, tmp_path: Path) -> None:
    job_id = put(database, declaration("tiny", tmp_path))
    do(database, tmp_path)
    job, model, out = looked(database, job_id), trained(database, "tiny"), tmp_path / "tiny"
    assert (job.state, job.done, job.total, job.error) == (JobState.DONE, 5, 5, "")
    assert model is not None
    assert (model.folder, model.steps, model.loss) == (str(out / "model"), 5, 4 / 5)
    assert model.fingerprint == checkpoints.fingerprint(out / "model")
    assert calls(out) == [["-m", "trainer.train", str(out / "declared.toml")]]
    with database.reading() as session:
        assert [run.name for run in runs.finished(session)] == ["tiny"]
        with pytest.raises(Conflict, match="has been trained already"):
            runs.enqueue(session, runs.of_name(session, "tiny"), now=NOW)


def test_several_processes_are_started_by_torchs_own_launcher(database: Database, tmp_path: Path) -> None:
    put(database, declaration("wide", tmp_path), processes=4)
    do(database, tmp_path)
    (call,) = calls(tmp_path / "wide")
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=4", "--shutdown-timeout=120"]
    assert call == [*launcher, "-m", "trainer.train", str(tmp_path / "wide" / "declared.toml")]


def test_while_it_trains_the_job_says_step_loss_and_speed(database: Database, tmp_path: Path) -> None:
    job_id = put(database, declaration("tiny", tmp_path, wait=2))
    with at_work(database, tmp_path, job_id):
        job = looked(database, job_id)
        assert (job.done, job.total, job.message) == (2, 5, "training, loss 2.000, 50 tokens/s")


def test_a_worker_that_closes_lets_it_save_and_the_next_goes_on(database: Database, tmp_path: Path) -> None:
    job_id, out = put(database, declaration("tiny", tmp_path, wait=2)), tmp_path / "tiny"
    with at_work(database, tmp_path, job_id) as worker:
        worker.closing.set()
        until_in(database, job_id, JobState.QUEUED)
    assert (out / "checkpoint").read_text() == "2"
    found = folders.progress(out)
    assert found is not None
    assert found.state == Stage.STOPPED
    (out / "go").touch()
    do(database, tmp_path)
    assert looked(database, job_id).state == JobState.DONE
    assert [step for step, _ in metrics.read(out).points("loss")] == [1, 2, 3, 4, 5]


def test_a_cancelled_run_saves_and_a_retry_goes_on(database: Database, tmp_path: Path) -> None:
    job_id, out = put(database, declaration("tiny", tmp_path, wait=2)), tmp_path / "tiny"
    with at_work(database, tmp_path, job_id):
        with database.transaction() as session:
            jobs.cancel(session, jobs.get(session, job_id), now=clock())
        until_in(database, job_id, JobState.CANCELLED)
    (out / "go").touch()
    with database.transaction() as session:
        jobs.retry(session, jobs.get(session, job_id), "there is power again", now=clock())
    do(database, tmp_path)
    assert looked(database, job_id).state == JobState.DONE
    assert len(calls(out)) == 2


def test_one_that_is_deaf_is_killed_after_a_while(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "deaf"
    settings, text = with_stand_in(tmp_path), declaration("deaf", tmp_path, wait=2, deaf=True).text
    with trainer_process.training(out, text, settings, processes=1, on_wait=lambda: None, grace=0.5) as trainer:
        until(lambda: (found := folders.progress(out)) is not None and found.step == 2)
        assert trainer.is_running
    assert trainer.status() is None
    assert naming(str(out / "declared.toml")) == []


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"status": 2, "error": "mix.jsonl is not there."}, "end. mix.jsonl is not there.\nNothing was trained."),
        ({"status": 3, "error": "The loss is no number at step 3."}, "A lower learning rate"),
        ({"status": 4, "error": "The disk is full."}, "make room, and try again"),
        ({"status": 75}, "It was told to stop by somebody else"),
        ({"status": 1}, "The trainer ended with code 1. Its log, "),
        ({"status": 1}, "ends:\na line of the log"),
    ],
)
def test_how_the_trainer_ended_is_the_jobs_sentence(
    database: Database, tmp_path: Path, behaviour: dict[str, object], said: str
) -> None:
    job_id = put(database, declaration("tiny", tmp_path, fail_at=2, **behaviour))
    do(database, tmp_path)
    job = looked(database, job_id)
    assert job.state == JobState.FAILED
    assert job.error.startswith("tiny was not trained to its end. ")
    assert said in job.error
    assert trained(database, "tiny") is None


def test_an_error_of_an_earlier_call_is_not_told_again(database: Database, tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    tells(tmp_path / "tiny", State.FAILED, step=0, steps=5, error="The disk is full.")
    python = tmp_path / "broken-python"
    python.write_text("#!/bin/sh\necho 'No module named trainer'\nexit 1\n")
    python.chmod(0o755)
    job_id = put(database, declaration("tiny", tmp_path))
    assert Worker(database, Settings(train_python=str(python)), HANDLERS).do_one()
    error = looked(database, job_id).error
    assert "No module named trainer" in error
    assert "disk" not in error


def test_a_trainer_that_ends_well_without_a_model_has_not_trained(database: Database, tmp_path: Path) -> None:
    python = tmp_path / "idle-python"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    job_id = put(database, declaration("tiny", tmp_path))
    assert Worker(database, Settings(train_python=str(python)), HANDLERS).do_one()
    assert "The trainer ended with code 0." in looked(database, job_id).error
    assert trained(database, "tiny") is None


def test_a_declaration_may_be_mended_until_the_run_has_begun(database: Database, tmp_path: Path) -> None:
    job_id = put(database, declaration("tiny", tmp_path, fail_at=0, status=2, error="no data"))
    do(database, tmp_path)
    with database.transaction() as session:
        runs.declare(session, declaration("tiny", tmp_path, steps=3), now=NOW)
        jobs.retry(session, jobs.get(session, job_id), "mended", now=NOW)
    do(database, tmp_path)
    assert looked(database, job_id).state == JobState.DONE
    with database.transaction() as session, pytest.raises(Conflict, match="differs now in its declaration"):
        runs.declare(session, declaration("tiny", tmp_path, steps=4), now=NOW)


def test_who_takes_over_waits_until_the_trainer_of_before_has_ended(database: Database, tmp_path: Path) -> None:
    """A worker that was given up may be alive: its trainer must not write beside another one."""
    job_id, out = put(database, declaration("tiny", tmp_path, wait=2, saving=1)), tmp_path / "tiny"
    with at_work(database, tmp_path, job_id):
        with database.transaction() as session:
            session.execute(update(Job).values(lease_until=NOW))
        second = threading.Thread(target=do, args=(database, tmp_path))
        second.start()
        until(lambda: len(calls(out)) == 2)
        (out / "go").touch()
        second.join(PATIENCE)
    assert looked(database, job_id).state == JobState.DONE
    words = history(database, job_id)
    assert any("gave no sign of life" in one for one in words)
    steps = [json.loads(line)["step"] for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps))


def test_without_torch_it_says_what_to_install_or_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_process, "NEEDED", ("torch_that_is_not_there",))
    with pytest.raises(Unavailable, match=r"pip install 'assay-eval\[train\]'.*ASSAY_TRAIN_PYTHON"):
        trainer_process.python_of(Settings())
    with pytest.raises(Unavailable, match="there is no such file"):
        trainer_process.python_of(Settings(train_python=str(tmp_path / "python")))


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="can't be used"):
        trainer_process.make(tmp_path / "file" / "run")


@LINUX_ONLY
def test_a_worker_that_is_killed_takes_its_trainer_along_and_another_goes_on(tmp_path: Path) -> None:
    data_dir, out = tmp_path / "data", tmp_path / "tiny"
    settings = with_stand_in(tmp_path)
    surroundings = {**environment("sqlite", data_dir), "ASSAY_TRAIN_PYTHON": settings.train_python}
    with Command("migrate", environment=surroundings) as migrated:
        assert migrated.process.wait(60) == 0
    database = Database(Settings(data_dir=data_dir).url)
    job_id = put(database, declaration("tiny", tmp_path, wait=2))
    with Command("worker", environment=surroundings) as first:
        until(lambda: looked(database, job_id).done == 2, seconds=60)
        os.kill(first.process.pid, signal.SIGKILL)
        until(lambda: naming(str(out / "declared.toml")) == [], seconds=20)
    assert looked(database, job_id).state == JobState.RUNNING
    (out / "go").touch()
    with Command("worker", environment=surroundings):
        until_in(database, job_id, JobState.DONE, seconds=60)
    assert len(calls(out)) == 2
    database.engine.dispose()
