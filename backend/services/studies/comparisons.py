"""Comparisons to read, in launch order: pages of them under a filter, and the neighbours of one. Computes no result.

A page starts behind a place, so the thousandth is as quick as the first. What a filter asks of votes or words is found
by looking through comparisons in order: at so many in one request and no more, and then it says how far it came.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.outputs import System
from backend.db.studies import Prompt
from backend.services.studies import endings
from backend.services.studies.endings import Outcome

SIZE = 50
MOST_AT_ONCE = 4_000
MOST_LOOKED = 20_000
OPENING = 160
PLAIN = re.compile(r"[A-Za-z0-9 ,.;:!?'()-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comparisons; an empty text asks for nothing. words: in the prompt, in upper or lower case."""

    candidate: str = ""
    outcome: str = ""
    category: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A comparison that is wanted. place: in the launch order, from 0. votes: for the candidate, ties, baseline."""

    place: int
    candidate_id: int
    prompt_id: int
    votes: tuple[int, int, int]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """A comparison in a list, with its prompt's last words to a system."""

    found: Found
    key: str
    opening: str
    category: str | None
    candidate: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of comparisons. before, after: places from which the neighbouring pages go on, None where there are none.

    looked_until: the place at which looking ended before the page was full, with comparisons left; else None.
    """

    lines: tuple[Line, ...]
    before: int | None
    after: int | None
    looked_until: int | None


def listing(
    session: Session, batch: Batch, wanted: Wanted, *, after: int = -1, before: int | None = None, size: int = SIZE
) -> Listing:
    """The wanted comparisons behind the place `after`, or the last ones in front of `before` where that is given."""
    start, backwards = (after, False) if before is None else (before, True)
    found, stopped = search(session, batch, wanted, start, backwards=backwards, most=size + 1)
    shown = found[:size]
    further = shown[-1].place if len(found) > size else stopped
    nearest = shown[0].place if shown else start + (-1 if backwards else 1)
    back = None if start < 0 else nearest
    return Listing(
        lines=lines(session, batch, shown[::-1] if backwards else shown),
        before=further if backwards else back,
        after=back if backwards else further,
        looked_until=None if len(found) > size else stopped,
    )


def neighbours(session: Session, batch: Batch, wanted: Wanted, place: int) -> tuple[int | None, int | None]:
    """The places of the wanted comparisons next before and after this one."""
    ways = (search(session, batch, wanted, place, backwards=way, most=1)[0] for way in (True, False))
    before, after = (found[0].place if found else None for found in ways)
    return before, after


def search(
    session: Session, batch: Batch, wanted: Wanted, start: int, *, backwards: bool, most: int
) -> tuple[list[Found], int | None]:
    """(at most so many wanted ones from a place on, without it; where looking stopped although there are more).

    Pieces grow while little is found: a common filter reads little, a rare one asks seldom.
    """
    conditions = asked(batch, wanted)
    found: list[Found] = []
    looked, piece = 0, most
    while looked < MOST_LOOKED:
        one = look(session, batch, conditions, start, backwards=backwards, piece=piece)
        kept = [each for each in one if wanted.outcome in ("", each.outcome)]
        found += saying(session, kept, wanted.words)
        if len(found) >= most or len(one) < piece:
            return found[:most], None
        start, looked, piece = one[-1].place, looked + piece, min(4 * max(piece, 50), MOST_AT_ONCE)
    return found, start


def asked(batch: Batch, wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the database can decide of a filter; of the words only the longest plain piece of them."""
    conditions = [Comparison.batch_id == batch.id]
    prompts = select(Prompt.id).where(Prompt.study_id == batch.study_id)
    if wanted.candidate:
        of = select(System.id).where(System.study_id == batch.study_id, System.name == wanted.candidate)
        conditions.append(Comparison.candidate_id.in_(of))
    if wanted.category:
        conditions.append(Comparison.prompt_id.in_(prompts.where(Prompt.category == wanted.category)))
    if piece := max(PLAIN.findall(wanted.words), key=len, default=""):
        conditions.append(Comparison.prompt_id.in_(prompts.where(cast(Prompt.dialogue, Text).ilike(f"%{piece}%"))))
    if wanted.outcome == Outcome.UNJUDGEABLE:
        conditions.append(Comparison.unjudgeable.is_(True))
    return conditions


