"""One comparison opened: the prompt, both outputs, and everything that any rater did with it. Computes no result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import Output, System
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.db.studies import Prompt
from backend.domain.choices import Choice, Preference, preference
from backend.errors import NotFound
from backend.services.pseudonyms import pseudonyms


@dataclass(frozen=True, slots=True)
class Visit:
    """A rater at a seat. flipped: the candidate was shown second, None where nobody knows.

    choice, preference: None where nothing was rated. state: an AssignmentState's word; only `rated` counts.
    """

    rater: str
    code: str
    seat: int
    flipped: bool | None
    state: str
    skip_reason: str | None
    choice: str | None
    preference: str | None
    seconds: float | None
    comment: str | None
    answers: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A comparison. texts: the candidate's and the baseline's as raters saw them. scrubbed: whose text was changed."""

    place: int
    key: str
    category: str | None
    dialogue: Sequence[Mapping[str, str]]
    candidate: str
    baseline: str
    texts: tuple[str, str]
    scrubbed: tuple[bool, bool]
    unjudgeable: bool
    visits: tuple[Visit, ...]


def at_place(session: Session, batch: Batch, place: int, *, key: str) -> Opened:
    """The comparison at this place of the launch order, or NotFound. key: the server's, for the pseudonyms."""
    one, two = aliased(Output), aliased(Output)
    row = session.execute(
        select(Comparison, Prompt, one, two)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(one, one.id == Comparison.candidate_output_id)
        .join(two, two.id == Comparison.baseline_output_id)
        .where(Comparison.batch_id == batch.id, Comparison.position == place)
    ).one_or_none()
    if row is None:
        raise NotFound(f"Batch {batch.id} has no comparison {place}.")
    comparison, prompt, candidate, baseline = row
    systems = select(System.id, System.name).where(System.id.in_((comparison.candidate_id, comparison.baseline_id)))
    names = dict(session.execute(systems).all())
    return Opened(
        place=place,
        key=prompt.key,
        category=prompt.category,
        dialogue=prompt.dialogue,
        candidate=names[comparison.candidate_id],
        baseline=names[comparison.baseline_id],
        texts=(shown(candidate), shown(baseline)),
        scrubbed=(candidate.shown is not None, baseline.shown is not None),
        unjudgeable=comparison.unjudgeable,
        visits=visits(session, batch, comparison.id, key=key),
    )


def shown(output: Output) -> str:
    """The text that raters saw."""
    return output.text if output.shown is None else output.shown


def visits(session: Session, batch: Batch, comparison_id: int, *, key: str) -> tuple[Visit, ...]:
    """Everybody who was ever seated there: by seat, those who count first."""
    names = pseudonyms(key, batch.id)
    rows = session.execute(
        select(Assignment, Seat.flipped, Rating, Rater.external_id)
        .join(Seat, (Seat.comparison_id == Assignment.comparison_id) & (Seat.seat == Assignment.seat))
        .join(Rater, Rater.id == Assignment.rater_id)
        .outerjoin(Rating, Rating.assignment_id == Assignment.id)
        .where(Assignment.comparison_id == comparison_id)
        .order_by(Assignment.state != AssignmentState.RATED, Assignment.seat, Assignment.id)
    ).all()
    return tuple(
        visit(assignment, flipped, rating, rater=names[assignment.rater_id], code=code)
        for assignment, flipped, rating, code in rows
    )


def visit(assignment: Assignment, flipped: bool | None, rating: Rating | None, *, rater: str, code: str) -> Visit:
    return Visit(
        rater=rater,
        code=code,
        seat=assignment.seat,
        flipped=flipped,
        state=assignment.state,
        skip_reason=assignment.skip_reason,
        choice=None if rating is None else rating.choice,
        preference=None if rating is None else meant(rating, flipped),
        seconds=None if rating is None or rating.active_ms is None else rating.active_ms / 1000,
        comment=None if rating is None else rating.comment,
        answers={} if rating is None or rating.answers is None else rating.answers,
        at=assignment.claimed_at if rating is None else rating.rated_at,
    )


def meant(rating: Rating, flipped: bool | None) -> Preference:
    """Whom a rating prefers; one of unknown order was stored as if the candidate had stood first."""
    return preference(Choice(rating.choice), flipped=bool(flipped))
