"""`assay generate` and `assay jobs` as a person types them: followed, queued, stopped, taken over, tried again."""

import os
import re
import signal
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import func, select, update

from backend.config import Settings
from backend.db.generations import Generation
from backend.db.jobs import Job
from backend.db.judges import Judge, Judging
from backend.db.outputs import Output
from backend.db.session import Database
from backend.domain.jobs import JobState, Queue
from backend.errors import AppError
from backend.services.asking import jobs
from tests import factories
from tests.cli.conftest import Assay
from tests.commands import Command, environment
from tests.factories import BASELINE, CANDIDATE
from tests.jobs import history, looked, until
from tests.openai import Answer, Asked, breaks, says, scripted
from worker.duty import BEAT_SECONDS, clock

PRICES = ("--price-in", "2.50", "--price-out", "10")


@pytest.fixture
def database(run: Assay, tmp_path: Path) -> Database:
    """The house's own, with study 1 of three prompts and two systems."""
    assert run("migrate").exit_code == 0
    made = Database(Settings(data_dir=tmp_path / "assay-data").url)
    with made.transaction() as session:
        factories.study(session)
    return made


def generate(run: Assay, url: str, *more: str, system: str = "mine") -> Result:
    return run("generate", "1", "--system", system, "--model", "a-model", "--url", url, *more)


def judge(run: Assay, url: str, *more: str) -> Result:
    pair = ("--candidate", CANDIDATE, "--baseline", BASELINE)
    whom = ("--name", "ours", "--template", "rater-instructions", "--model", "a-model", "--url", url)
    return run("judge", "ask", "1", *whom, *pair, *more)


def problem(done: Result) -> str:
    assert isinstance(done.exception, AppError), (done.output, done.exception)
    return str(done.exception)


def rows(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_call_makes_what_is_missing_and_the_same_again_makes_nothing(run: Assay, database: Database) -> None:
    with scripted() as server:
        done = generate(run, server.url)
        assert done.exit_code == 0, done.exception
        assert "mine has an output for every prompt. `assay jobs 1` tells how it went." in done.output
        assert "mine has an output for every prompt already." in generate(run, server.url).output
        assert len(server.asked) == 3
    told = run("jobs", "1").output
    assert re.search(r"1 +generate +done +3 of 3 +study 1", told)
    assert [word in told for word in ("queued", "begun by", "done")] == [True] * 3


@pytest.mark.parametrize("verb", [generate, judge])
def test_a_dry_run_asks_nothing_and_writes_nothing(run: Assay, database: Database, verb: type) -> None:
    with scripted() as server:
        done = verb(run, server.url, "--dry-run", *PRICES, "--max-tokens", "100")
        assert done.exit_code == 0, done.exception
        assert server.asked == server.looked == []
    assert re.match(
        r"[36] questions to ask, 0 answers stored already; about [\d,]+ tokens asked, at most [36]00", done.output
    )
    assert re.search(r"about \$0\.\d+, at most \$0\.\d+[.,]", done.output)
    assert [rows(database, table) for table in (Job, Generation, Judge, Judging)] == [0, 0, 0, 0]


def test_a_dry_run_of_a_name_that_is_taken_says_so(run: Assay, database: Database) -> None:
    assert "has imported outputs" in problem(generate(run, "http://127.0.0.1:1/v1", "--dry-run", system=BASELINE))


def test_a_queued_job_is_left_to_a_worker_and_the_next_call_does_it(run: Assay, database: Database) -> None:
    with scripted(otherwise=says("The first.\n[[1]]")) as server:
        assert (
            "Job 1 is queued; `assay serve` or `assay worker` does it." in generate(run, server.url, "--queue").output
        )
        assert "Job 2 is queued" in judge(run, server.url, "--queue").output
        assert "Job 2 is queued" in judge(run, server.url, "--queue").output
        assert server.asked == []
        assert generate(run, server.url).exit_code == 0
        told = judge(run, server.url)
        assert "6 of 6 verdicts" in told.output, told.exception
        assert "neither 3; 0 unparsed" in told.output
        assert rows(database, Job) == 2


def test_a_judge_is_asked_once_and_the_same_call_tells_what_it_said(run: Assay, database: Database) -> None:
    with scripted(otherwise=says("The first.\n[[1]]", model="another-8b")) as server:
        first, again = judge(run, server.url), judge(run, server.url)
        assert first.exit_code == again.exit_code == 0, again.exception
        assert len(server.asked) == 6
    assert "another model answered than a-model: another-8b (6 verdicts)" in again.output
    assert first.output.splitlines()[-3:] == again.output.splitlines()[-3:]
    assert "another model answered than a-model: another-8b (6 verdicts)" in run("judge", "show", "1").output
    assert '"other_models": {\n      "another-8b": 6' in run("judge", "show", "1", "--json").output


def test_what_a_job_could_not_do_is_the_calls_own_error(run: Assay, database: Database) -> None:
    with scripted(otherwise=breaks(402)) as server:
        assert "has no money or quota left" in problem(generate(run, server.url))
    assert re.search(r"1 +generate +failed +0 of 3", run("jobs").output)


def test_a_budget_is_kept_and_a_retry_with_a_larger_one_goes_on(run: Assay, database: Database) -> None:
    with scripted() as server:
        broke = problem(generate(run, server.url, *PRICES, "--budget", "0.0001", "--max-tokens", "100"))
        assert "Retry the job with a larger budget" in broke
        assert server.asked == []
        assert "tried again: more money" in run("jobs", "1", "--retry", "more money", "--budget", "1").output
        assert generate(run, server.url, *PRICES, "--max-tokens", "100").exit_code == 0
    assert looked(database, 1).allowed == 1_000_000
    assert 0 < looked(database, 1).spent < 10_000


def test_a_job_is_stopped_and_tried_again_with_a_reason(run: Assay, database: Database) -> None:
    with scripted() as server:
        generate(run, server.url, "--queue")
        assert re.search(r"1 +generate +cancelled", run("jobs", "1", "--cancel").output)
        assert "has ended already" in problem(run("jobs", "1", "--cancel"))
        assert re.search(r"1 +generate +queued", run("jobs", "1", "--retry", "I changed my mind").output)
        assert generate(run, server.url).exit_code == 0
    assert history(database, 1)[:4] == ["queued", "asked to stop", "cancelled", "tried again: I changed my mind"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cancel",), "Say which job"),
        (("--retry", "why"), "Say which job"),
        (("7",), "There is no job 7"),
        (("7", "--retry", " "), "Say why, for the record"),
        (("7", "--budget", "5"), "A new budget goes with --retry"),
    ],
)
def test_what_jobs_can_not_do_is_said_in_a_sentence(
    run: Assay, database: Database, words: tuple[str, ...], said: str
) -> None:
    assert said in problem(run("jobs", *words))


