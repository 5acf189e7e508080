"""Judges asked by real workers on a server that fails in every way there is: nothing lost, nothing guessed.

The clock on which patience waits is a test's own, so a pause costs no time; all else is real: sockets, threads, rows.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select, update

from backend.config import Settings
from backend.db.jobs import Job
from backend.db.judges import Judging, Verdict
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobKind, JobState, Manner, Queue
from backend.domain.judging.orders import Orders, Rule
from backend.domain.recipes import Recipe
from backend.services.asking import jobs
from backend.services.asking.estimates import Estimate
from backend.services.asking.jobs import Held
from backend.services.judging import judge_estimates, judgements, judges, judgings
from backend.services.judging.judgements import Tally
from tests import factories, judging
from tests.commands import Command, environment
from tests.factories import BASELINE, CANDIDATE, NOW
from tests.jobs import history, looked, until
from tests.judging import MODEL, OTHER_MODEL, PRICE, RETRY_AFTER
from tests.openai import Answer, Asked, Scripted, scripted
from tests.worker.engines.asked import Clock
from worker.duty import Duty, clock
from worker.engines.patience import Patience
from worker.judge import judge
from worker.running import Worker

PROMPTS, WANTED, DEAD = 40, 80, 40
TEMPLATES = ("rater-instructions", "vicuna")
MANNER = Manner(concurrency=8, price_in=PRICE.prompt, price_out=PRICE.completion)


@dataclass
class Court:
    """A study, a judge that is asked about it, and the server behind it. wrong: sums that were ever out of order."""

    database: Database
    served: Scripted
    server: judging.Judge
    template: str
    study_id: int
    timeout: float = 60
    clock: Clock = field(default_factory=Clock)
    wrong: list[tuple[int, int, int | None]] = field(default_factory=list)

    def declared(self, name: str = "judge") -> int:
        """The judging of a judge of this name."""
        with self.database.transaction() as session:
            made = judges.declare(
                session,
                self.study_id,
                name,
                template=self.template,
                recipe=Recipe(EngineKind.OPENAI, MODEL, self.served.url, sampling=judges.sampling_for(self.template)),
                orders=Orders.BOTH,
                rule=Rule.AGREE_ELSE_TIE,
                now=NOW,
            )
            return judgings.compare(session, made, candidate=CANDIDATE, baseline=BASELINE, now=NOW).id

    def queued(self, name: str = "judge", *, allowed: int | None = None) -> int:
        """A job that asks it, and looks at its money at every question."""
        number = self.declared(name)
        with self.database.transaction() as session:
            job_id = judgings.enqueue(
                session, session.get_one(Judging, number), MANNER, allowed=allowed, now=clock()
            ).id
        before = self.server.billed
        self.server.on_question = lambda billed: self.look(job_id, billed - before)
        return job_id

    def look(self, job_id: int, billed: int) -> None:
        """What may be billed was set aside before, within the budget."""
        job = looked(self.database, job_id)
        if not billed <= job.spent or (job.allowed is not None and job.spent > job.allowed):
            self.wrong.append((billed, job.spent, job.allowed))

    def worker(self, name: str = "one") -> Worker:
        settings = Settings(engine_timeout=self.timeout)
        return Worker(self.database, settings, {JobKind.JUDGE: self.patiently}, name=name)

    def patiently(self, duty: Duty) -> None:
        duty.patience, duty.waits = Patience(attempts=5, failures=1000), self.clock.waits
        judge(duty)

    def done(self, job_id: int) -> Job:
        """After a worker did what it could."""
        assert self.worker().do_one(job_id)
        return looked(self.database, job_id)

    def retried(self, job_id: int, *, allowed: int | None = None) -> Job:
        with self.database.transaction() as session:
            jobs.retry(session, jobs.get(session, job_id), "put right", allowed=allowed, now=clock())
        return self.done(job_id)

    def tally(self, name: str = "judge") -> Tally:
        number = self.declared(name)
        with self.database.reading() as session:
            made = session.get_one(Judging, number)
            return judgements.tally(session, judges.get(session, made.judge_id), made)

    def estimate(self) -> Estimate:
        number = self.declared()
        with self.database.reading() as session:
            made = session.get_one(Judging, number)
            return judge_estimates.of_judging(session, judges.get(session, made.judge_id), made, MANNER)

    def verdicts(self, name: str = "judge") -> list[Verdict]:
        with self.database.reading() as session:
            known = judges.by_name(session, self.study_id, name)
            return list(session.scalars(select(Verdict).where(Verdict.judge_id == known.id)))

    def paid(self) -> int:
        """What the stored replies took."""
        with self.database.reading() as session:
            return session.scalars(select(func.coalesce(func.sum(StoredReply.cost), 0))).one()


@pytest.fixture(params=TEMPLATES)
def court(request: pytest.FixtureRequest, database: Database) -> Iterator[Court]:
    with database.transaction() as session:
        study_id = factories.study(session, prompts=PROMPTS).id
    server = judging.Judge()
    with scripted(otherwise=server.answer) as served:
        yield Court(database, served, server, request.param, study_id)


def adds_up(found: Tally, *, missing: int) -> bool:
    """Whether every verdict that is wanted is read, unread for a reason, or not there yet."""
    said = found.summary
    judged = said.candidate + said.tie + said.baseline + said.unparsed
    return (
        found.verdicts + missing == found.wanted == WANTED and len(said.unread) <= found.verdicts and judged <= PROMPTS
    )


def test_every_failure_there_is_ends_in_verdicts_that_add_up(court: Court) -> None:
    """Of 40 prompts four are of each kind. By hand: 4 refused, 4 of no form and 4 in prose, each in two orders."""
    court.server.dead, court.server.silent, court.timeout = {DEAD}, {3, 13}, 2.0
    job = court.done(court.queued())
    assert (job.state, job.done, job.failed, job.total) == (JobState.FAILED, WANTED - 2, 2, WANTED)
    assert job.error.startswith("2 questions got no answer; a retry asks them again. p40: ")
    found = court.tally()
    assert adds_up(found, missing=2)
    in_prose = {"rater-instructions": {"format": 16}, "vicuna": {"format": 8, "elsewhere": 8}}[court.template]
    assert found.summary.reasons == {"refused": 8, **in_prose}
    said = found.summary
    assert (said.candidate, said.tie, said.baseline, said.unparsed) == (PROMPTS - 13, 0, 0, 12)
    assert found.tries == WANTED - 2 + 24 + 8, "24 unread and 8 empty replies were asked for once more"
    assert max(court.clock.waited) >= RETRY_AFTER, "the pause that the server named was kept"

    court.server.dead = set()
    again = court.retried(job.id)
    assert (again.state, again.done, again.failed, again.error) == (JobState.DONE, WANTED, 0, "")
    found = court.tally()
    assert adds_up(found, missing=0)
    assert (found.summary.candidate, found.summary.unparsed) == (PROMPTS - 12, 12)
    assert court.wrong == []


def test_both_replies_of_an_unread_verdict_are_stored_and_paid_and_the_last_one_is_the_verdicts(court: Court) -> None:
    job = court.done(court.queued())
    assert job.state == JobState.DONE
    unread = [one for one in court.verdicts() if one.choice is None]
    assert len(unread) == 24
    assert {one.tries for one in unread} == {2}
    with court.database.reading() as session:
        replies = {one.hash: one for one in session.scalars(select(StoredReply))}
    assert len(replies) == court.tally().tries
    for one in unread:
        reminder = replies[one.reply_hash or ""].request["turns"]
        assert [turn["role"] for turn in reminder] == ["system", "user", "assistant", "user"]
        assert one.raw == replies[one.reply_hash or ""].reply["text"] == reminder[2]["text"]
    assert min(one.cost for one in replies.values()) > 0
    assert court.paid() <= court.server.billed <= job.spent


def test_another_model_than_was_asked_is_kept_with_its_verdicts_and_told(court: Court) -> None:
    court.done(court.queued())
    assert Counter(one.model for one in court.verdicts()) == {MODEL: WANTED - 8, OTHER_MODEL: 8}
    assert court.tally().other_models == {OTHER_MODEL: 8}


def test_a_budget_that_runs_out_is_kept_to_and_a_larger_one_goes_on_from_there(court: Court) -> None:
    worst = court.estimate().worst
    job = court.done(court.queued(allowed=worst // 3))
    assert job.state == JobState.FAILED
    assert "Retry the job with a larger budget" in job.error
    assert 0 < len(court.verdicts()) < WANTED
    assert adds_up(court.tally(), missing=WANTED - len(court.verdicts()))
    assert court.server.billed <= job.spent <= worst // 3
    first = court.server.billed

    again = court.retried(job.id, allowed=20 * worst)
    assert (again.state, again.error) == (JobState.DONE, "")
    assert adds_up(court.tally(), missing=0)
    assert first < court.server.billed <= again.spent <= 20 * worst
    assert set(court.server.heard.values()) == {1}, "not even a reply whose reminder the first budget had no room for"
    assert court.wrong == []


def test_the_estimate_is_of_what_is_asked_and_its_worst_case_pays_for_it(court: Court) -> None:
    court.server.is_well = True
    known = court.estimate()
    job = court.done(court.queued(allowed=known.worst))
    assert job.state == JobState.DONE
    assert (known.questions, known.stored) == (len(court.served.asked), 0)
    assert 0 < court.server.billed == job.spent <= known.worst, "what the server counted, to the last millionth"
    assert court.estimate().questions == 0
    number = court.declared("another")
    with court.database.reading() as session:
        made = session.get_one(Judging, number)
        other = judge_estimates.of_judging(session, judges.get(session, made.judge_id), made, MANNER)
    assert (other.questions, other.stored, other.worst) == (0, WANTED, 0)


def test_a_judge_of_another_name_asks_nothing_and_pays_nothing_for_what_is_stored(court: Court) -> None:
    first = court.done(court.queued())
    asked = len(court.served.asked)
    job = court.done(court.queued("the same again", allowed=0))
    assert (job.state, job.spent, len(court.served.asked)) == (JobState.DONE, 0, asked)
    assert first.spent > 0
    said = {name: court.tally(name) for name in ("judge", "the same again")}
    assert said["judge"] == said["the same again"]
    one, other = (
        {(verdict.first_id, verdict.second_id): (verdict.raw, verdict.reply_hash) for verdict in court.verdicts(name)}
        for name in said
    )
    assert one == other


def test_a_worker_that_is_given_up_in_the_middle_stores_nothing_more_and_no_verdict_is_doubled(court: Court) -> None:
    job_id, taken = court.queued(), Event()
    second = court.worker("two")
    held: list[Held] = []
    watch = court.server.on_question

    def give_up(billed: int) -> None:
        watch(billed)
        if len(court.served.asked) >= 30 and not taken.is_set():
            taken.set()
            held.append(taken_over(court.database, job_id, second.name))

    court.server.on_question = give_up
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(court.worker("one").do_one, job_id)
        assert taken.wait(60)
        until(lambda: bool(held))
        second.do(held[0])
        assert first.result(60)
    job = looked(court.database, job_id)
    assert (job.state, job.attempt, job.done) == (JobState.DONE, 2, WANTED)
    assert "one gave no sign of life any more" in history(court.database, job_id)
    pairs = Counter((one.first_id, one.second_id) for one in court.verdicts())
    assert len(pairs) == WANTED
    assert set(pairs.values()) == {1}
    assert adds_up(court.tally(), missing=0)
    assert court.server.billed <= job.spent
    assert court.wrong == []


@pytest.mark.long
def test_a_call_that_is_killed_is_taken_up_by_the_same_call_and_nothing_is_asked_twice_but_what_was_under_way(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """kill -9 at 60 of 80 questions; the second call waits for the first one's lease to lapse, and goes on."""
    with database.transaction() as session:
        study_id = factories.study(session, prompts=PROMPTS).id
    gate, server = Event(), judging.Judge(is_well=True)

    def answer(asked: Asked) -> Answer:
        if len(served.asked) > 60:
            gate.wait(60)
        return server.answer(asked)

    with scripted(otherwise=answer) as served:
        call = ("judge", "ask", str(study_id), "--name", "judge", "--template", "rater-instructions", "--model", MODEL)
        pair = ("--candidate", CANDIDATE, "--baseline", BASELINE, "--url", served.url, "--concurrency", "4")
        told = environment(database_url, tmp_path)
        with Command(*call, *pair, environment=told) as first:
            until(lambda: stored(database) >= 60, seconds=60)
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait()
        gate.set()
        with Command(*call, *pair, environment=told) as second:
            assert second.process.wait(60) == 0
    assert stored(database) == WANTED
    assert len(served.asked) <= WANTED + 4
    assert looked(database, 1).attempt == 2


def stored(database: Database) -> int:
    """How many verdicts there are."""
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(Verdict)).one()


def taken_over(database: Database, job_id: int, holder: str) -> Held:
    """The job, by somebody who believes that its holder is dead."""
    with database.transaction() as session:
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=clock() - timedelta(seconds=1)))
        held = jobs.claim(session, holder, list(Queue), only=job_id, now=clock())
    assert held is not None
    return held
