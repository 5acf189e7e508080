"""Training runs: what may be declared, and what stands in their way."""

from pathlib import Path

import pytest

from backend.db.session import Database
from backend.domain.jobs import Queue
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import jobs
from backend.services.training import runs
from tests.factories import NOW
from tests.training import declaration, queued


@pytest.mark.parametrize(
    "text",
    ["name = ", "", 'name = "a"', 'name = "a"\nout = "runs/a"', 'name = 3\nout = "/runs/a"', 'name = " "\nout = "/a"'],
)
def test_a_text_that_declares_no_run_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        runs.declared(text)


def test_the_same_declaration_is_the_same_run(database: Database) -> None:
    with database.transaction() as session:
        assert runs.declare(session, declaration("a"), now=NOW) is runs.declare(session, declaration("a"), now=NOW)


def test_two_runs_dont_share_a_folder(database: Database) -> None:
    with database.transaction() as session:
        runs.declare(session, declaration("a"), now=NOW)
        told = runs.declared('name = "b"\nout = "/runs/a"\n')
        with pytest.raises(Conflict, match="/runs/a is the folder of the run a; give b an out of its own"):
            runs.declare(session, told, now=NOW)


@pytest.mark.parametrize("processes", [0, 1025])
def test_a_run_has_a_number_of_processes_that_can_be(database: Database, processes: int) -> None:
    with database.transaction() as session, pytest.raises(Invalid, match="1 to 1,024 processes"):
        runs.declare(session, declaration("a"), processes=processes, now=NOW)


def test_one_job_at_a_time_trains_a_run_and_waits_for_an_accelerator(database: Database) -> None:
    with database.transaction() as session:
        job = queued(session, declaration("a"))
        assert job.queue == Queue.GPU
        with pytest.raises(Conflict, match=f"Job {job.id} is doing this already"):
            queued(session, declaration("a"))
        assert queued(session, declaration("b")).id != job.id


def test_runs_are_listed_newest_first_each_with_its_last_job_and_its_model(database: Database) -> None:
    with database.transaction() as session:
        first = queued(session, declaration("a"))
        jobs.cancel(session, first, now=NOW)
        last = queued(session, declaration("a"))
        run = runs.declare(session, declaration("b"), now=NOW)
        made = {"folder": Path("/runs/b/model"), "fingerprint": "f", "steps": 3, "loss": 1.5, "now": NOW}
        for _ in range(2):
            runs.finish(session, run, **made)
        found = runs.lines(session, now=NOW)
        assert [(one.run.name, one.job and one.job.job.id) for one in found] == [("b", None), ("a", last.id)]
        assert found[1].job is not None
        assert found[1].job.about == "Training of a"
        assert found[0].model is not None
        assert runs.line(session, run.id, now=NOW) == found[0]
        assert list(runs.finished(session)) == [run]
        assert runs.of_folder(session, "/runs/b/model") == run
        assert runs.of_folder(session, "/runs/a/model") is None


def test_a_run_that_is_not_there_is_said(database: Database) -> None:
    with database.reading() as session:
        with pytest.raises(NotFound, match="no training run 7"):
            runs.line(session, 7, now=NOW)
        with pytest.raises(NotFound, match="`assay runs` lists them"):
            runs.of_name(session, "a")
