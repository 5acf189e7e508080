"""Submitting a vote, or saying that a comparison can't be judged. Knows no page.

A submission is idempotent: its assignment is its key. The first choice stands, and sending it again, by reload,
back button or a queue that was offline, gives the same receipt.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from backend.db.assignments import Assignment, AssignmentState, SkipReason
from backend.db.base import constant, table
from backend.db.checks import CheckAssignment
from backend.db.comparisons import Comparison, Seat
from backend.db.ratings import Rating
from backend.domain.choices import Choice
from backend.errors import Conflict, NotFound

# Crockford's base 32: no letters that are read for digits. Ten of them: in a million receipts a collision has odds of
# 1 in 2,000, and the unique constraint turns even that into a retry.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONGEST_COMMENT = 5_000
NOT_YOURS = "This comparison is not yours to rate. Please reload the page."
GIVEN_BACK = "You gave this comparison back, so no rating was stored for it."
Skippable = Assignment | CheckAssignment


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for the rater. `again` says that an earlier submission stands; `late` that the seat had gone."""

    number: str
    choice: str
    late: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Vote:
    """What a rater sent."""

    choice: Choice
    comment: str = ""
    active_ms: int | None = None
    answers: Mapping[str, str] | None = None


ASSIGNMENTS = table(Assignment).c
RATE = (
    update(table(Assignment))
    .where(
        ASSIGNMENTS.id == bindparam("assignment"),
        ASSIGNMENTS.rater_id == bindparam("rater"),
        ASSIGNMENTS.state == constant(AssignmentState.HELD),
    )
    .values(state=constant(AssignmentState.RATED))
    .returning(ASSIGNMENTS.state)
)
RECORD = insert(table(Rating))


def submit(session: Session, *, rater_id: int, assignment_id: int, vote: Vote, now: datetime) -> Receipt:
    """Store this vote, once. NotFound for another rater's seat, Conflict where the seat was given back unrated."""
    who = {"assignment": assignment_id, "rater": rater_id}
    state = session.execute(RATE, who).scalar()
    if state is None:
        earlier, state = after_the_lease(session, **who)
        if earlier is not None:
            return earlier
    number = receipt_number()
    session.execute(
        RECORD,
        {
            "assignment_id": assignment_id,
            "rater_id": rater_id,
            "state": state,
            "choice": str(vote.choice),
            "comment": comment_of(vote),
            "answers": dict(vote.answers) if vote.answers else None,
            "active_ms": vote.active_ms,
            "receipt": number,
            "rated_at": now,
        },
    )
    return Receipt(number, vote.choice, late=state == AssignmentState.LATE, again=False)


def comment_of(vote: Vote) -> str | None:
    """The comment as it is stored: trimmed and cut, None where nothing was said."""
    return vote.comment.strip()[:LONGEST_COMMENT] or None


def after_the_lease(session: Session, *, assignment: int, rater: int) -> tuple[Receipt | None, str | None]:
    """A submission to a seat no longer held: the earlier receipt, or the state in which this vote is kept."""
    found = session.execute(
        select(Assignment.state, Assignment.comparison_id, Assignment.seat).where(
            Assignment.id == assignment, Assignment.rater_id == rater
        )
    ).one_or_none()
    if found is None:
        raise NotFound(NOT_YOURS)
    if found.state in (AssignmentState.RATED, AssignmentState.LATE):
        return earlier_receipt(session, assignment), None
    if found.state != AssignmentState.LAPSED:
        raise Conflict(GIVEN_BACK)
    state = rate_lapsed(session, assignment, found.comparison_id, found.seat)
    return (None, state) if state else (earlier_receipt(session, assignment), None)


def earlier_receipt(session: Session, assignment_id: int) -> Receipt:
    """The receipt that was given when this assignment was rated."""
    row = session.execute(
        select(Rating.receipt, Rating.choice, Rating.state).where(Rating.assignment_id == assignment_id)
    ).one()
    return Receipt(row.receipt, row.choice, late=row.state == AssignmentState.LATE, again=True)


def rate_lapsed(session: Session, assignment_id: int, comparison_id: int, seat: int) -> str | None:
    """Late but honest: it counts when nobody else has sat down, and is kept as late when somebody has.

    None when the same submission arrived twice and the other one was first.
    """
    # The rows are locked first, so that nobody sits down between the look and the update; the comparison before its
    # seat, as everywhere, for storing the rating may open more seats.
    session.execute(select(Comparison.id).where(Comparison.id == comparison_id).with_for_update())
    session.execute(select(Seat.seat).where(Seat.comparison_id == comparison_id, Seat.seat == seat).with_for_update())
    other = aliased(Assignment)
    taken = exists().where(
        other.comparison_id == comparison_id,
        other.seat == seat,
        other.state.in_([AssignmentState.HELD, AssignmentState.RATED]),
    )
    return session.execute(
        update(Assignment)
        .where(Assignment.id == assignment_id, Assignment.state == AssignmentState.LAPSED)
        .values(state=case((taken, AssignmentState.LATE), else_=AssignmentState.RATED))
        .returning(Assignment.state)
        .execution_options(synchronize_session=False)
    ).scalar()


def skip(
    session: Session, *, rater_id: int, assignment_id: int, reason: SkipReason, of: type[Skippable] = Assignment
) -> None:
    """The rater can't judge this: the seat is free for somebody else, and never comes back to this rater."""
    skipped = session.execute(
        update(of)
        .where(
            of.id == assignment_id,
            of.rater_id == rater_id,
            of.state.in_([AssignmentState.HELD, AssignmentState.LAPSED]),
        )
        .values(state=AssignmentState.SKIPPED, skip_reason=reason)
        .returning(of.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if skipped is None:
        refuse_unless_skipped(session, rater_id, assignment_id, of)


def refuse_unless_skipped(session: Session, rater_id: int, assignment_id: int, of: type[Skippable]) -> None:
    """Saying it twice is fine; NotFound for another rater's seat, Conflict for one that ended otherwise."""
    state = session.execute(select(of.state).where(of.id == assignment_id, of.rater_id == rater_id)).scalar()
    if state is None:
        raise NotFound(NOT_YOURS)
    if state == AssignmentState.RETURNED:
        raise Conflict("You gave this comparison back already.")
    if state != AssignmentState.SKIPPED:
        raise Conflict("You have already rated this comparison; your rating stands.")


def receipt_number() -> str:
    """A number that a person can read out: 4F2K-91QX-7P."""
    drawn = "".join(ALPHABET[byte % 32] for byte in secrets.token_bytes(10))
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:]}"
