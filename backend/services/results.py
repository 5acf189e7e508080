"""The results of a batch: its votes in one query, then pure functions. Computed on read, never stored."""

import numpy as np
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.base import table
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import System
from backend.db.ratings import Rating
from backend.domain.choices import Choice, SplitRule
from backend.domain.statistics.votes import Votes
from backend.domain.summary import Results, summarise
from backend.services import batches

COMPARISONS, SEATS, ASSIGNMENTS, RATINGS = table(Comparison).c, table(Seat).c, table(Assignment).c, table(Rating).c

# The candidate is preferred when it stood where the click went. An imported vote whose order nobody knows is stored as
# if its candidate had stood first, with `flipped` NULL on its seat.
CANDIDATE_SIDE = case((SEATS.flipped.is_(True), Choice.SECOND), else_=Choice.FIRST)
PREFERENCE = case(
    (RATINGS.choice.in_([Choice.TIE, Choice.BOTH_BAD]), 0), (RATINGS.choice == CANDIDATE_SIDE, 1), else_=-1
)
VOTES = (
    select(
        COMPARISONS.prompt_id,
        ASSIGNMENTS.rater_id,
        COMPARISONS.id,
        COMPARISONS.candidate_id,
        PREFERENCE,
        case((SEATS.flipped.is_(None), -1), (SEATS.flipped.is_(True), 1), else_=0),
        case((RATINGS.choice == Choice.BOTH_BAD, 1), else_=0),
        func.coalesce(RATINGS.active_ms, -1),
    )
    .select_from(
        table(Assignment)
        .join(table(Rating), RATINGS.assignment_id == ASSIGNMENTS.id)
        .join(table(Seat), (SEATS.comparison_id == ASSIGNMENTS.comparison_id) & (SEATS.seat == ASSIGNMENTS.seat))
        .join(table(Comparison), COMPARISONS.id == ASSIGNMENTS.comparison_id)
    )
    .where(ASSIGNMENTS.state == AssignmentState.RATED)
)


def votes_of(session: Session, batch_id: int) -> Votes:
    """Every counted vote of the batch; late ones are not among them."""
    rows = session.execute(VOTES.where(ASSIGNMENTS.batch_id == batch_id)).all()
    columns = np.array(rows, dtype=np.int64).reshape(len(rows), 8).T
    return Votes(
        prompt=columns[0],
        rater=columns[1],
        comparison=columns[2],
        candidate=columns[3],
        preference=columns[4],
        flipped=columns[5],
        both_bad=columns[6] == 1,
        seconds=np.where(columns[7] < 0, np.nan, columns[7] / 1000.0),
    )


def of_batch(session: Session, batch_id: int) -> Results:
    """Every number of the batch, from one consistent look."""
    batch = batches.get(session, batch_id)
    launched = dict(
        session.execute(
            select(Comparison.candidate_id, func.count())
            .where(Comparison.batch_id == batch_id)
            .group_by(Comparison.candidate_id)
        ).all()
    )
    names = system_names(session, batch)
    return summarise(
        votes_of(session, batch_id),
        systems={number: name for number, name in names.items() if number in launched},
        comparisons=launched,
        baseline=names[batch.baseline_id],
        seats=batch.seats,
        split_rule=SplitRule(batches.settings_of(session, batch).split_rule),
        unjudgeable=unjudgeable(session, batch_id),
        late=count_of(session, batch_id, AssignmentState.LATE),
        skips=skips(session, batch_id),
    )


def system_names(session: Session, batch: Batch) -> dict[int, str]:
    """id -> name of the study's systems, in the order of their import."""
    rows = session.execute(select(System.id, System.name).where(System.study_id == batch.study_id).order_by(System.id))
    return dict(rows.all())


def unjudgeable(session: Session, batch_id: int) -> dict[int, int]:
    """comparison -> candidate, of the comparisons that three raters could not judge."""
    rows = session.execute(
        select(Comparison.id, Comparison.candidate_id).where(Comparison.batch_id == batch_id, Comparison.unjudgeable)
    )
    return dict(rows.all())


def skips(session: Session, batch_id: int) -> dict[str, int]:
    """reason -> how many times a rater gave it."""
    rows = session.execute(
        select(Assignment.skip_reason, func.count())
        .where(Assignment.batch_id == batch_id, Assignment.skip_reason.is_not(None))
        .group_by(Assignment.skip_reason)
    )
    return {str(reason): count for reason, count in sorted(rows)}


def count_of(session: Session, batch_id: int, state: AssignmentState) -> int:
    """How many assignments of the batch are in this state."""
    return session.execute(
        select(func.count()).where(Assignment.batch_id == batch_id, Assignment.state == state)
    ).scalar_one()
