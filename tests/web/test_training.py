"""Training in the pages: every state of a run, its curves, and on to the study that it answers."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.db.jobs import Job
from backend.db.session import Database
from backend.domain.jobs import JobState, Queue
from backend.services.asking import jobs
from backend.services.training import runs
from tests import factories
from tests.factories import NOW
from tests.training import declaration, queued, tells
from trainer import folder
from trainer.folder import State

PART = {"HX-Request": "true"}


def begun(database: Database, out: Path, name: str = "tiny", *, steps: int = 9) -> int:
    """A run at its third step, by a worker that is alive; the job's id."""
    path = out / name
    path.mkdir()
    lines = [
        {"step": step, "loss": 4 / step, "learning_rate": 0.001 * step, "tokens": 1000 * step, "seconds": 2.0 * step,
         "tokens_per_second": 500.0, "mfu": None}
        for step in (1, 2, 3)
    ]  # fmt: skip
    lines.append({"step": 3, "evaluation_loss": 1.75})
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder.write_json(
        path / "run.json",
        {
            "warnings": ["It <b>ends</b> early."],
            "plan": {"steps": 9},
            "code": {"commit": "4cb1"},
            "learning_rate": {"peak": 0.003},
        },
    )
    tells(path, State.TRAINING, step=3, steps=steps)
    with database.transaction() as session:
        job_id = queued(session, declaration(name, out)).id
    with database.transaction() as session:
        held = jobs.claim(session, "one", tuple(Queue), only=job_id, now=NOW)
        assert held is not None
        job = jobs.hold(session, held, now=NOW + timedelta(days=36500))
        job.done, job.total, job.message = 3, 9, "training, loss 1.333"
    return job_id


def ended(database: Database, job_id: int, state: JobState, error: str = "") -> None:
    with database.transaction() as session:
        job = session.get_one(Job, job_id)
        jobs.end(session, job, state, error, now=NOW)


def trained(database: Database, out: Path, name: str = "tiny") -> None:
    """The run has its model."""
    ended(database, begun(database, out, name), JobState.DONE)
    with database.transaction() as session:
        run = runs.of_name(session, name)
        made = {"folder": out / name / "model", "fingerprint": "0123abcd", "steps": 9, "loss": 1.3, "now": NOW}
        runs.finish(session, run, **made)


def test_without_a_run_the_page_teaches_the_first_step(researcher: TestClient) -> None:
    html = researcher.get("/training").text
    assert "Nothing has been trained yet" in html
    assert "assay train run.toml" in html
    assert 'href="/training"' in researcher.get("/").text


