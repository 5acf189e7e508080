"""Jobs: one holder at a time, nothing stored by one that was replaced, stopped and tried again by people."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState, Manner, Queue
from backend.domain.recipes import Recipe
from backend.errors import Conflict, NotFound
from backend.services.asking import generations, jobs
from backend.services.asking.jobs import LEASE, MOST_DEATHS, BudgetSpent, Held, Lost
from tests import factories
from tests.factories import NOW
from tests.jobs import history, looked, queued

LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def job_id(database: Database) -> int:
    """A queued job that may cost 100 millionths."""
    with database.transaction() as session:
        return queued(session, allowed=100).id


def claimed(database: Database, holder: str = "one", *, now: datetime = NOW, only: int | None = None) -> Held | None:
    with database.transaction() as session:
        return jobs.claim(session, holder, list(Queue), only=only, now=now)


def taken(database: Database, holder: str = "one", *, now: datetime = NOW) -> Held:
    """Claimed, for certain."""
    held = claimed(database, holder, now=now)
    assert held is not None
    return held


def cancelled(database: Database, job_id: int) -> None:
    with database.transaction() as session:
        jobs.cancel(session, jobs.get(session, job_id), now=NOW)


def finished(database: Database, held: Held, state: JobState, error: str = "") -> None:
    with database.transaction() as session:
        jobs.finish(session, held, state, error=error, now=NOW)


def retried(database: Database, job_id: int, *, allowed: int | None = None) -> None:
    with database.transaction() as session:
        jobs.retry(session, jobs.get(session, job_id), "the server is up again", allowed=allowed, now=NOW)


def haunted(database: Database, job_id: int, write: Callable[[Session], object]) -> None:
    """Something is stored for a job, and then this."""
    with database.transaction() as session:
        jobs.get(session, job_id).message = "written by a ghost"
        session.flush()
        write(session)


def test_a_claim_takes_the_oldest_job_of_the_queues_that_were_asked_for(database: Database) -> None:
    with database.transaction() as session:
        gpu = queued(session, engine=EngineKind.TRANSFORMERS).id
        first, second = queued(session).id, queued(session).id
    with database.transaction() as session:
        found = [jobs.claim(session, "one", [Queue.IO], now=NOW) for _ in range(3)]
        assert [held and held.job_id for held in found] == [first, second, None]
        held = jobs.claim(session, "one", [Queue.GPU], now=NOW)
        assert held is not None
        assert held.job_id == gpu


def test_one_job_alone_can_be_claimed_and_only_while_it_is_free(database: Database, job_id: int) -> None:
    with database.transaction() as session:
        second = queued(session).id
    held = claimed(database, only=second)
    assert held is not None
    assert held.job_id == second
    assert claimed(database, "two", only=second) is None
    assert looked(database, job_id).state == JobState.QUEUED


def test_many_who_claim_at_once_get_each_job_once(database: Database) -> None:
    with database.transaction() as session:
        wanted = [queued(session).id for _ in range(12)]
    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(lambda number: claimed(database, f"worker {number}"), range(48)))
    assert Counter(held.job_id for held in found if held) == Counter(wanted)
    assert {looked(database, job).attempt for job in wanted} == {1}


def test_a_job_is_taken_over_only_once_its_worker_gave_no_sign_of_life_for_a_lease(
    database: Database, job_id: int
) -> None:
    first = taken(database, "first")
    alive = NOW + timedelta(seconds=8)
    with database.transaction() as session:
        jobs.hold(session, first, now=alive)
    assert claimed(database, "second", now=LATER) is None
    second = taken(database, "second", now=alive + LEASE + timedelta(seconds=1))
    assert (second.job_id, second.attempt) == (job_id, 2)
    assert "first gave no sign of life any more" in history(database, job_id)


def test_a_worker_that_was_believed_dead_can_store_nothing_more(database: Database, job_id: int) -> None:
    """What it wanted to store goes with the transaction in which it learns that the job is another's."""
    first = taken(database, "first")
    second = taken(database, "second", now=LATER)
    for write in (
        lambda session: jobs.hold(session, first, now=LATER),
        lambda session: jobs.set_aside(session, first, 1, now=LATER),
        lambda session: jobs.finish(session, first, JobState.FAILED, error="no", now=LATER),
        lambda session: jobs.hand_back(session, first, "no", now=LATER),
    ):
        with pytest.raises(Lost):
            haunted(database, job_id, write)
    found = looked(database, job_id)
    assert (found.state, found.holder, found.message, found.spent) == (JobState.RUNNING, "second", "", 0)
    finished(database, second, JobState.DONE)


