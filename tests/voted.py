"""Votes put straight where a test wants them, through the same services as raters' own. Knows no test."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, SkipReason
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import System
from backend.db.studies import Prompt
from backend.domain.choices import Choice, Preference, choice
from backend.services.rating import links, ratings
from backend.services.rating.ratings import Vote
from tests.factories import NOW

CODES = {"c": Preference.CANDIDATE, "t": Preference.TIE, "b": Preference.BASELINE}


def vote(
    session: Session, batch: Batch, place: int, votes: str, *, comment: str = "", seconds: float = 9.0, begin: int = 0
) -> None:
    """Votes of new raters on the comparison at this place: a letter each, c, t, b, or x for both bad.

    begin: how many seats stay as they are.
    """
    comparison = at(session, batch, place)
    seats = session.scalars(select(Seat).where(Seat.comparison_id == comparison.id).order_by(Seat.seat)).all()
    for letter, seat in zip(votes, seats[begin:], strict=False):
        pressed = Choice.BOTH_BAD if letter == "x" else choice(CODES[letter], flipped=bool(seat.flipped))
        assignment = sat_down(session, comparison, seat.seat)
        ratings.submit(
            session,
            rater_id=assignment.rater_id,
            assignment_id=assignment.id,
            vote=Vote(pressed, comment=comment, active_ms=round(1000 * seconds)),
            now=NOW,
        )


def skip(session: Session, batch: Batch, place: int, *, times: int = 1) -> None:
    """So many new raters can't read the comparison at this place."""
    comparison = at(session, batch, place)
    for _ in range(times):
        assignment = sat_down(session, comparison, 1)
        ratings.skip(session, rater_id=assignment.rater_id, assignment_id=assignment.id, reason=SkipReason.UNREADABLE)


def at(session: Session, batch: Batch, place: int) -> Comparison:
    return session.execute(
        select(Comparison).where(Comparison.batch_id == batch.id, Comparison.position == place)
    ).scalar_one()


def sat_down(session: Session, comparison: Comparison, seat: int, *, now: datetime = NOW) -> Assignment:
    """A new rater at this seat."""
    (link,) = links.create_personal(session, comparison.batch_id, count=1, now=now)
    assert link.rater_id is not None
    made = Assignment(
        batch_id=comparison.batch_id,
        rater_id=link.rater_id,
        prompt_id=comparison.prompt_id,
        comparison_id=comparison.id,
        seat=seat,
        claimed_at=now,
        lease_expires_at=now + timedelta(hours=1),
    )
    session.add(made)
    session.flush()
    return made


def place_of(session: Session, batch: Batch, key: str, candidate: str) -> int:
    """The place of a candidate's comparison on the prompt with this key."""
    return session.execute(
        select(Comparison.position)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(System, System.id == Comparison.candidate_id)
        .where(Comparison.batch_id == batch.id, Prompt.key == key, System.name == candidate)
    ).scalar_one()
