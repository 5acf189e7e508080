"""Jobs in the pages: what each row says in each state, and stopping and retrying one by a form."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from backend.db.jobs import Job
from backend.db.session import Database
from backend.domain.jobs import JobState, Queue
from backend.services.asking import job_lines, jobs, syntheses
from backend.web.deps import House
from tests import asked, factories, synthesis
from tests.asked import PRICED, SECOND

PART = {"HX-Request": "true"}


class Listener:
    """A doorbell that notes which jobs are stored when it is rung."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.heard: list[tuple[Queue, list[str]]] = []

    def ring(self, queue: Queue) -> None:
        with self.database.reading() as session:
            self.heard.append((queue, [job.state for job in jobs.newest(session)]))


@pytest.fixture
def bell(researcher: TestClient, house: House) -> Listener:
    """The bell of the researcher's server."""
    made = Listener(house.database)
    researcher.app.state.house = replace(house, bell=made)
    return made


@pytest.fixture
def states(database: Database) -> Mapping[str, Job]:
    """A job in every state."""
    with database.transaction() as session:
        return asked.in_every_state(session)


def words(html: str) -> str:
    """What is read, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def row(html: str, name: str) -> str:
    """What the list says of the job that makes this system's outputs."""
    found = [one for one in re.findall(r"<article.*?</article>", html, re.S) if f"Outputs of {name}<" in one]
    assert len(found) == 1
    return words(found[0])


def test_without_a_job_the_page_teaches_the_first_step(researcher: TestClient) -> None:
    html = researcher.get("/jobs").text
    assert "Nothing has been asked of an engine yet" in html
    assert "assay generate" in html
    assert 'href="/jobs"' in researcher.get("/").text


def test_each_row_says_what_the_job_does_how_far_it_is_and_what_it_spent(
    researcher: TestClient, states: Mapping[str, Job]
) -> None:
    html = researcher.get("/jobs").text
    assert "done 20 of 20" in row(html, "done-7b")
    assert "took 2 min" in row(html, "done-7b")
    assert "failed 17 of 20, 3 without an answer" in row(html, "missing-7b")
    assert "$0.0192 of $0.0200" in row(html, "broke-7b")
    assert "cancelled" in row(html, "cancelled-7b")
    assert "Waits for a worker with an accelerator" in row(html, "queued-7b")
    assert "running 0 of 20" in row(html, "just-begun-7b")
    assert "rate not known yet" in row(html, "just-begun-7b")
    assert f"Asks tiny {asked.WORKER}" in row(html, "running-7b")
    assert "no sign of life" in row(html, "silent-7b")
    assert len(states) == html.count("<article")
    live = html.index("queued-7b")
    assert live < html.index("cancelled-7b")


def test_the_list_is_asked_for_alone(researcher: TestClient, states: Mapping[str, Job]) -> None:
    part = researcher.get("/jobs", headers=PART).text
    assert "<html" not in part
    assert f'href="/jobs/{states["done"].id}"' in part


def test_rate_and_time_left_come_from_what_was_answered_lately(database: Database) -> None:
    """4 at 0 s, 6 at 10 s, 2 at 20 s: 8 answers in 20 seconds after the first lot, and 8 are left, so 20 s more."""
    with database.transaction() as session:
        work = asked.work(session, factories.study(session, prompts=20), "new", now=factories.NOW).begin()
        work.passes(5 * SECOND).answers(asked.TEXTS[:4]).passes(10 * SECOND).answers(asked.TEXTS[4:10])
        work.passes(10 * SECOND).answers(asked.TEXTS[10:12])
        line = job_lines.line(session, work.job.id, now=work.now)
        later = job_lines.line(session, work.job.id, now=work.now + timedelta(minutes=10))
    assert line.pace is not None
    assert line.pace.a_minute == pytest.approx(24)
    assert line.pace.seconds_left == pytest.approx(20)
    assert later.pace is None


def test_a_new_attempt_has_a_rate_of_its_own(database: Database) -> None:
    with database.transaction() as session:
        work = asked.work(session, factories.study(session, prompts=20), "new", now=factories.NOW).begin()
        work.answers(asked.TEXTS[:1]).passes(5 * SECOND).answers(asked.TEXTS[1:10]).fails("Broken.")
        assert job_lines.line(session, work.job.id, now=work.now).pace is None
        jobs.retry(session, work.job, "mended", now=work.now)
        work.passes(5 * SECOND).begin()
        assert job_lines.line(session, work.job.id, now=work.now + 5 * SECOND).pace is None


@pytest.mark.parametrize("state", ["done", "missing", "broke", "cancelled", "queued", "begun", "running", "silent"])
def test_a_jobs_page_tells_its_history_and_offers_what_can_be_done(
    researcher: TestClient, states: Mapping[str, Job], state: str
) -> None:
    html = researcher.get(f"/jobs/{states[state].id}").text
    assert re.search(r"<time[^>]*>[^<]*</time> <span>queued</span>", html)
    assert ("Cancel job" in html) == (state in ("queued", "begun", "running", "silent"))
    assert ('<h2 id="retry">' in html) == (state in ("missing", "broke", "cancelled"))
    assert ('/progress" hx-trigger' in html) == (state in ("queued", "begun", "running", "silent"))