def test_nobody_holds_a_job_that_has_ended(database: Database, job_id: int) -> None:
    held = taken(database)
    finished(database, held, JobState.DONE)
    with pytest.raises(Lost), database.transaction() as session:
        jobs.hold(session, held, now=NOW)
    assert claimed(database, "two", now=LATER) is None


def test_the_same_worker_may_get_a_job_again_and_its_earlier_attempt_stays_lost(
    database: Database, job_id: int
) -> None:
    earlier = taken(database)
    with database.transaction() as session:
        jobs.hand_back(session, earlier, "its worker is closing", now=NOW)
    again = taken(database)
    assert again.attempt == earlier.attempt + 1
    with pytest.raises(Lost), database.transaction() as session:
        jobs.hold(session, earlier, now=NOW)
    assert history(database, job_id)[1:] == [
        "begun by one",
        "handed back by one: its worker is closing",
        "begun by one",
    ]


def test_a_job_that_kills_its_workers_is_given_up_and_can_be_tried_again(database: Database, job_id: int) -> None:
    now = NOW
    for death in range(MOST_DEATHS):
        assert taken(database, f"worker {death}", now=now).attempt == death + 1
        now += LEASE + timedelta(seconds=1)
    assert claimed(database, "one more", now=now) is None
    found = looked(database, job_id)
    assert (found.state, found.error) == (JobState.FAILED, "5 workers died while they had it.")
    retried(database, job_id)
    assert taken(database).attempt == MOST_DEATHS + 1
    assert claimed(database, "two", now=LATER) is not None, "deaths are counted from the retry on"


def test_a_hand_back_is_no_death(database: Database, job_id: int) -> None:
    for _ in range(MOST_DEATHS + 1):
        held = taken(database)
        with database.transaction() as session:
            jobs.hand_back(session, held, "its worker is closing", now=NOW)
    assert looked(database, job_id).state == JobState.QUEUED


def test_waiting_are_jobs_that_are_queued_or_whose_lease_ran_out(database: Database, job_id: int) -> None:
    with database.transaction() as session:
        gpu = queued(session, engine=EngineKind.TRANSFORMERS).id

    def waiting(now: datetime) -> list[tuple[int, str]]:
        with database.reading() as session:
            return list(jobs.waiting(session, now=now))

    assert waiting(NOW) == [(job_id, "io"), (gpu, "gpu")]
    taken(database)
    assert waiting(NOW) == [(gpu, "gpu")]
    assert waiting(LATER) == [(job_id, "io"), (gpu, "gpu")]


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked_to_stop(database: Database, job_id: int) -> None:
    cancelled(database, job_id)
    assert looked(database, job_id).state == JobState.CANCELLED
    retried(database, job_id)
    held = taken(database)
    cancelled(database, job_id)
    found = looked(database, job_id)
    assert (found.state, found.asked_to_stop) == (JobState.RUNNING, True)
    finished(database, held, JobState.CANCELLED)
    with pytest.raises(Conflict, match="has ended already"):
        cancelled(database, job_id)


def test_a_job_whose_worker_died_before_it_could_stop_is_cancelled_by_the_next(database: Database, job_id: int) -> None:
    taken(database)
    cancelled(database, job_id)
    assert claimed(database, "two", now=LATER) is None
    assert looked(database, job_id).state == JobState.CANCELLED


def test_only_what_failed_or_was_cancelled_can_be_tried_again(database: Database, job_id: int) -> None:
    for step in (lambda: None, lambda: taken(database)):
        step()
        with pytest.raises(Conflict, match="only one that failed or was cancelled"):
            retried(database, job_id)
    finished(database, Held(job_id, "one", 1), JobState.FAILED, "The server went away.")
    assert looked(database, job_id).error == "The server went away."
    retried(database, job_id)
    found = looked(database, job_id)
    assert (found.state, found.error, found.failed, found.finished_at) == (JobState.QUEUED, "", 0, None)
    assert history(database, job_id)[-2:] == ["failed: The server went away.", "tried again: the server is up again"]


