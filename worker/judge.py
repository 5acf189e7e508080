"""The job that asks a judge: every pair of outputs without a verdict, in each order. A verdict is read, never guessed.

A reply that can't be read is asked for again once, with the template's reminder; then it is unparsed, and stays so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.judges import Judge, Judging
from backend.domain.jobs import Manner
from backend.domain.judging.parsing import read
from backend.domain.judging.templates import Template, as_read, reminded, rendered
from backend.domain.recipes import Recipe
from backend.errors import AppError
from backend.services.asking import replies
from backend.services.judging import judges, judgings
from backend.services.judging.judgings import Given, Pair
from worker.asker import Asker
from worker.duty import Duty
from worker.engines.protocol import Hopeless, Transient, Unusable
from worker.flow import flow
from worker.opening import asking
from worker.troubles import Trouble, answered, refuse_unless_complete

Attempted = Given | Trouble


@dataclass(frozen=True, slots=True)
class Bench:
    """Puts pairs before a judge."""

    asker: Asker
    judge: Judge
    recipe: Recipe

    def ask(self, pair: Pair) -> Attempted:
        """The verdict, or why there is none; other pairs may fare better."""
        try:
            return self.judged(pair, judges.template_for(self.judge, pair.category))
        except Unusable:
            raise  # every other question would be refused, too
        except (Hopeless, Transient) as error:
            return Trouble(pair.key, str(error))

    def judged(self, pair: Pair, template: Template) -> Attempted:
        turns = rendered(template, pair.dialogue, pair.first.text, pair.second.text)
        shown = (as_read(pair.dialogue), pair.first.text, pair.second.text)
        first = self.asker.ask(judgings.asked(self.recipe, template, turns))
        reading = read(template, first.reply, shown)
        if reading.choice is not None:
            return Given(pair, reading, first.reply, (first,))
        turns = reminded(template, turns, first.reply.text)
        try:
            again = self.asker.ask(judgings.asked(self.recipe, template, turns))
        except AppError as error:  # whatever it was, the first reply was paid: a retry goes on from it
            return Trouble(pair.key, str(error), answered=(first,))
        return Given(pair, read(template, again.reply, shown), again.reply, (first, again))


def judge(duty: Duty) -> None:
    """Get the verdicts that are missing. Raises AppError, in a sentence, where some stay missing."""
    with duty.chunk() as (session, job):
        judging = session.get_one(Judging, job.judging_id)
        one = judges.get(session, judging.judge_id)
        recipe, manner = judges.recipe_of(one), Manner.from_json(job.manner)
        job.done, job.total = judgings.counts(session, one, judging)
    troubles: list[Trouble] = []
    with asking(duty, recipe, manner) as asker:
        bench = Bench(asker, one, recipe)
        pairs = judgings.unjudged(duty.database, one, judging)
        for attempts in flow(pairs, bench.ask, concurrency=manner.concurrency, stop=duty.stop):
            troubles += keep(duty, one, attempts)
    duty.go_on()
    refuse_unless_complete(troubles)


def keep(duty: Duty, one: Judge, attempts: Sequence[Attempted]) -> list[Trouble]:
    """Store the verdicts, in one chunk, and count the rest."""
    given = [attempt for attempt in attempts if isinstance(attempt, Given)]
    troubles = [attempt for attempt in attempts if isinstance(attempt, Trouble)]
    with duty.chunk() as (session, job):
        judgings.store(session, one, given, job_id=job.id, now=duty.now())
        replies.store(session, answered(troubles), job_id=job.id, now=duty.now())
        job.done += len(given)
        job.failed += len(troubles)
    return troubles
