"""Syntheses: declared, which of their calls are answered, and what was taken of the replies. Knows no engine.

The calls are the truth. What was taken is read from their replies each time, in the order of the calls, so nothing
that a dying worker left half done can be in it twice, or be missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.jobs import Job
from backend.db.replies import StoredReply
from backend.db.syntheses import Synthesis, SynthesisCall
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobKind, Manner, queue_of
from backend.domain.recipes import Recipe, recipe_from, serving_to_json
from backend.domain.records import LONGEST_NAME
from backend.domain.synthesis.closeness import Bleu
from backend.domain.synthesis.line import Heard, Line
from backend.domain.synthesis.methods import Asked, Method, Seed, Way
from backend.domain.synthesis.nq import NaturalQuestions
from backend.domain.synthesis.pool import Limits, Pool, parted
from backend.domain.synthesis.rouge import Rouge
from backend.domain.synthesis.self_instruct import SelfInstruct
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import generations, jobs, replies, synthesis_templates, templates
from backend.services.asking.replies import Answered
from backend.services.once import insert_missing
from backend.services.studies.imports import clean

EXPLAINED = (
    "The seeds that are too close to an evaluation set would ask for questions like those of the evaluation. "
    "Give other seeds, a higher --closest, or --keep-seeds to show them all the same, as the paper did; then leave "
    "them out of the evaluation."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a synthesis is to be made. evaluation: texts that nothing may come close to, seeds only if `keep_seeds`."""

    way: Way
    recipe: Recipe
    seeds: tuple[Seed, ...]
    evaluation: tuple[str, ...] = ()
    closest: float = 20.0
    keep_seeds: bool = False
    draw: int = 0
    wanted: int = 6000
    most_calls: int = 6000


@dataclass(frozen=True, slots=True)
class Called:
    """A call, and its answer or why it has none."""

    number: int
    answered: Answered | None
    refusal: str = ""


def declare(session: Session, name: str, plan: Plan, *, now: datetime) -> Synthesis:
    """A synthesis. The same again is the same one, for as many entries and calls as are said now; else Conflict."""
    name = clean(name).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"A synthesis's name has between 1 and {LONGEST_NAME} characters.")
    if plan.recipe.template:
        templates.template(plan.recipe.template)
    made = row_of(name, plan, now)
    try:
        method_of(made)
    except ValueError as error:
        raise Invalid(f"This can't be asked: {error}. {EXPLAINED if made.excluded else ''}".strip()) from None
    earlier = session.scalar(select(Synthesis).where(Synthesis.name == name).with_for_update())
    if earlier is None:
        session.add(made)
        session.flush()
        return made
    if different := [one for one in COMPARED if getattr(earlier, one) != getattr(made, one)]:
        raise Conflict(f"{name} is made in another way: it differs in {', '.join(different)}. Choose another name.")
    earlier.wanted, earlier.most_calls = plan.wanted, plan.most_calls
    session.flush()
    return earlier


COMPARED = (
    "way", "engine", "model", "url", "template", "instructions", "sampling", "serving", "prompt", "seeds", "excluded",
    "evaluation", "closest", "draw",
)  # fmt: skip


def row_of(name: str, plan: Plan, now: datetime) -> Synthesis:
    """As it is stored, with its seeds chosen."""
    index = Bleu(plan.evaluation, least=plan.closest) if plan.evaluation else None
    found = parted(plan.seeds, None if plan.keep_seeds else index, closest=plan.closest)
    near = found.excluded
    recipe = plan.recipe
    return Synthesis(
        name=name,
        way=plan.way,
        engine=recipe.engine,
        model=recipe.model,
        url=recipe.url,
        template=recipe.template,
        instructions=recipe.instructions,
        sampling=recipe.sampling.to_json(),
        serving=serving_to_json(recipe),
        prompt=synthesis_templates.preset(plan.way).prompt,
        seeds=[asdict(one) for one in found.seeds],
        excluded=[{**asdict(one), "near": asdict(near[one.key])} for one in plan.seeds if one.key in near],
        evaluation=[clean(text) for text in plan.evaluation],
        closest=plan.closest,
        draw=plan.draw,
        wanted=plan.wanted,
        most_calls=plan.most_calls,
        created_at=now,
    )