def test_a_retry_that_is_sent_several_times_at_once_is_one(database: Database, job_id: int) -> None:
    finished(database, taken(database), JobState.FAILED, "The server went away.")
    together = Barrier(6)

    def sent(_: int) -> bool:
        together.wait(20)
        try:
            retried(database, job_id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(sent, range(6))) == 1
    assert sum(words.startswith("tried again") for words in history(database, job_id)) == 1


def test_the_same_work_is_queued_once_while_it_is_live(database: Database, job_id: int) -> None:
    def again() -> Job:
        with database.transaction() as session:
            made = generations.get(session, jobs.get(session, job_id).generation_id or 0)
            return generations.enqueue(session, made, Manner(), allowed=None, now=NOW)

    with pytest.raises(Conflict, match=f"Job {job_id} is doing this already"):
        again()
    finished(database, taken(database), JobState.DONE)
    assert again().id != job_id


def test_a_job_whose_work_another_one_does_by_now_is_not_tried_again(database: Database, job_id: int) -> None:
    finished(database, taken(database), JobState.FAILED, "The server went away.")
    with database.transaction() as session:
        made = generations.get(session, jobs.get(session, job_id).generation_id or 0)
        other = generations.enqueue(session, made, Manner(), allowed=None, now=NOW).id
    with pytest.raises(Conflict, match=f"Job {other} is doing this already"):
        retried(database, job_id)


def test_a_form_that_is_sent_several_times_at_once_is_one_system_and_one_job(database: Database) -> None:
    with database.transaction() as session:
        study_id = factories.study(session).id
    together = Barrier(6)

    def sent(_: int) -> int | None:
        together.wait(20)
        try:
            with database.transaction() as session:
                made = generations.declare(session, study_id, "tiny", Recipe(EngineKind.ECHO, "tiny"), now=NOW)
                return generations.enqueue(session, made, Manner(), allowed=None, now=NOW).id
        except Conflict:
            return None

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(sent, range(6)))
    assert sum(one is not None for one in found) == 1


def test_what_a_question_may_cost_is_set_aside_before_it_is_asked(database: Database, job_id: int) -> None:
    held = taken(database)
    with database.transaction() as session:
        jobs.set_aside(session, held, 60, now=NOW)
    refusal = pytest.raises(BudgetSpent, match=r"could cost \$0.0000.* Retry the job with a larger budget")
    with refusal, database.transaction() as session:
        jobs.set_aside(session, held, 41, now=NOW)
    with database.transaction() as session:
        jobs.set_aside(session, held, 40, now=NOW)
    assert looked(database, job_id).spent == 100


def test_many_threads_set_aside_no_more_than_the_budget(database: Database, job_id: int) -> None:
    held = taken(database)

    def tried(_: int) -> bool:
        try:
            with database.transaction() as session:
                jobs.set_aside(session, held, 9, now=NOW)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(tried, range(32))) == 11
    assert looked(database, job_id).spent == 99


def test_a_new_budget_covers_what_is_spent_and_counts_from_the_beginning(database: Database, job_id: int) -> None:
    held = taken(database)
    with database.transaction() as session:
        jobs.set_aside(session, held, 80, now=NOW)
    finished(database, held, JobState.FAILED, "The budget is spent.")
    with pytest.raises(Conflict, match="the new budget is below that"):
        retried(database, job_id, allowed=79)
    retried(database, job_id, allowed=120)
    held = taken(database)
    with database.transaction() as session:
        jobs.set_aside(session, held, 40, now=NOW)
    assert looked(database, job_id).spent == 120


def test_the_list_shows_live_jobs_first_and_a_missing_one_is_told(database: Database, job_id: int) -> None:
    with database.transaction() as session:
        other = queued(session)
        ended, elsewhere = other.id, other.study_id
    cancelled(database, ended)
    with database.reading() as session:
        assert [job.id for job in jobs.newest(session)] == [job_id, ended]
        assert [job.id for job in jobs.newest(session, study_id=elsewhere)] == [ended]
        with pytest.raises(NotFound, match="no job 999"):
            jobs.get(session, 999)