def test_without_jobs_the_list_says_how_to_begin(run: Assay, database: Database) -> None:
    assert run("jobs").output == "There are no jobs yet; `assay generate --help`.\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--budget", "5"), "A budget needs prices"),
        (("--concurrency", "0"), "How it asks: concurrency is 0"),
        (("--temperature", "3"), "This can't be asked: temperature is 3.0"),
        (("--url", "https://me:secret@host/v1"), "holds more than host and path"),
        (("--url", ""), "the engine openai needs an address"),
    ],
)
def test_what_can_not_be_asked_is_said_and_nothing_is_stored(
    run: Assay, database: Database, words: tuple[str, ...], said: str
) -> None:
    assert said in problem(generate(run, "http://127.0.0.1:1/v1", *words))
    assert rows(database, Generation) == 0


@pytest.mark.parametrize("amount", ["much", "-1", "nan", "inf", "1e20"])
def test_what_is_no_amount_of_dollars_is_refused(run: Assay, database: Database, amount: str) -> None:
    done = generate(run, "http://127.0.0.1:1/v1", "--price-in", amount)
    assert done.exit_code == 2
    assert "is no amount of dollars" in done.output


def test_a_job_whose_worker_died_is_taken_over_by_the_call_once_its_lease_has_lapsed(
    run: Assay, database: Database
) -> None:
    """Else the same call again, after kill -9, would wait for ever where nothing else does jobs."""
    with scripted() as server:
        generate(run, server.url, "--queue")
        with database.transaction() as session:
            assert jobs.claim(session, "a ghost", list(Queue), now=clock())
            session.execute(update(Job).values(lease_until=clock() + timedelta(seconds=1)))
        assert generate(run, server.url).exit_code == 0
    assert "a ghost gave no sign of life any more" in history(database, 1)
    assert rows(database, Output) == 9


def test_a_job_that_is_cancelled_elsewhere_ends_the_call(run: Assay, database: Database) -> None:
    begun, gate = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Answer:
        begun.set()
        gate.wait(20)
        return says("Late.")(asked)

    def cancel() -> None:
        assert begun.wait(20)
        with database.transaction() as session:
            jobs.cancel(session, jobs.get(session, 1), now=clock())
        threading.Event().wait(BEAT_SECONDS + 1)  # by then its worker has heard of it
        gate.set()

    with scripted(otherwise=answer) as server:
        somebody = threading.Thread(target=cancel)
        somebody.start()
        done = generate(run, server.url, "--concurrency", "1")
        somebody.join()
    assert looked(database, 1).state == JobState.CANCELLED
    assert problem(done) == "Job 1 was cancelled."


def test_ctrl_c_hands_the_job_back_with_all_that_was_answered_and_the_same_call_goes_on(
    run: Assay, database: Database, tmp_path: Path
) -> None:
    """Slow answers after it, or everything would be done before it is heard."""
    begun, told, pace = threading.Event(), threading.Event(), [1.5]

    def answer(asked: Asked) -> Answer:
        if len(server.asked) > 1 and not begun.is_set():
            begun.set()
            told.wait(20)
        if begun.is_set():
            threading.Event().wait(pace[0])
        return says("Blue.")(asked)

    with scripted(otherwise=answer) as server:
        words = ("generate", "1", "--system", "mine", "--model", "a-model", "--url", server.url, "--concurrency", "1")
        with Command(*words, environment=environment("sqlite", tmp_path / "assay-data")) as call:
            assert begun.wait(30)
            until(lambda: looked(database, 1).done == 1)
            os.kill(call.process.pid, signal.SIGINT)
            told.set()
            assert call.process.wait(20) == 130
        assert looked(database, 1).state == JobState.QUEUED
        assert any(words.startswith("handed back") for words in history(database, 1))
        pace[0] = 0
        assert generate(run, server.url, "--concurrency", "1").exit_code == 0
        assert len(server.asked) == 3
