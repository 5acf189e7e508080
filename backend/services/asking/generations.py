"""Systems whose outputs are made here: how, which are missing, and storing them. Knows no engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from backend.db.generations import Generation, OutputOrigin
from backend.db.jobs import Job
from backend.db.outputs import Output, System
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobKind, Manner, queue_of
from backend.domain.recipes import Recipe, recipe_from, serving_to_json
from backend.domain.records import LONGEST_NAME, Turn
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import jobs, replies, templates
from backend.services.asking.replies import Answered
from backend.services.studies import mentions, studies
from backend.services.studies.imports import clean

PROMPTS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt that a system has no output for yet."""

    id: int
    key: str
    dialogue: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """An answered prompt."""

    prompt_id: int
    answered: Answered


def declare(session: Session, study_id: int, name: str, recipe: Recipe, *, now: datetime) -> Generation:
    """A system whose outputs are to be made so. The same again is the same system; Conflict where it is another.

    A name is taken by what was made under it: one whose job got no answer, from a folder or an address that is not
    there, steps aside.
    """
    studies.in_turn(session, study_id)
    name = clean(name).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(f"A system's name has between 1 and {LONGEST_NAME} characters.")
    if recipe.template:
        templates.template(recipe.template)  # Invalid now, and not once the name is taken by what can't be asked
    earlier = of_name(session, study_id, name)
    if earlier is not None and (same := the_same(session, earlier, recipe)) is not None:
        return same
    system = System(study_id=study_id, name=name)
    session.add(system)
    session.flush()
    made = Generation(
        system_id=system.id,
        study_id=study_id,
        engine=recipe.engine,
        model=recipe.model,
        url=recipe.url,
        template=recipe.template,
        instructions=recipe.instructions,
        sampling=recipe.sampling.to_json(),
        sample=recipe.sample,
        serving=serving_to_json(recipe),
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def of_name(session: Session, study_id: int, name: str) -> System | None:
    """The system of this study that is called so."""
    return session.scalar(select(System).where(System.study_id == study_id, System.name == name))


def the_same(session: Session, system: System, recipe: Recipe) -> Generation | None:
    """How this system is made, where that is so; None once it has given up its name to another recipe."""
    earlier = session.get(Generation, system.id)
    if earlier is None:
        raise Conflict(f"{system.name} has imported outputs; outputs that are made here need a name of their own.")
    if recipe_of(earlier) == recipe:
        return earlier
    if (job := jobs.live(session, generation_id=system.id)) is not None:
        raise Conflict(
            f"Job {job.id} is to make {system.name} in another way: {in_words(recipe_of(earlier))}. Cancel it first, "
            f"with `assay jobs {job.id} --cancel`, or choose another name for this one."
        )
    if counts(session, earlier)[0]:
        raise Conflict(
            f"{system.name} is made in another way: {in_words(recipe_of(earlier))}, by its sample "
            f"{recipe_of(earlier).sample + 1}. Choose another name for this one."
        )
    system.name = aside(session, system)
    session.flush()
    return None


def aside(session: Session, system: System) -> str:
    """A free name for a system that has made nothing, so that its jobs still have one to be told by."""
    notes = (f" (nothing made, {number})" for number in count(1))
    names = (system.name[: LONGEST_NAME - len(note)] + note for note in notes)
    return next(name for name in names if of_name(session, system.study_id, name) is None)


def recipe_of(made: Generation) -> Recipe:
    """How a system's outputs are made."""
    stored = (made.engine, made.model, made.url, made.sampling, made.serving)
    return recipe_from(*stored, template=made.template, instructions=made.instructions, sample=made.sample)


def in_words(recipe: Recipe) -> str:
    """A recipe on one line."""
    sampling = recipe.sampling
    parts = [f"{recipe.model} on {recipe.engine}"]
    parts += [f"at {recipe.url}"] if recipe.url else []
    parts += [f"template {recipe.template}"] if recipe.template else []
    parts += [f"temperature {sampling.temperature:g}", f"top-p {sampling.top_p:g}", f"{sampling.max_tokens} tokens"]
    parts += [] if sampling.seed is None else [f"seed {sampling.seed}"]
    parts += [f"sample {recipe.sample + 1}"] if recipe.sample else []
    return ", ".join(parts)


def get(session: Session, system_id: int) -> Generation:
    """How this system is made, or NotFound."""
    made = session.get(Generation, system_id)
    if made is None:
        raise NotFound("This system's outputs were imported, so there is nothing to generate.")
    return made


def enqueue(session: Session, made: Generation, manner: Manner, *, allowed: int | None, now: datetime) -> Job:
    """A job that makes the outputs that are missing. Conflict where none is."""
    done, total = counts(session, made)
    if done == total:
        raise Conflict("Every prompt has its output already.")
    return jobs.enqueue(
        session,
        kind=JobKind.GENERATE,
        queue=queue_of(EngineKind(made.engine), made.url),
        study_id=made.study_id,
        generation_id=made.system_id,
        manner=manner,
        allowed=allowed,
        now=now,
    )


def counts(session: Session, made: Generation) -> tuple[int, int]:
    """How many prompts have an output of this system, and how many there are."""
    there = select(func.count()).select_from(Output).where(Output.system_id == made.system_id)
    wanted = select(func.count()).select_from(Prompt).where(Prompt.study_id == made.study_id)
    return session.scalars(there).one(), session.scalars(wanted).one()


def unanswered(database: Database, system_id: int, study_id: int) -> Iterator[Asked]:
    """Prompts without an output of this system, in the order of their import; read a few at a time."""
    last = 0
    outputs = select(Output.prompt_id).where(Output.system_id == system_id)
    rows = select(Prompt).where(Prompt.study_id == study_id, Prompt.id.not_in(outputs)).order_by(Prompt.id)
    while True:
        with database.reading() as session:
            found = session.scalars(rows.where(Prompt.id > last).limit(PROMPTS_AT_ONCE)).all()
        for prompt in found:
            yield Asked(prompt.id, prompt.key, tuple(Turn(**turn) for turn in prompt.dialogue))
        if not found:
            return
        last = found[-1].id


def store(session: Session, made: Generation, answers: Sequence[Made], *, job_id: int, now: datetime) -> None:
    """Outputs, where they came from, and the replies themselves.

    Another job may have stored its own answer to the same question meanwhile: the output is then that one's text.
    """
    replies.store(session, [one.answered for one in answers], job_id=job_id, now=now)
    of = {"study_id": made.study_id, "system_id": made.system_id}
    hashes = {one.prompt_id: one.answered.request.content_hash for one in answers}
    kept = replies.texts(session, set(hashes.values()))
    texts = [kept[hashes[one.prompt_id]] for one in answers]
    rows = [
        {**of, "prompt_id": one.prompt_id, "text": text, "shown": shown}
        for one, text, shown in zip(answers, texts, mentions.hidden(session, made.study_id, texts), strict=True)
    ]
    stored = session.execute(insert(Output).returning(Output.id, Output.prompt_id), rows).all()
    session.execute(
        insert(OutputOrigin),
        [
            {"output_id": output, "prompt_id": prompt, "system_id": made.system_id, "reply_hash": hashes[prompt]}
            for output, prompt in stored
        ],
    )
