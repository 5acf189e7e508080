"""What the database itself keeps of jobs, tried with bare statements that no service would send."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Executable, delete, insert, update
from sqlalchemy.orm import Session

from backend.db.jobs import Job, JobEvent
from backend.db.judges import Judge, Judging
from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.jobs import JobState
from tests import factories, jobs
from tests.db.test_constraints import refused
from tests.factories import NOW

QUEUED, RUNNING, DONE = JobState.QUEUED, JobState.RUNNING, JobState.DONE
FAILED, CANCELLED = JobState.FAILED, JobState.CANCELLED
WAYS = {QUEUED: [], RUNNING: [RUNNING], **{end: [RUNNING, end] for end in (DONE, FAILED, CANCELLED)}}
ALLOWED = {
    *((QUEUED, new) for new in (QUEUED, RUNNING, CANCELLED)),
    *((RUNNING, new) for new in JobState),
    (FAILED, QUEUED),
    (CANCELLED, QUEUED),
}
HELD = {"holder": "one", "lease_until": NOW}
FREE = {"holder": None, "lease_until": None}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def job(session: Session) -> Job:
    return jobs.queued(session)


def changed(job: Job, **changes: object) -> Executable:
    return update(Job).where(Job.id == job.id).values(changes)


def becoming(job: Job, state: JobState) -> Executable:
    """To this state, with all that belongs to it."""
    if state == RUNNING:
        return (
            update(Job).where(Job.id == job.id).values(state=state, attempt=Job.attempt + 1, finished_at=None, **HELD)
        )
    return changed(job, state=state, finished_at=None if state == QUEUED else NOW, **FREE)


def come_to(session: Session, job: Job, state: JobState) -> None:
    for step in WAYS[state]:
        session.execute(becoming(job, step))


def another(job: Job, **changes: object) -> Executable:
    """A second job of the same work."""
    row = {
        "kind": "generate",
        "queue": "io",
        "state": QUEUED,
        "study_id": job.study_id,
        "manner": {},
        "created_at": NOW,
    }
    return insert(Job).values({**row, "generation_id": job.generation_id, "attempt": 0, **changes})


def judging(session: Session, study: Study) -> int:
    """A judge, and the two systems of the study that it compares."""
    made = {"template": "t", "templates": [], "model": "m", "url": "", "sampling": {}, "serving": {}, "created_at": NOW}
    row = {**made, "study_id": study.id, "name": "j", "orders": "both", "rule": "agree_else_tie"}
    judge = session.execute(insert(Judge).values(row).returning(Judge.id)).scalar_one()
    first, second = factories.systems(session, study.id)
    pair = {"study_id": study.id, "judge_id": judge, "candidate_id": first, "baseline_id": second, "created_at": NOW}
    return session.execute(insert(Judging).values(pair).returning(Judging.id)).scalar_one()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "dance"}, "ck_jobs_kind|names_its_work"),
        ({"queue": "disco"}, "ck_jobs_queue"),
        ({"state": "asleep"}, "ck_jobs_state"),
        ({"generation_id": None}, "names_its_work"),
        ({"kind": "judge"}, "names_its_work"),
        ({"judging_id": 1}, "names_its_work"),
        ({"generation_id": 999_999}, "(?i)foreign key"),
        ({"study_id": 999_999}, "(?i)foreign key"),
    ],
)
def test_a_job_names_the_work_that_it_is(session: Session, job: Job, change: dict[str, object], why: str) -> None:
    come_to(session, job, DONE)
    refused(session, another(job, **change), why)
    session.execute(another(job))


def test_a_job_is_of_the_study_of_its_work(session: Session, job: Job) -> None:
    come_to(session, job, DONE)
    refused(session, another(job, study_id=factories.study(session).id), "(?i)foreign key")


@pytest.mark.parametrize("state", [QUEUED, RUNNING])
def test_one_live_job_at_most_does_the_same_work(session: Session, job: Job, state: JobState) -> None:
    come_to(session, job, state)
    refused(session, another(job), "live_generation|UNIQUE")
    study = factories.study(session)
    judged = {"kind": "judge", "generation_id": None, "judging_id": judging(session, study), "study_id": study.id}
    session.execute(another(job, **judged))
    refused(session, another(job, **judged), "live_judging|UNIQUE")


@pytest.mark.parametrize("state", [DONE, FAILED, CANCELLED])
def test_work_whose_job_has_ended_may_have_another(session: Session, job: Job, state: JobState) -> None:
    come_to(session, job, state)
    session.execute(another(job))


@pytest.mark.parametrize("state", JobState)
def test_a_job_is_held_exactly_while_it_runs(session: Session, job: Job, state: JobState) -> None:
    come_to(session, job, state)
    change = {"holder": "one"} if state != RUNNING else {"holder": None}
    refused(session, changed(job, attempt=9, **change), "held_while_running")
    change = {"lease_until": NOW} if state != RUNNING else {"lease_until": None}
    refused(session, changed(job, **change), "held_while_running")


@pytest.mark.parametrize("state", JobState)
def test_a_job_has_a_moment_of_its_end_exactly_once_it_has_ended(session: Session, job: Job, state: JobState) -> None:
    come_to(session, job, state)
    wrong = NOW if state.is_live else None
    refused(session, changed(job, finished_at=wrong), "ends_at_a_moment")


@pytest.mark.parametrize("change", [{"done": -1}, {"failed": -1}, {"done": 3, "failed": 1, "total": 3}])
def test_a_job_counts_no_more_than_there_is(session: Session, job: Job, change: dict[str, object]) -> None:
    refused(session, changed(job, **change), "ck_jobs_counts")
    session.execute(changed(job, done=2, failed=1, total=3))


def test_a_job_never_spends_more_than_it_may(session: Session, job: Job) -> None:
    session.execute(changed(job, spent=7))
    for change in ({"spent": -1}, {"allowed": 6}, {"allowed": 9, "spent": 10}):
        refused(session, changed(job, **change), "keeps_to_its_budget")
    session.execute(changed(job, spent=10, allowed=10))


@pytest.mark.parametrize(("old", "new"), list(product(JobState, JobState)))
def test_a_job_goes_only_its_ways(session: Session, job: Job, old: JobState, new: JobState) -> None:
    come_to(session, job, old)
    if (old, new) in ALLOWED:
        session.execute(becoming(job, new))
    else:
        refused(session, becoming(job, new), "a job that is done stays done")


@pytest.mark.parametrize("change", ["kind", "study_id", "generation_id", "judging_id", "created_at"])
def test_a_job_stays_the_work_that_it_is(session: Session, job: Job, change: str) -> None:
    new = {"kind": "judge", "created_at": NOW + timedelta(days=1)}.get(change, 999_999)
    refused(session, changed(job, **{change: new}), "a job stays the work that it is")


def test_the_next_holder_is_another_attempt(session: Session, job: Job) -> None:
    """Else a worker that was given up could go on writing as if it were its successor."""
    refused(session, changed(job, state=RUNNING, **HELD), "another attempt")
    session.execute(becoming(job, RUNNING))
    refused(session, changed(job, holder="two"), "another attempt")
    refused(session, changed(job, attempt=0), "another attempt")
    session.execute(changed(job, holder="two", attempt=2))
    session.execute(becoming(job, QUEUED))
    refused(session, changed(job, state=RUNNING, **HELD), "another attempt")


def test_what_became_of_a_job_is_of_a_known_kind(session: Session, job: Job) -> None:
    refused(session, insert(JobEvent).values(job_id=job.id, kind="", words="queued", at=NOW), "ck_job_events_kind")


def test_a_job_is_never_deleted_and_its_history_never_changes(session: Session, job: Job) -> None:
    refused(session, delete(Job), "a job is never deleted")
    refused(session, update(JobEvent).values(words="nothing happened"), "what became of a job never changes")
    refused(session, delete(JobEvent), "what became of a job never goes")
