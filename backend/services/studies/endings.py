"""How the comparisons of a stretch of the launch order ended: their votes, and their outcomes by the domain's rule."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
from sqlalchemy import ColumnElement, and_, case, or_, select, text
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.ratings import Rating
from backend.domain.choices import Choice
from backend.domain.scoring import outcomes
from backend.domain.statistics.votes import Votes
from backend.services import columns

# Word for word as the index of occupied seats says it, for SQLite takes no other words for the same condition.
OCCUPIED = text("assignments.state IN ('held', 'rated')")


class Outcome(StrEnum):
    """What became of a comparison: whom its majority prefers, or why there is none."""

    CANDIDATE = "candidate"
    TIE = "tie"
    BASELINE = "baseline"
    SPLIT = "split"
    UNFINISHED = "unfinished"
    UNJUDGEABLE = "unjudgeable"


PREFERENCES = {1: Outcome.CANDIDATE, 0: Outcome.TIE, -1: Outcome.BASELINE}


def votes_between(session: Session, conditions: Sequence[ColumnElement[bool]], first: int, last: int) -> Votes:
    """The counted votes on the comparisons of these places that keep the conditions, by place and seat."""
    for_candidate = or_(
        and_(Rating.choice == Choice.FIRST, Seat.flipped.is_not(True)),
        and_(Rating.choice == Choice.SECOND, Seat.flipped.is_(True)),
    )
    ties = Rating.choice.in_((Choice.TIE, Choice.BOTH_BAD))
    place, seat, preference = columns.read(
        session,
        select(Comparison.position, Assignment.seat, case((ties, 0), (for_candidate, 1), else_=-1))
        .join(Assignment, Assignment.comparison_id == Comparison.id)
        .join(Rating, Rating.assignment_id == Assignment.id)
        .join(Seat, and_(Seat.comparison_id == Comparison.id, Seat.seat == Assignment.seat))
        .where(
            *conditions,
            Comparison.position.between(first, last),
            OCCUPIED,
            Assignment.state == AssignmentState.RATED,
        ),
    )
    nothing = np.zeros(len(place), dtype=np.int64)
    return Votes(
        prompt=place,
        rater=nothing,
        comparison=place,
        seat=seat,
        candidate=nothing,
        preference=preference,
        flipped=nothing,
        both_bad=nothing == 1,
        seconds=nothing.astype(np.float64),
    )


def ended(
    votes: Votes, batch: Batch, unjudgeable: Iterable[int]
) -> tuple[dict[int, tuple[int, int, int]], dict[int, Outcome]]:
    """By place: votes for the candidate, ties, for the baseline; and the outcome of each that counts."""
    places, index = np.unique(votes.comparison, return_inverse=True)
    for_candidate, ties, for_baseline = (
        np.bincount(index[votes.preference == code], minlength=len(places)).tolist() for code in (1, 0, -1)
    )
    tallies = dict(zip(places.tolist(), zip(for_candidate, ties, for_baseline, strict=True), strict=True))
    found = outcomes(votes, seats=batch.seats, opening=batch.opening, unjudgeable=list(unjudgeable))
    found = found.where(found.counts)
    ends = {
        place: PREFERENCES[preference] if majority else Outcome.SPLIT
        for place, preference, majority in zip(
            found.comparison.tolist(), found.preference.tolist(), found.has_majority.tolist(), strict=True
        )
    }
    return tallies, ends
