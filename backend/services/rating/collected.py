"""Ratings collected elsewhere come in under the same constraints as ratings given here. All or nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import bindparam, exists, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import System
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.db.studies import Prompt
from backend.domain.choices import Choice, Preference, choice
from backend.domain.collected import Collected, seconds_of
from backend.domain.records import Json, Row, storable
from backend.errors import Invalid
from backend.services.rating.ratings import receipt_number
from backend.services.studies.files import Source, rows

PROMPT_COLUMNS = ("prompt", "prompt_id", "id")
Word = TypeVar("Word", bound=StrEnum)
# Statements are made once: making them anew takes more time than the database needs for a row.
HAD = exists().where(Assignment.comparison_id == Seat.comparison_id, Assignment.seat == Seat.seat)
# The comparison is locked before its seats, as everywhere: storing the rating may open more of them.
LOCK = select(Comparison.opened).where(Comparison.id == bindparam("of")).with_for_update()
OPEN_SEATS = (
    select(Seat.seat, Seat.flipped, HAD.label("had"))
    .where(Seat.comparison_id == bindparam("of"), text("seats.is_open"))
    .order_by(Seat.seat)
    .with_for_update()
)
TURN = (
    update(Seat)
    .where(Seat.comparison_id == bindparam("of"), Seat.seat == bindparam("at"))
    .values(flipped=bindparam("shown"))
)
SIT = insert(Assignment).returning(Assignment.id)
RATE = insert(Rating)
ORDERS = {"candidate first": False, "baseline first": True, "": None, "unknown": None}


@dataclass
class Places:
    """What rows are looked up in: comparisons by (prompt key, candidate name), and raters by their name here."""

    batch: Batch
    comparisons: dict[tuple[str, str], int]
    prompts: dict[str, int]
    candidates: list[str]
    raters: dict[str, int]
    locked: set[int]


def import_ratings(session: Session, batch: Batch, source: Source, *, now: datetime) -> int:
    """Store every rating of the file; how many. Raises Invalid with file and line, and then nothing is stored."""
    places = places_of(session, batch)
    count = 0
    for row in understood(source):
        try:
            store(session, places, row, now=now)
        except IntegrityError:
            raise Invalid(
                f"{source.label}, line {row.line}: {row.rater} has met prompt {row.prompt} in this batch already; "
                "a rater meets a prompt once."
            ) from None
        except ValueError as error:
            raise Invalid(f"{source.label}, line {row.line}: {error}.") from None
        count += 1
    return count


def understood(source: Source) -> Iterator[Collected]:
    """Each row of the file as a rating; Invalid with file and line."""
    for row in rows(source):
        try:
            yield collected(row)
        except ValueError as error:
            raise Invalid(f"{source.label}, line {row.line}: {error}.") from None


def collected(row: Row) -> Collected:
    """A row's rating. Raises ValueError in words that follow “line 7: ”."""
    flipped = order_of(words(row.fields, "order"))
    return Collected(
        line=row.line,
        rater=storable(needed(row.fields, ("rater",)), "rater"),
        prompt=needed(row.fields, PROMPT_COLUMNS),
        candidate=words(row.fields, "candidate") or None,
        choice=choice_of(row.fields, flipped),
        flipped=flipped,
        seconds=seconds_of(words(row.fields, "seconds")),
    )


def words(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value).strip()


def needed(fields: Mapping[str, Json], names: tuple[str, ...]) -> str:
    for name in names:
        if found := words(fields, name):
            return found
    raise ValueError(f"needs {' or '.join(names)}; its columns are {', '.join(fields)}")


def order_of(given: str) -> bool | None:
    """Whether the baseline was shown first; None where the order is not known."""
    if given.lower() not in ORDERS:
        raise ValueError(f"order is {given!r}; it must be “candidate first”, “baseline first” or left out")
    return ORDERS[given.lower()]


def choice_of(fields: Mapping[str, Json], flipped: bool | None) -> Choice:
    """The choice, or the one that the preference would have been. An unknown order is stored as candidate first."""
    preferred, clicked = words(fields, "preference"), words(fields, "choice")
    if preferred:
        return choice(one_of(Preference, "preference", preferred), flipped=bool(flipped))
    if not clicked:
        raise ValueError("needs a preference (candidate, tie, baseline) or a choice (first, second, tie, both_bad)")
    chosen = one_of(Choice, "choice", clicked)
    if chosen in (Choice.FIRST, Choice.SECOND) and flipped is None:
        raise ValueError("has a choice of a side but no order, so nobody can tell which system it means")
    return chosen