def test_a_run_that_waits_and_one_at_work_are_listed(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    begun(database, tmp_path)
    with database.transaction() as session:
        queued(session, declaration("later", tmp_path), processes=8)
    html = researcher.get("/training", headers=PART).text
    assert html.index("later") < html.index("tiny")
    assert "<html" not in html
    for words in ("8 processes", "Waits for a worker", "3 of 9 steps", "loss 1.333", "peak learning rate 0.003"):
        assert words in html
    assert "It &lt;b&gt;ends&lt;/b&gt; early." in html


def test_a_runs_page_has_its_curves_and_what_it_declares(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    begun(database, tmp_path)
    html = researcher.get("/training/1").text
    assert 'aria-label="Loss: 4 at step 1, 1.333 at step 3"' in html
    assert 'aria-label="Learning rate: 0.001 at step 1, 0.003 at step 3"' in html
    assert 'aria-label="Tokens a second: 500 at step 1, 500 at step 3"' in html
    assert html.count("<polyline") == 4
    assert 'hx-get="/training/1/progress"' in html
    for words in ("1.750", "12\u00a0s", "plan.steps", "4cb1", "steps = 5", 'href="/jobs/1#stop"'):
        assert words in html


def test_the_part_that_is_asked_for_again_grows_and_says_when_it_is_over(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    job_id = begun(database, tmp_path)
    with (tmp_path / "tiny" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "loss": 0.5}\n')
    part = researcher.get("/training/1/progress")
    assert "0.5 at step 4" in part.text
    assert "<html" not in part.text
    assert "HX-Refresh" not in part.headers
    ended(database, job_id, JobState.DONE)
    assert researcher.get("/training/1/progress").headers["HX-Refresh"] == "true"


def test_a_run_that_failed_says_why_and_leads_to_another_try(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    ended(database, begun(database, tmp_path), JobState.FAILED, "The disk is <full>.")
    html = researcher.get("/training/1").text
    assert "The disk is &lt;full&gt;." in html
    assert 'href="/jobs/1#retry"' in html
    assert 'hx-get="/training/1/progress"' not in html
    assert "The disk is" in researcher.get("/training").text


def test_a_run_whose_folder_says_nothing_is_shown_all_the_same(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        queued(session, declaration("tiny", Path("/nowhere")))
    html = researcher.get("/training/1").text
    assert "They begin with the first step." in html
    assert "It waits for a worker with an accelerator" in html
    with database.transaction() as session:
        runs.declare(session, declaration("alone", Path("/nowhere")), now=NOW)
    assert "has no job" in researcher.get("/training/2").text
    assert researcher.get("/training/3").status_code == 404


def test_a_trained_run_becomes_a_system_of_a_study(researcher: TestClient, database: Database, tmp_path: Path) -> None:
    trained(database, tmp_path)
    assert "There is no study yet" in researcher.get("/training/1").text
    with database.transaction() as session:
        factories.study(session)
    html = researcher.get("/training/1").text
    assert "Make it a system of this study" in html
    assert "0123abcd" in html
    form = researcher.get("/training/1/system", params={"study": 1})
    assert form.url.path == "/studies/1/systems/new"
    model = str(tmp_path / "tiny" / "model")
    for words in (f'value="{model}"', 'value="tiny"', '<option value="vllm" selected>'):
        assert words in form.text
    sent = {"engine": "vllm", "name": "tiny", "model": model, "temperature": "0", "top_p": "1", "max_tokens": "64"}
    assert researcher.post("/studies/1/generations", data=sent).url.path == "/jobs/2"
    with database.reading() as session:
        system = session.get_one(Job, 2).generation_id
    page = researcher.get(f"/studies/1/systems/{system}").text
    assert 'trained here as <a href="/training/1">tiny</a>' in page


def test_finished_runs_are_offered_where_a_systems_model_is_chosen(
    researcher: TestClient, database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        factories.study(session)
    assert "trained here" not in researcher.get("/studies/1/systems/new").text
    trained(database, tmp_path)
    assert '<a href="/studies/1/systems/new?run=1">tiny</a>' in researcher.get("/studies/1/systems/new").text


def test_a_run_without_a_model_is_no_system(researcher: TestClient, database: Database, tmp_path: Path) -> None:
    begun(database, tmp_path)
    with database.transaction() as session:
        factories.study(session)
    answer = researcher.get("/studies/1/systems/new?run=1")
    assert answer.status_code == 409
    assert "has not been trained to its end" in answer.text


@pytest.mark.parametrize("path", ["/jobs", "/jobs/1", "/jobs/1/progress"])
def test_its_job_is_told_in_words_of_training(
    researcher: TestClient, database: Database, tmp_path: Path, path: str
) -> None:
    job_id = begun(database, tmp_path)
    html = researcher.get(path).text
    assert "3 of 9" in html
    for words in ("rate not known", "known after some answers", "question", "Spent"):
        assert words not in html
    ended(database, job_id, JobState.FAILED, "The disk is full.")
    assert "without an answer" not in researcher.get(path).text


def test_its_jobs_page_leads_to_its_curves(researcher: TestClient, database: Database, tmp_path: Path) -> None:
    job_id = begun(database, tmp_path)
    html = researcher.get("/jobs/1").text
    assert 'href="/training/1"' in html
    assert "The trainer saves where it is and stops." in html
    ended(database, job_id, JobState.CANCELLED)
    assert "It goes on from the newest checkpoint." in researcher.get("/jobs/1").text


def test_nobody_but_the_researcher_sees_runs(stranger: TestClient, database: Database, tmp_path: Path) -> None:
    begun(database, tmp_path)
    for path in ("/training", "/training/1", "/training/1/progress", "/training/1/system?study=1"):
        assert stranger.get(path).status_code == 403
