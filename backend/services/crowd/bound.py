"""Claiming a seat that is bound to a posting: for raters whom a vendor sent to one comparison. Knows no page.

The schema decides who sits where, as in rating.assignments: one occupant a seat, a prompt met once, one seat held.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, exists, literal_column, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, aliased

from backend.db.assignments import Assignment, AssignmentState
from backend.db.base import table
from backend.db.channels import Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.submissions import Submission
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, NotFound
from backend.services.once import insert_once
from backend.services.rating.assignments import COLUMNS, dialect
from backend.services.rating.visitors import Visitor

ASSIGNMENTS, SEATS = table(Assignment).c, table(Seat).c
# Whoever let a lease run out may still send what they chose: it counts if the seat is free, and is kept if it isn't.
MAY_STILL_RATE = (AssignmentState.HELD, AssignmentState.LAPSED)


def claim_bound(session: Session, who: Visitor, posting_id: int, *, now: datetime) -> int | None:
    """The assignment of this rater on the posting's comparison, from now until the vendor's deadline.

    None where there is no seat for them now: all are taken, the batch has ended, or they were here before. NotFound
    for who did not come through this posting, Conflict for who holds a seat at another comparison of the batch.
    """
    posting = session.get_one(Posting, posting_id)
    submission = newest(session, who, posting_id)
    if submission is None or posting.comparison_id is None or posting.batch_id != who.batch_id:
        raise NotFound("This page belongs to somebody else's work. Please open it from the vendor's page again.")
    session.execute(select(Comparison.id).where(Comparison.id == posting.comparison_id).with_for_update())
    lapse(session, posting.comparison_id, who, now=now)
    own = session.execute(
        select(Assignment.id, Assignment.state).where(
            Assignment.batch_id == who.batch_id,
            Assignment.rater_id == who.rater_id,
            Assignment.comparison_id == posting.comparison_id,
        )
    ).one_or_none()
    if own is not None:
        return own.id if own.state in MAY_STILL_RATE else None
    if not who.may_claim or submission.state != SubmissionState.ACTIVE:
        return None
    if who.held is not None:
        raise Conflict(
            "You are still at another comparison of this study. Please finish that one, then come back here."
        )
    until = submission.deadline or now + timedelta(seconds=who.lease_seconds)
    seat = sit(session, who, posting, now=now, until=until)
    return seat if seat is not None else stand_by(session, who, submission, now=now, until=until)


def newest(session: Session, who: Visitor, posting_id: int) -> Submission | None:
    """The rater's last submission on the posting: who returned one may have accepted it again."""
    found = select(Submission).where(Submission.posting_id == posting_id, Submission.rater_id == who.rater_id)
    return session.scalars(found.order_by(Submission.id.desc()).limit(1)).first()


def lapse(session: Session, comparison_id: int, who: Visitor, *, now: datetime) -> None:
    """Whoever's time at this comparison is over has left.

    But for who is rating or skipping at this moment: they may want the comparison, which is locked here already, and
    each would wait for the other.
    """
    overdue = (
        select(Assignment.id)
        .where(
            Assignment.comparison_id == comparison_id,
            Assignment.state == AssignmentState.HELD,
            Assignment.lease_expires_at <= now,
            Assignment.rater_id != who.rater_id,
        )
        .with_for_update(skip_locked=True)
    )
    session.execute(
        update(Assignment)
        .where(Assignment.id.in_(overdue))
        .values(state=AssignmentState.LAPSED)
        .execution_options(synchronize_session=False)
    )


def sit(session: Session, who: Visitor, posting: Posting, *, now: datetime, until: datetime) -> int | None:
    """Take a free seat that is bound to the posting; of a closed one, what has gone back to the queue.

    On the side that keeps the rater's own sides in balance, where there is a choice.
    """
    is_mine = SEATS.posting_id == posting.id
    if posting.state == PostingState.CLOSED:
        is_mine = or_(is_mine, text("seats.is_open"))
    taken = exists().where(
        ASSIGNMENTS.comparison_id == SEATS.comparison_id,
        ASSIGNMENTS.seat == SEATS.seat,
        ASSIGNMENTS.state.in_((AssignmentState.HELD, AssignmentState.RATED)),
    )
    judgeable = exists().where(Comparison.id == SEATS.comparison_id, ~Comparison.unjudgeable)
    wanted = [case((SEATS.flipped == (who.balance < 0), 0), else_=1)] if who.balance else []
    chosen = (
        select(
            SEATS.batch_id,
            bindparam("rater", who.rater_id, type_=ASSIGNMENTS.rater_id.type),
            SEATS.prompt_id,
            SEATS.comparison_id,
            SEATS.seat,
            literal_column(f"'{AssignmentState.HELD}'"),
            bindparam("now", now, type_=ASSIGNMENTS.claimed_at.type),
            bindparam("until", until, type_=ASSIGNMENTS.claimed_at.type),
        )
        .where(SEATS.comparison_id == posting.comparison_id, is_mine, ~taken, judgeable)
        .order_by(*wanted, SEATS.seat)
        .limit(1)
    )
    insert = sqlite_insert if dialect(session) == "sqlite" else postgresql_insert
    return session.execute(
        insert(table(Assignment))
        .from_select(COLUMNS, chosen, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(ASSIGNMENTS.id)
    ).scalar()


def stand_by(session: Session, who: Visitor, submission: Submission, *, now: datetime, until: datetime) -> int | None:
    """Wait at the seat of somebody who came with the same id before, where every seat is taken; None without one.

    They gave it back, or this rater has only heard of it: the vendor alone knows. So they keep their seat. What this
    rater chooses counts if it is free by then, and is kept as late, and paid once the vendor says that it is theirs.
    """
    earlier = aliased(Submission)
    seat = session.execute(
        select(Assignment.prompt_id, Assignment.comparison_id, Assignment.seat)
        .join(earlier, earlier.rater_id == Assignment.rater_id)
        .join(Posting, Posting.comparison_id == Assignment.comparison_id)
        .join(Comparison, Comparison.id == Assignment.comparison_id)
        .where(
            Posting.id == submission.posting_id,
            earlier.posting_id == submission.posting_id,
            earlier.vendor_id == submission.vendor_id,
            Assignment.state == AssignmentState.HELD,
            ~Comparison.unjudgeable,
        )
        .limit(1)
    ).one_or_none()
    if seat is None:
        return None
    waiting = {"batch_id": who.batch_id, "rater_id": who.rater_id, "state": AssignmentState.LAPSED}
    insert_once(session, Assignment, {**seat._mapping, **waiting, "claimed_at": now, "lease_expires_at": until})
    return session.execute(
        select(Assignment.id).where(
            Assignment.batch_id == who.batch_id,
            Assignment.rater_id == who.rater_id,
            Assignment.comparison_id == seat.comparison_id,
        )
    ).scalar()