def look(
    session: Session,
    batch: Batch,
    conditions: Sequence[ColumnElement[bool]],
    start: int,
    *,
    backwards: bool,
    piece: int,
) -> list[Found]:
    """The next so many comparisons that keep the conditions, with their votes and outcomes."""
    way = Comparison.position < start if backwards else Comparison.position > start
    order = Comparison.position.desc() if backwards else Comparison.position
    rows = session.execute(
        select(Comparison.position, Comparison.candidate_id, Comparison.prompt_id, Comparison.unjudgeable)
        .where(*conditions, way)
        .order_by(order)
        .limit(piece)
    ).all()
    if not rows:
        return []
    first, last = sorted((rows[0].position, rows[-1].position))
    votes = endings.votes_between(session, conditions, first, last)
    closed = {row.position for row in rows if row.unjudgeable}
    tallies, ends = endings.ended(votes, batch, closed)
    return [
        Found(
            place=row.position,
            candidate_id=row.candidate_id,
            prompt_id=row.prompt_id,
            votes=tallies.get(row.position, (0, 0, 0)),
            outcome=Outcome.UNJUDGEABLE if row.unjudgeable else ends.get(row.position, Outcome.UNFINISHED),
        )
        for row in rows
    ]


def saying(session: Session, found: Sequence[Found], words: str) -> list[Found]:
    """Those whose prompt holds the words in one of its turns."""
    if not words or not found:
        return list(found)
    wanted = words.casefold()
    rows = session.execute(select(Prompt.id, Prompt.dialogue).where(Prompt.id.in_({one.prompt_id for one in found})))
    holding = {number for number, turns in rows if any(wanted in turn["text"].casefold() for turn in turns)}
    return [one for one in found if one.prompt_id in holding]


def lines(session: Session, batch: Batch, found: Sequence[Found]) -> tuple[Line, ...]:
    """What a list shows of these comparisons."""
    names = dict(session.execute(select(System.id, System.name).where(System.study_id == batch.study_id)).all())
    prompts = session.scalars(select(Prompt).where(Prompt.id.in_({one.prompt_id for one in found})))
    known = {prompt.id: prompt for prompt in prompts}
    return tuple(
        Line(
            found=one,
            key=known[one.prompt_id].key,
            opening=opening(known[one.prompt_id].dialogue[-1]["text"]),
            category=known[one.prompt_id].category,
            candidate=names[one.candidate_id],
        )
        for one in found
    )


def openings(session: Session, batch: Batch, places: Collection[int]) -> dict[int, str]:
    """How the prompts of the comparisons at these places begin."""
    rows = session.execute(
        select(Comparison.position, Prompt.dialogue)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .where(Comparison.batch_id == batch.id, Comparison.position.in_(places))
    )
    return {place: opening(dialogue[-1]["text"]) for place, dialogue in rows}


def opening(words: str) -> str:
    """The beginning of a text on one line."""
    whole = " ".join(words.split())
    return whole if len(whole) <= OPENING else whole[: OPENING - 1].rstrip() + "…"


def choices(session: Session, batch: Batch) -> tuple[list[str], list[str]]:
    """(candidates, categories) that a filter can ask for."""
    candidates = select(Comparison.candidate_id).where(Comparison.batch_id == batch.id).distinct()
    names = select(System.name).where(System.id.in_(candidates)).order_by(System.id)
    categories = select(Prompt.category).where(Prompt.study_id == batch.study_id, Prompt.category.is_not(None))
    return list(session.scalars(names)), sorted(str(name) for name in session.scalars(categories.distinct()) if name)


def count(session: Session, batch: Batch) -> int:
    """How many comparisons the batch has."""
    last = session.execute(select(func.max(Comparison.position)).where(Comparison.batch_id == batch.id)).scalar()
    return 0 if last is None else last + 1
