"""Postings as rows, and what came of them: offered, paused, closed. Asks no vendor; `offering` intends new ones.

Everything here is one transaction of its caller's. services.crowd.publishing makes the calls that lie in between.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.submissions import Submission
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, NotFound
from backend.services.money import budgets, demand
from backend.services.studies import channels

LIVE = (PostingState.PUBLISHED, PostingState.PAUSED)
OCCUPYING = text("assignments.state IN ('held', 'rated')")
# A place is taken while the vendor holds it for somebody, and for good once they have handed in.
TAKEN = (SubmissionState.ACTIVE, SubmissionState.SUBMITTED, SubmissionState.APPROVED, SubmissionState.REJECTED)


def get(session: Session, posting_id: int) -> Posting:
    """The posting, which nobody else changes until this transaction ends. NotFound for one that never was."""
    found = session.get(Posting, posting_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(f"There is no posting {posting_id}.")
    return found


def in_state(session: Session, channel_id: int, *states: PostingState) -> list[Posting]:
    """The postings of a channel in these states, oldest first."""
    return list(
        session.scalars(
            select(Posting).where(Posting.channel_id == channel_id, Posting.state.in_(states)).order_by(Posting.id)
        )
    )


def publish(session: Session, posting_id: int, vendor_id: str, *, now: datetime) -> bool:
    """The vendor offers it, under this id; whether it is to be offered. Twice is no error.

    One that was given up meanwhile keeps the id as well, and waits to be closed there: see `given_up`.

    Conflict where the vendor has said another id before: then it is offered twice, and a person has to look.
    """
    posting = get(session, posting_id)
    if posting.vendor_id not in (None, vendor_id):
        raise Conflict(f"Posting {posting_id} is {posting.vendor_id} at the vendor, which now says {vendor_id}.")
    if posting.state == PostingState.INTENDED:
        posting.vendor_id, posting.state, posting.published_at = vendor_id, PostingState.PUBLISHED, now
    elif posting.vendor_id is None:
        posting.vendor_id = vendor_id
    session.flush()
    return posting.state != PostingState.CLOSED


def given_up(session: Session, channel_id: int) -> list[Posting]:
    """Postings that were closed here before the vendor said that it offers them, and may be offered there still."""
    return [one for one in in_state(session, channel_id, PostingState.CLOSED) if one.vendor_id and not one.published_at]


def ended(session: Session, posting_id: int, *, now: datetime) -> None:
    """The vendor has confirmed the end of one that was given up. It was offered until now."""
    get(session, posting_id).published_at = now
    session.flush()


def move(session: Session, posting_id: int, state: PostingState) -> None:
    """The vendor has paused it, or offers it again."""
    posting = get(session, posting_id)
    if posting.state in LIVE:
        posting.state = state
        session.flush()


def close(session: Session, posting_id: int, *, now: datetime) -> int:
    """The vendor has confirmed that it is offered to nobody new; how many of its seats go back to the queue.

    Whoever sits on one keeps it. The money for places that nobody will fill is given back.
    """
    batch_id = session.execute(select(Posting.batch_id).where(Posting.id == posting_id)).scalar_one()
    budgets.locked(session, batch_id)
    posting = get(session, posting_id)
    if posting.state == PostingState.CLOSED:
        return 0
    posting.state, posting.closed_at = PostingState.CLOSED, now
    session.flush()
    left = unfilled(session, posting)
    unbind(session, posting)
    if posting.reservation_id is not None and left:
        settings = channels.settings_of(channels.by_id(session, posting.channel_id))
        pieces = max(1, posting.reward // max(1, demand.rule_of(settings).reward.minor))
        worst = demand.worst_cost(
            settings, pieces=pieces, places=posting.places, masters=demand.for_masters(session, batch_id)
        )
        budgets.give_back(session, posting.reservation_id, minor=left * worst.minor)
    return left


def unfilled(session: Session, posting: Posting) -> int:
    """Places on which nobody sits, and that nobody has taken at the vendor."""
    taken = session.execute(
        select(func.count()).where(Submission.posting_id == posting.id, Submission.state.in_(TAKEN))
    ).scalar_one()
    if posting.comparison_id is None:
        return max(0, posting.places - taken)
    return session.execute(
        select(func.count()).where(Seat.posting_id == posting.id, ~is_occupied(AssignmentState.HELD, "rated"))
    ).scalar_one()


def is_occupied(*states: str) -> ColumnElement[bool]:
    """Whether somebody in one of these states has the seat."""
    return (
        exists()
        .where(
            Assignment.comparison_id == Seat.comparison_id,
            Assignment.seat == Seat.seat,
            Assignment.state.in_(states),
        )
        .correlate(Seat)
    )


def unbind(session: Session, posting: Posting) -> None:
    """Seats that are not rated leave a closed posting; rated ones stay, as a record of where they were rated."""
    if posting.comparison_id is None:
        return
    session.execute(select(Comparison.id).where(Comparison.id == posting.comparison_id).with_for_update())
    mine = select(Seat.seat).where(Seat.posting_id == posting.id, ~is_occupied(AssignmentState.RATED))
    numbers = list(session.scalars(mine))
    session.execute(
        update(Seat)
        .where(Seat.comparison_id == posting.comparison_id, Seat.seat.in_(numbers))
        .values(posting_id=None)
        .execution_options(synchronize_session=False)
    )


def to_close(session: Session, channel_id: int, *, now: datetime) -> list[int]:
    """Postings of one comparison that bring nothing more: all places were handed in, the time they are offered is
    over, or their comparison can't be judged. Their free seats go back to the queue once the vendor has confirmed it.
    """
    settings = channels.settings_of(channels.by_id(session, channel_id))
    handed_in = (
        select(func.count())
        .where(Submission.posting_id == Posting.id, Submission.state.in_(demand.HANDED_IN))
        .correlate(Posting)
        .scalar_subquery()
    )
    has_free = exists().where(Seat.posting_id == Posting.id, ~is_occupied("held", "rated")).correlate(Posting)
    return list(
        session.scalars(
            select(Posting.id)
            .join(Comparison, Comparison.id == Posting.comparison_id)
            .where(
                Posting.channel_id == channel_id,
                Posting.state == PostingState.PUBLISHED,
                has_free,
                or_(
                    handed_in >= Posting.places,
                    Posting.published_at <= now - settings.open_for,
                    Comparison.unjudgeable,
                ),
            )
            .order_by(Posting.id)
        )
    )
