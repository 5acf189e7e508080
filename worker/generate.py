"""The job that makes a system's outputs: every prompt without one is asked, and what is answered is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.generations import Generation
from backend.domain import prompting
from backend.domain.asking import Request
from backend.domain.jobs import Manner
from backend.domain.prompting import Target
from backend.services.asking import estimates, generations
from backend.services.asking.generations import Asked, Made
from backend.services.asking.replies import Answered
from backend.services.studies import mentions, studies
from worker.asker import Asker
from worker.duty import Duty
from worker.engines.protocol import Hopeless, Transient, Unusable
from worker.flow import flow
from worker.opening import asking
from worker.troubles import Trouble, refuse_unless_complete

Attempted = tuple[Asked, Answered | Trouble]


@dataclass(frozen=True, slots=True)
class Questions:
    """Asks a prompt as its system's recipe says."""

    asker: Asker
    target: Target
    sample: int

    def ask(self, asked: Asked) -> Attempted:
        """Its answer, or why it has none; other prompts may fare better."""
        try:
            return asked, self.asker.ask(self.request(asked))
        except Unusable:
            raise  # every other question would be refused, too
        except (Hopeless, Transient, ValueError) as error:
            return asked, Trouble(asked.key, str(error))

    def request(self, asked: Asked) -> Request:
        return prompting.request(asked.dialogue, self.target, sample=self.sample)


def generate(duty: Duty) -> None:
    """Make what is missing. Raises AppError, in a sentence, where something stays missing."""
    with duty.chunk() as (session, job):
        made = generations.get(session, job.generation_id or 0)
        recipe, manner = generations.recipe_of(made), Manner.from_json(job.manner)
        job.done, job.total = generations.counts(session, made)
    troubles: list[Trouble] = []
    try:
        with asking(duty, recipe, manner) as asker:
            questions = Questions(asker, estimates.target_of(recipe), recipe.sample)
            prompts = generations.unanswered(duty.database, made.system_id, made.study_id)
            for attempts in flow(prompts, questions.ask, concurrency=manner.concurrency, stop=duty.stop):
                troubles += keep(duty, made, attempts)
    finally:  # what was stored before it broke may be launched, too
        look_for_mentions(duty, made.study_id)
    duty.go_on()
    refuse_unless_complete(troubles)


def look_for_mentions(duty: Duty, study_id: int) -> None:
    """Outputs that say who wrote them are to be seen before a launch, as those of imported files are.

    Reading all texts may take longer than a lease of SQLite's one writer, so it is not done while writing.
    """
    with duty.database.reading() as session:
        found = mentions.find_all(session, study_id)
    with duty.chunk() as (session, _):
        mentions.note(studies.get(session, study_id), found)


def keep(duty: Duty, made: Generation, attempts: Sequence[Attempted]) -> list[Trouble]:
    """Store what was answered, in one chunk, and count the rest."""
    answers = [Made(asked.id, one) for asked, one in attempts if isinstance(one, Answered)]
    troubles = [one for _, one in attempts if isinstance(one, Trouble)]
    with duty.chunk() as (session, job):
        if answers:
            generations.store(session, made, answers, job_id=job.id, now=duty.now())
        job.done += len(answers)
        job.failed += len(troubles)
    return troubles
