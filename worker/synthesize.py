"""The job that makes new entries: calls without an answer are asked until as many are taken as were wanted.

What is taken is decided in the order of the calls, whenever their answers come, so it is the same whatever died on
the way. An engine's last answers may come after there is enough; they are stored, and not taken.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.db.syntheses import Synthesis
from backend.domain import prompting
from backend.domain.jobs import Manner
from backend.domain.prompting import Target
from backend.domain.records import Turn
from backend.domain.synthesis.line import Line
from backend.errors import AppError
from backend.services.asking import estimates, syntheses
from backend.services.asking.syntheses import Called
from worker.asker import Asker
from worker.duty import Closing, Duty
from worker.engines.protocol import Hopeless, Unusable
from worker.flow import flow
from worker.opening import asking


@dataclass(frozen=True, slots=True)
class Enough:
    """Set once nothing more is to be asked: there is enough, or the job is to stop."""

    line: Line
    stop: Closing

    def is_set(self) -> bool:
        """Whether it is."""
        return self.line.is_over or self.stop.is_set()


@dataclass(frozen=True, slots=True)
class Caller:
    """Asks calls by their numbers. has_answered: it has once; before that a refusal is of all calls, and not of one."""

    asker: Asker
    target: Target
    line: Line
    has_answered: threading.Event = field(default_factory=threading.Event)

    def ask(self, number: int) -> Called:
        """Its answer, or that it was refused for good: this call's words may be to blame."""
        turns = (Turn("user", self.line.asked(number).text),)
        request = prompting.request(turns, self.target, sample=number)
        try:
            answered = self.asker.ask(request)
        except Unusable:
            raise
        except Hopeless as error:
            if not self.has_answered.is_set():
                raise
            return Called(number, None, str(error))
        self.has_answered.set()
        return Called(number, answered)


def synthesize(duty: Duty) -> None:
    """Ask what is missing. Raises AppError, in a sentence, where the calls are used up before there is enough."""
    with duty.chunk() as (session, job):
        one = syntheses.get(session, job.synthesis_id or 0)
        recipe, manner = syntheses.recipe_of(one), Manner.from_json(job.manner)
    with duty.database.reading() as session:
        line = syntheses.line_of(session, one)
    count(duty, one, line)
    if not line.is_over:
        with asking(duty, recipe, manner) as asker:
            caller, enough = Caller(asker, estimates.target_of(recipe), line), Enough(line, duty.stop)
            while not enough.is_set():
                for calls in flow(line.missing(), caller.ask, concurrency=manner.concurrency, stop=enough):
                    keep(duty, one, line, calls)
    duty.go_on()
    refuse_unless_full(line)


def keep(duty: Duty, one: Synthesis, line: Line, calls: Sequence[Called]) -> None:
    """Store the answers, in one chunk, and take from them what can be taken."""
    with duty.chunk() as (session, job):
        syntheses.store(session, one, calls, job_id=job.id, now=duty.now())
        heard = syntheses.heard_of(session, one, [call.number for call in calls])
    for number, found in heard.items():
        line.give(number, found)
    count(duty, one, line)


def count(duty: Duty, one: Synthesis, line: Line) -> None:
    """How far it is, for whoever watches."""
    with duty.chunk() as (_, job):
        job.done, job.total = len(line.pool.kept), one.wanted


def refuse_unless_full(line: Line) -> None:
    """Raises AppError with what the calls brought."""
    pool = line.pool
    if pool.is_full:
        return
    left = "; ".join(f"{number:,} {why}" for why, number in pool.left.most_common())
    raise AppError(
        f"{pool.calls:,} calls, which is their limit, brought {len(pool.kept):,} of {pool.wanted:,} entries"
        f" ({len(pool.kept) / max(pool.calls, 1):.2f} a call). {f'Left out: {left}. ' if left else ''}"
        "With a higher --calls the same call goes on."
    )
