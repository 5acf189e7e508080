"""A study's systems: how many prompts each has answered, how its outputs came about, and some to read."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Integer, Select, case, func, select
from sqlalchemy.orm import Session

from backend.db.generations import Generation, OutputOrigin
from backend.db.outputs import Output, System
from backend.db.replies import StoredReply
from backend.db.studies import Prompt
from backend.domain.recipes import Recipe
from backend.errors import NotFound
from backend.services.asking import generations, job_lines
from backend.services.asking.job_lines import JobLine
from backend.services.studies import batches

OUTPUTS_A_PAGE = 10
AT_THE_LIMIT = "length"  # OpenAI's word, and vLLM's, for an answer that was cut at its most tokens
FINISH = StoredReply.reply["finish"].as_string()
WHITE_SPACE = " \n\r\t"
SAMPLE = re.compile(r" #\d+$")


@dataclass(frozen=True, slots=True)
class Answerer:
    """What answered, as stored with its replies, and the sum of those: tokens, seconds, millionths of a dollar."""

    engine_version: str
    revision: str
    model: str
    answers: int
    cut: int
    prompt_tokens: int
    answer_tokens: int
    seconds: float
    cost: int


@dataclass(frozen=True, slots=True)
class SystemLine:
    """A system, with how its outputs are made; `made` is None where they were imported."""

    id: int
    name: str
    outputs: int
    prompts: int
    empty: int
    made: Generation | None
    answerers: tuple[Answerer, ...]
    job: JobLine | None

    @property
    def missing(self) -> int:
        """Prompts without an output."""
        return self.prompts - self.outputs

    @property
    def answers(self) -> int:
        """Outputs of which the reply is stored."""
        return sum(one.answers for one in self.answerers)

    @property
    def cut(self) -> int:
        """Outputs that ended at their most tokens."""
        return sum(one.cut for one in self.answerers)

    @property
    def answer_tokens(self) -> int:
        """Tokens of all its answers."""
        return sum(one.answer_tokens for one in self.answerers)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all that was asked."""
        return sum(one.prompt_tokens for one in self.answerers)

    @property
    def seconds(self) -> float:
        """How long its questions took, one after another."""
        return sum(one.seconds for one in self.answerers)

    @property
    def cost(self) -> int:
        """What its answers cost when they were given, in millionths of a dollar."""
        return sum(one.cost for one in self.answerers)


class Only(StrEnum):
    """Which prompts of a system are shown."""

    ALL = ""
    CUT = "cut"
    EMPTY = "empty"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Read:
    """A prompt with a system's output, if it has one, and the reply that it is the text of, if that is stored."""

    prompt: Prompt
    output: Output | None
    reply: StoredReply | None


@dataclass(frozen=True, slots=True)
class OutputsPage:
    """A page of outputs. found: how many there are of this kind."""

    rows: tuple[Read, ...]
    found: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.found // OUTPUTS_A_PAGE))


def lines(session: Session, study_id: int, *, now: datetime) -> list[SystemLine]:
    """Every system of the study, in the order in which they came."""
    systems = session.scalars(select(System).where(System.study_id == study_id).order_by(System.id)).all()
    prompts = session.execute(select(func.count()).select_from(Prompt).where(Prompt.study_id == study_id)).scalar_one()
    made = {one.system_id: one for one in session.scalars(select(Generation).where(Generation.study_id == study_id))}
    outputs = counts(session, study_id)
    answered = answerers(session, list(made))
    under_way = job_lines.newest_of_systems(session, study_id, now=now)
    return [
        SystemLine(
            id=system.id,
            name=system.name,
            outputs=outputs.get(system.id, (0, 0))[0],
            prompts=prompts,
            empty=outputs.get(system.id, (0, 0))[1],
            made=made.get(system.id),
            answerers=tuple(answered[system.id]),
            job=under_way.get(system.id),
        )
        for system in systems
    ]


def line(session: Session, study_id: int, system_id: int, *, now: datetime) -> SystemLine:
    """One system of this study, or NotFound."""
    found = next((one for one in lines(session, study_id, now=now) if one.id == system_id), None)
    if found is None:
        raise NotFound(f"There is no system {system_id} in this study.")
    return found