def one_of(known: type[Word], column: str, given: str) -> Word:
    if given not in list(known):
        raise ValueError(f"{column} is {given!r}; it must be one of {', '.join(known)}")
    return known(given)


def places_of(session: Session, batch: Batch) -> Places:
    """The comparisons and raters that rows can mean."""
    found = session.execute(
        select(Prompt.key, System.name, Comparison.id, Prompt.id)
        .join(Comparison, Comparison.prompt_id == Prompt.id)
        .join(System, System.id == Comparison.candidate_id)
        .where(Comparison.batch_id == batch.id)
    ).all()
    return Places(
        batch=batch,
        comparisons={(key, name): comparison for key, name, comparison, _ in found},
        prompts={key: prompt for key, _, _, prompt in found},
        candidates=sorted({name for _, name, _, _ in found}),
        raters={},
        locked=set(),
    )


def store(session: Session, places: Places, row: Collected, *, now: datetime) -> None:
    """Seat this rater and store the rating; ValueError when the row means no comparison, or no seat is left."""
    comparison = comparison_of(places, row)
    seat, side = free_seat(session, places, comparison, row)
    if side != row.flipped:
        session.execute(TURN, {"of": comparison, "at": seat, "shown": row.flipped})
    rater = rater_of(session, places, row.rater, now)
    assignment = session.execute(
        SIT,
        {
            "batch_id": places.batch.id,
            "rater_id": rater,
            "prompt_id": places.prompts[row.prompt],
            "comparison_id": comparison,
            "seat": seat,
            "state": AssignmentState.RATED,
            "claimed_at": now,
            "lease_expires_at": now,
        },
    ).scalar_one()
    session.execute(
        RATE,
        {
            "assignment_id": assignment,
            "rater_id": rater,
            "state": AssignmentState.RATED,
            "choice": row.choice,
            "comment": None,
            "answers": None,
            "active_ms": None if row.seconds is None else round(row.seconds * 1000),
            "receipt": receipt_number(),
            "rated_at": now,
        },
    )


def comparison_of(places: Places, row: Collected) -> int:
    if row.candidate is None and len(places.candidates) > 1:
        raise ValueError(f"needs a candidate, since the batch has {', '.join(places.candidates)}")
    candidate = row.candidate or places.candidates[0]
    if candidate not in places.candidates:
        raise ValueError(f"candidate {candidate!r} is not in this batch; it has {', '.join(places.candidates)}")
    if (row.prompt, candidate) not in places.comparisons:
        raise ValueError(f"prompt {row.prompt!r} is not in this batch for {candidate}")
    return places.comparisons[row.prompt, candidate]


def free_seat(session: Session, places: Places, comparison: int, row: Collected) -> tuple[int, bool | None]:
    """An open seat, on the side that was shown if there is one, else one whose side nobody has seen yet; and its side.

    Extra seats are open from the row on that splits the first ones, so a file's rows count in their order.
    """
    if comparison not in places.locked:
        session.execute(LOCK, {"of": comparison})
        places.locked.add(comparison)
    open_seats = session.execute(OPEN_SEATS, {"of": comparison}).all()
    fitting = [(seat, side) for seat, side, _ in open_seats if side == row.flipped]
    unseen = [(seat, side) for seat, side, seen in open_seats if not seen]
    if not open_seats:
        opened = session.execute(LOCK, {"of": comparison}).scalar_one()
        raise ValueError(f"all {opened} seats of prompt {row.prompt} are taken{unopened(places.batch, opened)}")
    if not fitting and not unseen:
        raise ValueError(f"the seats of prompt {row.prompt} that are left were shown in another order before")
    return [*fitting, *unseen][0]


def unopened(batch: Batch, opened: int) -> str:
    return f"; {batch.seats - opened} more open only where those differ" if opened < batch.seats else ""


def rater_of(session: Session, places: Places, name: str, now: datetime) -> int:
    """The rater of this name in this study: the same name in another batch of it is the same person."""
    if name not in places.raters:
        external = f"{places.batch.study_id}/{name}"
        known = session.execute(
            select(Rater.id).where(Rater.channel == Channel.IMPORTED, Rater.external_id == external)
        ).scalar()
        if known is None:
            made = Rater(channel=Channel.IMPORTED, external_id=external, created_at=now)
            session.add(made)
            session.flush()
            known = made.id
        places.raters[name] = known
    return places.raters[name]
