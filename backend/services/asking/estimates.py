"""What a job would ask and cost, before it does. Asks nothing."""

from dataclasses import asdict, dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.outputs import System
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.domain import prompting
from backend.domain.asking import Request, estimated_tokens
from backend.domain.jobs import Manner
from backend.domain.judging.templates import Template, reminded
from backend.domain.prices import Price, cost
from backend.domain.prompting import Target
from backend.domain.recipes import Recipe
from backend.domain.records import Turn
from backend.errors import Invalid
from backend.services.asking import generations, templates


@dataclass(frozen=True, slots=True)
class Estimate:
    """questions: to be asked; stored: whose answers are stored already. expected, worst: in millionths of a dollar.

    expected counts an answer of full length; worst counts, besides, a token for every byte of the question. again: what
    it costs at most, beyond that, if no judge's reply can be read, and every one is asked for once more.
    """

    questions: int = 0
    stored: int = 0
    prompt_tokens: int = 0
    most_answer_tokens: int = 0
    expected: int = 0
    worst: int = 0
    again: int = 0

    def with_question(self, request: Request, price: Price) -> "Estimate":
        """One question more."""
        turns = request.turns or (Turn("user", request.text or ""),)
        most = request.sampling.max_tokens
        one = cost(turns, max_tokens=most, price=price)
        return replace(
            self,
            questions=self.questions + 1,
            prompt_tokens=self.prompt_tokens + sum(estimated_tokens(turn.text) for turn in turns),
            most_answer_tokens=self.most_answer_tokens + most,
            expected=self.expected + one.estimate,
            worst=self.worst + one.worst,
        )

    def with_stored(self) -> "Estimate":
        """One question more that need not be asked."""
        return replace(self, stored=self.stored + 1)

    def with_reminder(self, template: Template, request: Request, price: Price) -> "Estimate":
        """A judge's last question may have to be asked once more, behind a reply of full length."""
        longest = "x" * request.sampling.max_tokens  # as many bytes as it may have tokens, which is what a bound counts
        turns = reminded(template, request.turns, longest)
        return replace(self, again=self.again + cost(turns, max_tokens=len(longest), price=price).worst)

    def __add__(self, other: "Estimate") -> "Estimate":
        """Of two jobs together."""
        sums = {name: value + getattr(other, name) for name, value in asdict(self).items()}
        return Estimate(**sums)


def target_of(recipe: Recipe) -> Target:
    """Whom to ask, and in which words. Invalid where there is no such template."""
    template = templates.template(recipe.template) if recipe.template else None
    return Target(recipe.engine, recipe.url, recipe.model, recipe.sampling, template, recipe.instructions)


def of_generation(database: Database, study_id: int, system: str, recipe: Recipe, manner: Manner) -> Estimate:
    """A system's missing outputs. Invalid, with the prompt, for one that can't be asked so."""
    target, price, found = target_of(recipe), Price(manner.price_in, manner.price_out), Estimate()
    with database.reading() as session:
        known = session.scalar(select(System.id).where(System.study_id == study_id, System.name == system))
    for asked in generations.unanswered(database, known or 0, study_id):
        try:
            request = prompting.request(asked.dialogue, target, sample=recipe.sample)
        except ValueError as error:
            raise Invalid(f"Prompt {asked.key} can't be asked: {error}.") from None
        with database.reading() as session:
            is_known = is_stored(session, request, recipe.revision)
            found = found.with_stored() if is_known else found.with_question(request, price)
    return found


def is_stored(session: Session, request: Request, revision: str) -> bool:
    """Whether exactly this was answered before. A server that tells a revision when it is asked may know more."""
    wanted = replace(request, revision=revision).content_hash
    stored = select(StoredReply.hash).where(StoredReply.hash == wanted)
    return session.scalar(stored) is not None