def method_of(one: Synthesis) -> Method:
    """How it asks and reads. ValueError where its seeds don't do."""
    seeds = tuple(Seed(**seed) for seed in one.seeds)
    ways: dict[Way, type[NaturalQuestions] | type[SelfInstruct]] = {
        Way.NQ: NaturalQuestions,
        Way.SELF_INSTRUCT: SelfInstruct,
    }
    return ways[Way(one.way)](one.prompt, seeds, one.draw)


def recipe_of(one: Synthesis) -> Recipe:
    """Whom it asks."""
    stored = (one.engine, one.model, one.url, one.sampling, one.serving)
    return recipe_from(*stored, template=one.template, instructions=one.instructions)


def get(session: Session, synthesis_id: int) -> Synthesis:
    """The synthesis, or NotFound."""
    one = session.get(Synthesis, synthesis_id)
    if one is None:
        raise NotFound(f"There is no synthesis {synthesis_id}.")
    return one


def line_of(session: Session, one: Synthesis) -> Line:
    """What was taken until now, ready to be given what is missing."""
    limits = Limits(
        evaluation=Bleu(one.evaluation, least=one.closest) if one.evaluation else None,
        closest=one.closest,
        similar=Rouge() if one.way == Way.SELF_INSTRUCT else None,
    )
    line = Line(Pool(method_of(one), one.wanted, limits), one.most_calls)
    for number, heard in heard_of(session, one).items():
        line.give(number, heard)
    return line


def heard_of(session: Session, one: Synthesis, numbers: Sequence[int] | None = None) -> Mapping[int, Heard]:
    """Call -> what became of it, of all that were answered, or of these."""
    text, finish = StoredReply.reply["text"].as_string(), StoredReply.reply["finish"].as_string()
    rows = (
        select(SynthesisCall.number, text, finish, SynthesisCall.refusal)
        .outerjoin(StoredReply, StoredReply.hash == SynthesisCall.reply_hash)
        .where(SynthesisCall.synthesis_id == one.id)
        .order_by(SynthesisCall.number)
    )
    wanted = rows if numbers is None else rows.where(SynthesisCall.number.in_(numbers))
    return {
        number: Heard(said or "", finished == "length", refusal)
        for number, said, finished, refusal in session.execute(wanted)
    }


def enqueue(session: Session, one: Synthesis, manner: Manner, *, allowed: int | None, now: datetime) -> Job:
    """A job that asks the calls that are missing."""
    return jobs.enqueue(
        session,
        kind=JobKind.SYNTHESIZE,
        queue=queue_of(EngineKind(one.engine), one.url),
        study_id=None,
        synthesis_id=one.id,
        manner=manner,
        allowed=allowed,
        now=now,
    )


def store(session: Session, one: Synthesis, calls: Sequence[Called], *, job_id: int, now: datetime) -> None:
    """Replies, and whose calls they answer. Another job may have stored its own answer to the same question."""
    answered = [(call.number, call.answered) for call in calls if call.answered is not None]
    replies.store(session, [found for _, found in answered], job_id=job_id, now=now)
    hashes = {number: found.request.content_hash for number, found in answered}
    of = {"synthesis_id": one.id}
    rows = [
        {**of, "number": call.number, "reply_hash": hashes.get(call.number), "refusal": clean(call.refusal)}
        for call in calls
    ]
    insert_missing(session, SynthesisCall, rows)


def shown_by(line: Line, number: int) -> Asked:
    """What a call asked, and which seeds it showed."""
    return line.asked(number)


def in_words(one: Synthesis) -> str:
    """How it is made, on one line."""
    return generations.in_words(recipe_of(one))