def another(session: Session, study_id: int, name: str, recipe: Recipe) -> tuple[str, Recipe]:
    """(a free name, the recipe with a sample that no system of this study is yet): the same system once more."""
    made = session.scalars(select(Generation).where(Generation.study_id == study_id)).all()
    alike = [one for one in map(generations.recipe_of, made) if replace(one, sample=recipe.sample) == recipe]
    sample = max((one.sample for one in alike), default=recipe.sample) + 1
    first, taken = SAMPLE.sub("", name), batches.systems_of(session, study_id)
    numbers = range(sample + 1, sample + 2 + len(taken))
    return next(f"{first} #{number}" for number in numbers if f"{first} #{number}" not in taken), replace(
        recipe, sample=sample
    )


def is_empty() -> ColumnElement[bool]:
    """Whether an output is nothing but white space."""
    return func.trim(Output.text, WHITE_SPACE) == ""


def counts(session: Session, study_id: int) -> dict[int, tuple[int, int]]:
    """system -> (outputs, those that are empty)."""
    rows = session.execute(
        select(Output.system_id, func.count(), func.sum(case((is_empty(), 1), else_=0)))
        .where(Output.study_id == study_id)
        .group_by(Output.system_id)
    )
    return {system: (outputs, empty) for system, outputs, empty in rows}


def answerers(session: Session, system_ids: Sequence[int]) -> defaultdict[int, list[Answerer]]:
    """system -> what answered for it. More than one, where an engine or a model was changed half-way."""
    model = StoredReply.reply["model"].as_string()
    who = (StoredReply.engine_version, StoredReply.revision, model)
    rows = session.execute(
        select(
            OutputOrigin.system_id,
            *who,
            func.count(),
            func.sum(case((FINISH == AT_THE_LIMIT, 1), else_=0)),
            func.sum(StoredReply.reply["prompt_tokens"].as_string().cast(Integer)),
            func.sum(StoredReply.reply["completion_tokens"].as_string().cast(Integer)),
            func.sum(StoredReply.seconds),
            func.sum(StoredReply.cost),
        )
        .join(StoredReply, StoredReply.hash == OutputOrigin.reply_hash)
        .where(OutputOrigin.system_id.in_(system_ids))
        .group_by(OutputOrigin.system_id, *who)
        .order_by(func.min(StoredReply.answered_at))
    )
    found: defaultdict[int, list[Answerer]] = defaultdict(list)
    for system, version, revision, answered_by, answers, cut, asked, answered, seconds, cost in rows:
        sums = (answers, cut, asked, answered, seconds, int(cost))  # PostgreSQL's sums of bigint are decimal
        found[system].append(Answerer(version, revision, answered_by, *sums))
    return found


def reading(session: Session, study_id: int, system_id: int, *, only: Only, page: int) -> OutputsPage:
    """A page of this system's outputs, in their prompts' order; from 1, and beyond the last it is the last."""
    rows = shown(study_id, system_id, only)
    found = session.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
    page = min(max(page, 1), max(1, -(-found // OUTPUTS_A_PAGE)))
    ids = session.scalars(rows.order_by(Prompt.id).limit(OUTPUTS_A_PAGE).offset((page - 1) * OUTPUTS_A_PAGE)).all()
    whole = session.execute(
        select(Prompt, Output, StoredReply)
        .outerjoin(Output, (Output.prompt_id == Prompt.id) & (Output.system_id == system_id))
        .outerjoin(OutputOrigin, OutputOrigin.output_id == Output.id)
        .outerjoin(StoredReply, StoredReply.hash == OutputOrigin.reply_hash)
        .where(Prompt.id.in_(ids))
        .order_by(Prompt.id)
    )
    return OutputsPage(tuple(Read(prompt, output, reply) for prompt, output, reply in whole), found, page)


def shown(study_id: int, system_id: int, only: Only) -> Select[int]:
    """The prompts of which an output of this kind is shown."""
    mine = (Output.prompt_id == Prompt.id) & (Output.system_id == system_id)
    prompts = select(Prompt.id).where(Prompt.study_id == study_id)
    if only == Only.MISSING:
        return prompts.outerjoin(Output, mine).where(Output.id.is_(None))
    answered = prompts.join(Output, mine)
    if only == Only.EMPTY:
        return answered.where(is_empty())
    if only == Only.CUT:
        return (
            answered.join(OutputOrigin, OutputOrigin.output_id == Output.id)
            .join(StoredReply, StoredReply.hash == OutputOrigin.reply_hash)
            .where(FINISH == AT_THE_LIMIT)
        )
    return answered
