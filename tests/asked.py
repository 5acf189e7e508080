"""Jobs in every state, brought there by the services that a worker calls. Knows no engine and no test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.generations import Generation
from backend.db.jobs import Job
from backend.db.studies import Prompt, Study
from backend.domain import prompting
from backend.domain.asking import EngineKind, Reply, Sampling
from backend.domain.jobs import JobState, Manner, Queue
from backend.domain.recipes import Recipe
from backend.domain.records import Turn
from backend.services.asking import estimates, generations, jobs
from backend.services.asking.generations import Made
from backend.services.asking.jobs import Held
from backend.services.asking.replies import Answered
from tests import factories

WORKER = "a-machine:4711:c0ffee"
PRICED = Manner(concurrency=4, price_in=2_500_000, price_out=10_000_000)
SECOND = timedelta(seconds=1)


def recipe(**changes: object) -> Recipe:
    """A model at an address, or with something else instead."""
    usual = {"engine": EngineKind.OPENAI, "model": "tiny", "url": "http://127.0.0.1:8000/v1", "sampling": SAMPLING}
    return Recipe(**{**usual, **changes})


SAMPLING = Sampling(temperature=0.7, max_tokens=64, seed=7)


@dataclass
class Work:
    """A job and what is asked in it; `now` is the worker's clock, which `passes` moves."""

    session: Session
    made: Generation
    job: Job
    now: datetime
    held: Held | None = None

    def begin(self) -> "Work":
        """A worker claims it and counts."""
        self.held = jobs.claim(self.session, WORKER, [Queue.IO, Queue.GPU], only=self.job.id, now=self.now)
        assert self.held is not None
        job = jobs.hold(self.session, self.held, now=self.now)
        job.done, job.total = generations.counts(self.session, self.made)
        job.message = f"Asks {self.made.model}"
        self.session.flush()
        return self

    def passes(self, time: timedelta) -> "Work":
        """So much time goes by."""
        self.now += time
        return self

    def answers(self, texts: Sequence[str], *, finish: str = "stop", cost: int = 0, model: str = "tiny") -> "Work":
        """The next prompts get these answers, in one lot."""
        prompts = missing(self.session, self.made)[: len(texts)]
        asked = [(one, text) for one, text in zip(prompts, texts, strict=True)]
        made = [Made(one.id, self.answered(one, text, finish, cost, model)) for one, text in asked]
        if cost:
            jobs.set_aside(self.session, self.the_held, cost * len(texts), now=self.now)
            self.session.flush()
        job = jobs.hold(self.session, self.the_held, now=self.now)
        generations.store(self.session, self.made, made, job_id=job.id, now=self.now)
        job.done += len(texts)
        self.session.flush()
        return self

    def answered(self, prompt: Prompt, text: str, finish: str, cost: int, model: str) -> Answered:
        """A question and its answer, with tokens as many as words."""
        target = estimates.target_of(generations.recipe_of(self.made))
        request = prompting.request([Turn(**turn) for turn in prompt.dialogue], target, sample=self.made.sample)
        reply = Reply(text, finish, model, 12, len(text.split()))
        return Answered(request, reply, "vllm 0.11.0", "5be7e2a1c0de", cost, 1.25)

    def fails(self, error: str, *, unanswered: int = 0) -> "Work":
        """It ends with this sentence."""
        jobs.hold(self.session, self.the_held, now=self.now).failed = unanswered
        self.session.flush()
        jobs.finish(self.session, self.the_held, JobState.FAILED, error=error, now=self.now)
        return self

    def ends(self) -> "Work":
        """It has done everything."""
        jobs.finish(self.session, self.the_held, JobState.DONE, now=self.now)
        return self

    @property
    def the_held(self) -> Held:
        """The job in its worker's hands."""
        assert self.held is not None
        return self.held


def missing(session: Session, made: Generation) -> Sequence[Prompt]:
    """Prompts without an output of this system."""
    there = select(generations.Output.prompt_id).where(generations.Output.system_id == made.system_id)
    return session.scalars(
        select(Prompt).where(Prompt.study_id == made.study_id, Prompt.id.not_in(there)).order_by(Prompt.id)
    ).all()


def work(
    session: Session,
    study: Study,
    name: str,
    *,
    now: datetime,
    manner: Manner | None = None,
    allowed: int | None = None,
    **changes: object,
) -> Work:
    """A job in its queue that makes a new system's outputs."""
    made = generations.declare(session, study.id, name, recipe(**changes), now=now)
    job = generations.enqueue(session, made, manner or Manner(concurrency=4), allowed=allowed, now=now)
    return Work(session, made, job, now)


def in_every_state(session: Session) -> Mapping[str, Job]:
    """A study with a job in each state: name of the state -> job."""
    now = datetime.now(UTC)
    study = factories.study(session, prompts=20)
    study.name = "Imitation models"
    long_ago = now - timedelta(hours=2)
    done = work(session, study, "done-7b", now=long_ago).begin().passes(90 * SECOND)
    done.answers(TEXTS[:10]).passes(60 * SECOND).answers(TEXTS[10:18]).answers(
        ["This one goes on and"], finish="length"
    )
    done.answers([" \n"]).ends()
    missing_some = work(session, study, "missing-7b", now=long_ago, sample=1).begin().passes(30 * SECOND)
    missing_some.answers(TEXTS[:17]).fails(UNANSWERED, unanswered=3)
    broke = work(session, study, "broke-7b", now=long_ago, manner=PRICED, allowed=20_000, sample=2).begin()
    broke.passes(20 * SECOND).answers(TEXTS[:6], cost=3_200).fails(SPENT)
    cancelled = work(session, study, "cancelled-7b", now=long_ago, sample=3)
    jobs.cancel(session, cancelled.job, now=long_ago)
    queued = work(
        session, study, "queued-7b", now=now - 8 * SECOND, engine=EngineKind.VLLM, url="", model="./checkpoint"
    )
    begun = work(session, study, "just-begun-7b", now=now - 2 * SECOND, sample=4).begin()
    running = work(session, study, "running-7b", now=now - 30 * SECOND, manner=PRICED, allowed=2_000_000, sample=5)
    running.begin().passes(8 * SECOND).answers(TEXTS[:4], cost=2_000).passes(10 * SECOND).answers(
        TEXTS[4:10], cost=2_000
    )
    running.passes(12 * SECOND - timedelta(milliseconds=1)).answers(TEXTS[10:12], cost=2_000)
    silent = work(session, study, "silent-7b", now=now - 60 * SECOND, sample=6).begin()
    found = {"done": done, "missing": missing_some, "broke": broke, "cancelled": cancelled, "queued": queued}
    found |= {"begun": begun, "running": running, "silent": silent}
    return {state: one.job for state, one in found.items()}


TEXTS = [f"Answer {number}, which says **something** of its own." for number in range(1, 21)]
UNANSWERED = (
    "3 questions got no answer; a retry asks them again. p18: the server answered 500 three times: "
    "CUDA error: out of memory. p19: no answer within 120 seconds. p20: no answer within 120 seconds."
)
SPENT = (
    "The next question could cost $0.0013, and of the budget of $0.02 $0.0008 is left. "
    "Retry the job with a larger budget to go on."
)
