"""What the database itself keeps of training runs, tried with statements that no service would send."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.session import Database
from backend.db.training_runs import TrainedModel, TrainingRun
from backend.domain.jobs import JobState
from backend.services.training import runs
from tests import factories
from tests.db.test_constraints import refused
from tests.factories import NOW
from tests.training import declaration


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def run(session: Session) -> TrainingRun:
    return runs.declare(session, declaration("tiny"), now=NOW)


ROW = {"name": "b", "declaration": "b", "sha256": "b", "folder": "/b", "processes": 1, "created_at": NOW}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "tiny"}, "UNIQUE|uq_training_runs_name"),
        ({"name": ""}, "says_what"),
        ({"declaration": ""}, "says_what"),
        ({"processes": 0}, "ck_training_runs_processes"),
    ],
)
def test_a_run_says_what_it_is_under_a_name_of_its_own(
    session: Session, run: TrainingRun, change: dict[str, object], why: str
) -> None:
    refused(session, insert(TrainingRun).values({**ROW, **change}), why)


def test_no_two_runs_write_to_one_folder(session: Session, run: TrainingRun) -> None:
    refused(session, insert(TrainingRun).values({**ROW, "folder": run.folder}), "UNIQUE|uq_training_runs_folder")


@pytest.mark.parametrize("column", ["name", "created_at"])
def test_a_run_keeps_its_name(session: Session, run: TrainingRun, column: str) -> None:
    refused(session, update(TrainingRun).values({column: ROW[column]}), "a training run keeps its name")


def test_a_run_never_goes(session: Session, run: TrainingRun) -> None:
    refused(session, delete(TrainingRun), "a training run never goes")


@pytest.mark.parametrize("column", ["declaration", "sha256", "folder", "processes"])
def test_what_has_begun_to_train_stays_as_it_was_declared(session: Session, run: TrainingRun, column: str) -> None:
    change = update(TrainingRun).values({column: ROW[column]})
    runs.enqueue(session, run, now=NOW)
    session.execute(change)
    held = {"state": JobState.RUNNING, "holder": "one", "lease_until": NOW, "attempt": 1}
    session.execute(update(Job).values(held))
    refused(session, change, "what has begun to train stays as it was declared")
    freed = {"state": JobState.FAILED, "holder": None, "lease_until": None, "finished_at": NOW}
    session.execute(update(Job).values(freed))
    session.execute(change)
    session.execute(update(Job).values(done=1))
    refused(session, change, "what has begun to train stays as it was declared")


def test_what_a_run_came_to_is_said_once_and_never_changes(session: Session, run: TrainingRun) -> None:
    row = {"run_id": run.id, "folder": "/m", "fingerprint": "f", "steps": 1, "loss": None, "finished_at": NOW}
    refused(session, insert(TrainedModel).values({**row, "steps": 0}), "ck_trained_models_steps")
    refused(session, insert(TrainedModel).values({**row, "run_id": 999_999}), "(?i)foreign key")
    session.execute(insert(TrainedModel).values(row))
    refused(session, insert(TrainedModel).values(row), "UNIQUE|pk_trained_models")
    refused(session, update(TrainedModel).values(steps=2), "what a training run came to never changes")
    refused(session, delete(TrainedModel), "what a training run came to never goes")


def test_a_job_that_trains_names_its_run_and_no_study_and_is_the_only_live_one(
    session: Session, run: TrainingRun
) -> None:
    study = factories.study(session)
    runs.enqueue(session, run, now=NOW)
    row = {"kind": "train", "queue": "gpu", "state": "queued", "manner": {}, "created_at": NOW, "attempt": 0}
    mine = {"training_run_id": run.id, "study_id": None}
    for wrong in (
        {"training_run_id": None},
        {"study_id": study.id},
        {"kind": "judge"},
        {"kind": "synthesize"},
        {"kind": "generate", "study_id": study.id},
    ):
        refused(session, insert(Job).values({**row, **mine, **wrong}), "names_its_work")
    refused(session, insert(Job).values({**row, **mine}), "uq_jobs_live_training_run|jobs.training_run_id")
    refused(session, insert(Job).values({**row, **mine, "training_run_id": 999_999}), "(?i)foreign key")
    refused(session, update(Job).values(training_run_id=run.id), "a job stays the work that it is")
