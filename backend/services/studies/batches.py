"""Batches by number: their settings and systems; how far they are; and steering them: pause, resume, close."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import and_, case, exists, func, select, text, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import System
from backend.db.studies import StudyVersion
from backend.domain.settings import StudySettings, from_json
from backend.errors import Conflict, NotFound
from backend.services import columns
from backend.services.studies import seated


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is. A comparison is settled when all its opened seats are rated, or it is unjudgeable.

    seats: those opened so far. Extra seats that never open are not waited for; more are counted as comparisons split.
    """

    comparisons: int
    settled: int
    unjudgeable: int
    seats: int
    rated: int
    held: int
    open: int
    late: int
    skipped: int
    raters: int
    last_rated_at: datetime | None

    @property
    def is_complete(self) -> bool:
        """Nothing is left to rate and nobody is still at it."""
        return self.comparisons > 0 and self.open == 0 and self.held == 0


def get(session: Session, batch_id: int) -> Batch:
    """The batch, or NotFound."""
    batch = session.get(Batch, batch_id)
    if batch is None:
        raise NotFound(f"There is no batch {batch_id}.")
    return batch


def settings_of(session: Session, batch: Batch) -> StudySettings:
    """The settings as they were frozen at the launch."""
    version = session.get_one(StudyVersion, batch.version_id)
    return from_json(version.settings)


def systems_of(session: Session, study_id: int) -> dict[str, int]:
    """name -> id of the study's systems, in the order they were imported."""
    rows = session.execute(select(System.name, System.id).where(System.study_id == study_id).order_by(System.id))
    return dict(rows.all())


def names_of(session: Session, batch: Batch) -> dict[int, str]:
    """id -> name of the study's systems, in the order of their import."""
    return {number: name for name, number in systems_of(session, batch.study_id).items()}


def skips(session: Session, batch_id: int) -> dict[str, int]:
    """reason -> how many times a rater gave it."""
    rows = session.execute(
        select(Assignment.skip_reason, func.count())
        .where(Assignment.batch_id == batch_id, Assignment.skip_reason.is_not(None))
        .group_by(Assignment.skip_reason)
    )
    return {str(reason): count for reason, count in sorted(rows)}


def pause(session: Session, batch: Batch) -> None:
    """Give out no seats for a while; raters at work finish what they hold."""
    change_state(session, batch, BatchState.PAUSED)


def resume(session: Session, batch: Batch) -> None:
    """Give out seats again."""
    change_state(session, batch, BatchState.OPEN)


def close(session: Session, batch: Batch) -> None:
    """Give out no more seats, ever; live leases are honoured."""
    change_state(session, batch, BatchState.CLOSED)


def change_state(session: Session, batch: Batch, state: BatchState) -> None:
    changed = session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.state != BatchState.CLOSED)
        .values(state=state)
        .returning(Batch.id)
    ).scalar()
    if changed is None and state != BatchState.CLOSED:
        raise Conflict("This batch is closed for good; launch a new batch instead.")


def progress(session: Session, batch_id: int) -> Progress:
    """How far the batch is, from one consistent look: whole columns, since a batch can have a million seats."""
    open_seats = session.execute(
        select(func.count()).where(Seat.batch_id == batch_id, text("seats.is_open"))
    ).scalar_one() + bound(session, batch_id)
    rows = seated.assignments(session, batch_id)
    ids, opened, unjudgeable = columns.in_order(
        columns.read(
            session,
            select(Comparison.id, Comparison.opened, case((Comparison.unjudgeable, 1), else_=0)).where(
                Comparison.batch_id == batch_id
            ),
        )
    )
    states = np.bincount(rows["state"], minlength=len(seated.STATES)).tolist()
    rated = np.bincount(np.searchsorted(ids, rows["comparison"][rows["state"] == seated.RATED]), minlength=len(ids))
    judged = np.isin(rows["state"], (seated.RATED, seated.LATE))
    return Progress(
        comparisons=len(ids),
        settled=int(((rated == opened) | (unjudgeable == 1)).sum()),
        unjudgeable=int(unjudgeable.sum()),
        seats=int(opened.sum()),
        rated=states[seated.RATED],
        held=states[seated.HELD],
        open=open_seats,
        late=states[seated.LATE],
        skipped=states[seated.SKIPPED],
        raters=len(np.unique(rows["rater"][judged])),
        last_rated_at=seated.last_rated_at(session, batch_id),
    )


def rated(session: Session, batch_id: int) -> int:
    """How many ratings count."""
    return session.execute(
        select(func.count()).where(Assignment.batch_id == batch_id, Assignment.state == AssignmentState.RATED)
    ).scalar_one()


def bound(session: Session, batch_id: int) -> int:
    """How many seats are bound to a posting, with nobody on them yet."""
    return session.execute(
        select(func.count())
        .select_from(Seat)
        .join(Comparison, Comparison.id == Seat.comparison_id)
        .where(Seat.batch_id == batch_id, IS_WAITED_FOR)
    ).scalar_one()


WAITING = exists().where(Seat.batch_id == Batch.id, text("seats.is_open"))
# A seat that is bound to a posting is in no queue, and is waited for all the same.
IS_WAITED_FOR = and_(
    Seat.posting_id.is_not(None),
    ~Comparison.unjudgeable,
    ~exists().where(
        Assignment.comparison_id == Seat.comparison_id,
        Assignment.seat == Seat.seat,
        text("assignments.state IN ('held', 'rated')"),
    ),
)
BOUND = exists().where(Seat.batch_id == Batch.id, Seat.comparison_id == Comparison.id, IS_WAITED_FOR)
# The partial index of held seats is used only where a query says the very words of its condition.
AT_WORK = exists().where(Assignment.batch_id == Batch.id, Assignment.state == text(f"'{AssignmentState.HELD}'"))
COMPLETE = select(Batch.id).where(~WAITING, ~AT_WORK, ~BOUND)


def complete(session: Session) -> set[int]:
    """The batches in which nothing is left to rate and nobody is still at it."""
    return set(session.scalars(COMPLETE))


def is_complete(session: Session, batch_id: int) -> bool:
    """Whether this batch is one of them."""
    return session.execute(COMPLETE.where(Batch.id == batch_id)).first() is not None
