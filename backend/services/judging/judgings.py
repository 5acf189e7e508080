"""What judges are asked to compare, which verdicts are missing, and storing them. Knows no engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from backend.db.jobs import Job
from backend.db.judges import Judge, Judging, Verdict
from backend.db.outputs import Output, System
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.domain.asking import Reply, Request
from backend.domain.jobs import JobKind, Manner, queue_of
from backend.domain.judging.orders import Orders
from backend.domain.judging.parsing import Reading
from backend.domain.judging.templates import Template, rendered
from backend.domain.recipes import Recipe
from backend.domain.records import Turn
from backend.errors import Conflict, Invalid, NotFound
from backend.services.asking import jobs, replies
from backend.services.asking.replies import Answered
from backend.services.judging import judges
from backend.services.once import insert_once
from backend.services.studies.imports import clean

PAIRS_AT_ONCE = 200
FIRST, SECOND = aliased(Output), aliased(Output)


@dataclass(frozen=True, slots=True)
class Shown:
    """An output as a judge sees it."""

    id: int
    system_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two outputs to one prompt in one order, without a verdict yet."""

    prompt_id: int
    key: str
    category: str | None
    dialogue: tuple[Turn, ...]
    first: Shown
    second: Shown


@dataclass(frozen=True, slots=True)
class Given:
    """A judge's verdict on a pair, or that its reply can't be read; after how many tries. asked: all of them."""

    pair: Pair
    reading: Reading
    reply: Reply
    asked: tuple[Answered, ...]


def compare(session: Session, judge: Judge, *, candidate: str, baseline: str, now: datetime) -> Judging:
    """That a judge is asked to compare two systems of its study, by name."""
    known = dict(session.execute(select(System.name, System.id).where(System.study_id == judge.study_id)).all())
    if missing := [name for name in (candidate, baseline) if name not in known]:
        raise Invalid(f"This study has no system {missing[0]!r}; it has {', '.join(known)}.")
    if candidate == baseline:
        raise Invalid(f"{candidate} can't be compared with itself.")
    wanted = {"judge_id": judge.id, "candidate_id": known[candidate], "baseline_id": known[baseline]}
    earlier = session.scalar(select(Judging).filter_by(**wanted))
    if earlier is not None:
        return earlier
    made = Judging(study_id=judge.study_id, created_at=now, **wanted)
    session.add(made)
    session.flush()
    return made


def get(session: Session, judging_id: int) -> Judging:
    """The judging, or NotFound."""
    judging = session.get(Judging, judging_id)
    if judging is None:
        raise NotFound(f"There is no judging {judging_id}.")
    return judging


def enqueue(session: Session, judging: Judging, manner: Manner, *, allowed: int | None, now: datetime) -> Job:
    """A job that asks for the verdicts that are missing. Conflict where none is."""
    judge = judges.get(session, judging.judge_id)
    recipe = judges.recipe_of(judge)
    refuse_apart(session, judge, judging)
    done, total = counts(session, judge, judging)
    if done == total:
        raise Conflict("Every verdict is there already.")
    return jobs.enqueue(
        session,
        kind=JobKind.JUDGE,
        queue=queue_of(recipe.engine, recipe.url),
        study_id=judging.study_id,
        judging_id=judging.id,
        manner=manner,
        allowed=allowed,
        now=now,
    )


def refuse_apart(session: Session, judge: Judge, judging: Judging) -> None:
    """Conflict where there is nothing to compare: a judge that is declared for nothing would take its name for ever."""
    if not counts(session, judge, judging)[1]:
        raise Conflict("These systems share no prompt with outputs.")


def sides(judge: Judge, judging: Judging) -> list[tuple[int, int]]:
    """(first system, second system) of each order that this judge is asked in."""
    straight = (judging.candidate_id, judging.baseline_id)
    return [straight[::-1] if flipped else straight for flipped in Orders(judge.orders).flipped]