def test_the_error_is_shown_in_full_with_what_is_kept(researcher: TestClient, states: Mapping[str, Job]) -> None:
    html = words(researcher.get(f"/jobs/{states['missing'].id}").text)
    assert asked.UNANSWERED in html
    assert "17 prompts have an output, which are kept." in html


def test_the_progress_of_a_live_job_is_asked_for_alone_and_an_ended_one_asks_for_its_page(
    researcher: TestClient, states: Mapping[str, Job]
) -> None:
    live = researcher.get(f"/jobs/{states['running'].id}/progress")
    ended = researcher.get(f"/jobs/{states['done'].id}/progress")
    assert "12 of 20" in live.text
    assert "<html" not in live.text
    assert "HX-Refresh" not in live.headers
    assert ended.headers["HX-Refresh"] == "true"


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked_to_stop(
    researcher: TestClient, states: Mapping[str, Job]
) -> None:
    queued = researcher.post(f"/jobs/{states['queued'].id}/cancellation")
    assert queued.url.path == f"/jobs/{states['queued'].id}"
    assert "cancelled" in words(queued.text)
    running = researcher.post(f"/jobs/{states['running'].id}/cancellation").text
    assert "It was asked to stop" in running
    assert "Cancel job" not in running
    again = researcher.post(f"/jobs/{states['queued'].id}/cancellation")
    assert again.status_code == 409
    assert "has ended already" in again.text


def test_a_retry_is_queued_with_its_reason_and_its_budget_and_rings_the_bell(
    researcher: TestClient, database: Database, states: Mapping[str, Job], bell: Listener
) -> None:
    number = states["broke"].id
    html = researcher.post(f"/jobs/{number}/retry", data={"reason": "<b>more</b> money", "budget": "2.50"}).text
    assert "tried again: &lt;b&gt;more&lt;/b&gt; money" in html
    with database.reading() as session:
        job = jobs.get(session, number)
        assert (job.state, job.allowed) == (JobState.QUEUED, 2_500_000)
    ((queue, stored),) = bell.heard
    assert queue == Queue.IO
    assert stored.count(JobState.QUEUED) == 2


@pytest.mark.parametrize(
    ("state", "given", "status", "said"),
    [
        ("broke", {"reason": "", "budget": "2"}, 422, "why it is tried again"),
        ("broke", {"reason": "x" * 501}, 422, "500 characters"),
        ("broke", {"reason": "more", "budget": "much"}, 422, "Budget must be an amount of dollars"),
        ("broke", {"reason": "more", "budget": "-1"}, 422, "Budget must be an amount of dollars"),
        ("broke", {"reason": "more", "budget": "0.01"}, 409, "the new budget is below that"),
        ("done", {"reason": "more"}, 409, "only one that failed or was cancelled"),
    ],
)
def test_a_retry_that_can_not_be_says_why_keeps_what_was_typed_and_rings_nothing(
    researcher: TestClient,
    states: Mapping[str, Job],
    bell: Listener,
    state: str,
    given: dict[str, str],
    status: int,
    said: str,
) -> None:
    answer = researcher.post(f"/jobs/{states[state].id}/retry", data=given)
    assert answer.status_code == status
    assert said in answer.text
    if state == "broke":
        assert f'value="{given["reason"]}"' in answer.text
        assert f'value="{given.get("budget", "")}"' in answer.text
    assert bell.heard == []


def test_a_job_that_is_not_there_is_no_page(researcher: TestClient) -> None:
    for path in ("/jobs/7", "/jobs/7/progress"):
        assert researcher.get(path).status_code == 404
    assert researcher.post("/jobs/7/cancellation").status_code == 404
    assert researcher.post("/jobs/7/retry", data={"reason": "why not"}).status_code == 404


def test_more_jobs_than_a_page_holds_are_paged(
    researcher: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_lines, "JOBS_A_PAGE", 2)
    with database.transaction() as session:
        study = factories.study(session)
        for number in range(3):
            asked.work(session, study, f"system-{number}", now=datetime.now(UTC), manner=PRICED)
    first, last = researcher.get("/jobs").text, researcher.get("/jobs?page=9").text
    assert "Page 1 of 2, 3 jobs" in words(first)
    assert 'rel="next"' in first
    assert "Outputs of system-0" in last
    assert 'rel="prev"' in last


def test_a_synthesis_is_a_job_of_no_study(researcher: TestClient, database: Database) -> None:
    with database.transaction() as session:
        one = syntheses.declare(session, "nq-7b", synthesis.plan("http://127.0.0.1:1/v1"), now=factories.NOW)
        job = syntheses.enqueue(session, one, PRICED, allowed=None, now=factories.NOW)
    assert "Synthesis nq-7b" in words(researcher.get("/jobs").text)
    html = researcher.get(f"/jobs/{job.id}").text
    assert "Synthesis nq-7b" in html
    assert "/studies/None" not in html