def counts(session: Session, judge: Judge, judging: Judging) -> tuple[int, int]:
    """How many verdicts there are, and how many are wanted: one a prompt with both outputs, and order."""
    done = total = 0
    for first, second in sides(judge, judging):
        wanted = pairs(first, second).with_only_columns(func.count()).order_by(None)
        total += session.scalars(wanted).one()
        done += session.scalars(wanted.where(has_verdict(judge.id))).one()
    return done, total


def pairs(first: int, second: int) -> Select[Prompt, Output, Output]:
    """Every prompt with the outputs of both systems."""
    return (
        select(Prompt, FIRST, SECOND)
        .join(FIRST, and_(FIRST.prompt_id == Prompt.id, FIRST.system_id == first))
        .join(SECOND, and_(SECOND.prompt_id == Prompt.id, SECOND.system_id == second))
        .order_by(Prompt.id)
    )


def has_verdict(judge_id: int) -> ColumnElement[bool]:
    """Whether this judge has said something of these two outputs in this order."""
    return exists().where(Verdict.judge_id == judge_id, Verdict.first_id == FIRST.id, Verdict.second_id == SECOND.id)


def unjudged(database: Database, judge: Judge, judging: Judging) -> Iterator[Pair]:
    """Pairs without a verdict, one order after the other; read a few at a time."""
    for first, second in sides(judge, judging):
        last = 0
        rows = pairs(first, second).where(~has_verdict(judge.id)).limit(PAIRS_AT_ONCE)
        while True:
            with database.reading() as session:
                found = [pair_of(*row) for row in session.execute(rows.where(Prompt.id > last)).all()]
            yield from found
            if not found:
                break
            last = found[-1].prompt_id


def pair_of(prompt: Prompt, first: Output, second: Output) -> Pair:
    return Pair(
        prompt.id,
        prompt.key,
        prompt.category,
        tuple(Turn(**turn) for turn in prompt.dialogue),
        shown(first),
        shown(second),
    )


def shown(output: Output) -> Shown:
    """An output as raters see it: without what would say who wrote it, where that was hidden."""
    return Shown(output.id, output.system_id, output.text if output.shown is None else output.shown)


def request(judge: Judge, recipe: Recipe, pair: Pair) -> Request:
    """The first question about a pair."""
    template = judges.template_for(judge, pair.category)
    return asked(recipe, template, rendered(template, pair.dialogue, pair.first.text, pair.second.text))


def asked(recipe: Recipe, template: Template, turns: Sequence[Turn]) -> Request:
    """These turns as a request to this judge's engine."""
    return Request(
        engine=recipe.engine,
        url=recipe.url,
        model=recipe.model,
        sampling=recipe.sampling,
        turns=tuple(turns),
        logprobs=template.logprobs,
    )


def store(session: Session, judge: Judge, given: Sequence[Given], *, job_id: int, now: datetime) -> None:
    """Verdicts, and every reply that was read for them.

    Two jobs that compare the same systems, each with the other's baseline as its candidate, may ask the same at once:
    the verdict that came first is kept.
    """
    replies.store(session, [asked for one in given for asked in one.asked], job_id=job_id, now=now)
    for one in given:
        insert_once(session, Verdict, row(judge, one) | {"given_at": now, "reply_hash": hash_of(one)})


def hash_of(given: Given) -> str:
    """The question that this verdict answers: the last one asked."""
    return given.asked[-1].request.content_hash


def row(judge: Judge, given: Given) -> dict[str, object]:
    """A verdict as it is stored."""
    reading, pair = given.reading, given.pair
    first_score, second_score = reading.scores or (None, None)
    return {
        "study_id": judge.study_id,
        "judge_id": judge.id,
        "prompt_id": pair.prompt_id,
        "first_id": pair.first.id,
        "first_system_id": pair.first.system_id,
        "second_id": pair.second.id,
        "second_system_id": pair.second.system_id,
        "choice": reading.choice,
        "strength": reading.strength,
        "first_score": first_score,
        "second_score": second_score,
        "first_probability": reading.probability,
        "reason": reading.why or "",
        "raw": clean(given.reply.text),
        "finish": clean(given.reply.finish),
        "model": clean(given.reply.model),
        "tries": len(given.asked),
    }
