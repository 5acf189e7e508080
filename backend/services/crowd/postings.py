"""Postings as rows: what is missing on a channel, what is intended, and what came of it. Asks no vendor.

Everything here is one transaction of its caller's. services.crowd.publishing makes the calls that lie in between.
"""

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from backend.crowd.journal import Entry
from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Rater
from backend.db.submissions import Submission
from backend.db.vendor_calls import VendorCall
from backend.domain.channels import ChannelSettings
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, NotFound
from backend.services.money import budgets, demand, vendor_calls
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


def lacking(session: Session, channel: BatchChannel) -> list[int]:
    """The comparisons with open seats that this channel may offer, in the order of the launch."""
    found = session.execute(
        select(Seat.comparison_id)
        .where(Seat.batch_id == channel.batch_id, text("seats.is_open"))
        .group_by(Seat.comparison_id, Seat.position)
        .order_by(Seat.position)
    )
    return [number for (number,) in found]


def offered(session: Session, channel: BatchChannel, comparison_id: int) -> int:
    """How many seats of a comparison this channel has: bound to postings of its own, or sat on by its raters."""
    own = select(Posting.id).where(Posting.channel_id == channel.id, Posting.state != PostingState.CLOSED)
    rater = (
        exists()
        .where(
            Assignment.comparison_id == Seat.comparison_id,
            Assignment.seat == Seat.seat,
            OCCUPYING,
            Rater.id == Assignment.rater_id,
            Rater.channel == channel.channel,
        )
        .correlate(Seat)
    )
    return session.execute(
        select(func.count()).where(Seat.comparison_id == comparison_id, or_(Seat.posting_id.in_(own), rater))
    ).scalar_one()


def intend_comparison(session: Session, channel: BatchChannel, comparison_id: int, *, now: datetime) -> Posting | None:
    """Intend to offer the open seats of a comparison, which are bound to the posting from now on; None without any.

    What they cost at worst is set aside in this transaction. Conflict, with what is missing, where it is not free.
    """
    settings = channels.settings_of(channel)
    budgets.locked(session, channel.batch_id)
    session.execute(select(Comparison.id).where(Comparison.id == comparison_id).with_for_update())
    seats = list(
        session.scalars(
            select(Seat.seat)
            .where(Seat.comparison_id == comparison_id, text("seats.is_open"))
            .order_by(Seat.seat)
            .with_for_update()
        )
    )
    if settings.seats is not None:
        seats = seats[: max(0, settings.seats - offered(session, channel, comparison_id))]
    if not seats:
        return None
    made = add(session, channel, settings, places=len(seats), pieces=1, comparison_id=comparison_id, now=now)
    session.execute(
        update(Seat)
        .where(Seat.comparison_id == comparison_id, Seat.seat.in_(seats))
        .values(posting_id=made.id)
        .execution_options(synchronize_session=False)
    )
    return made


def add(
    session: Session,
    channel: BatchChannel,
    settings: ChannelSettings,
    *,
    places: int,
    pieces: int,
    comparison_id: int | None,
    now: datetime,
) -> Posting:
    """A posting of so many places with so many pieces of work each, and its reservation."""
    token = secrets.token_hex(16)
    masters = demand.for_masters(session, channel.batch_id)
    cost = demand.worst_cost(settings, pieces=places * pieces, places=places, masters=masters)
    reservation = budgets.reserve(session, channel.batch_id, amount=cost, key=f"posting {token}", now=now)
    reward = demand.rule_of(settings).reward
    made = Posting(
        token=token,
        channel_id=channel.id,
        batch_id=channel.batch_id,
        comparison_id=comparison_id,
        places=places,
        currency=reward.currency,
        reward=pieces * reward.minor,
        reservation_id=reservation.id,
        intended_at=now,
    )
    session.add(made)
    session.flush()
    return made


def intend_batch(session: Session, channel: BatchChannel, *, now: datetime) -> Posting | None:
    """Intend the one posting of a channel that offers the whole queue; None where it has one, or nothing is open."""
    budgets.locked(session, channel.batch_id)
    if in_state(session, channel.id, PostingState.INTENDED, *LIVE):
        return None
    settings, wanted = channels.settings_of(channel), demand.of_channel(session, channel)
    places = min(wanted.places, settings.places or wanted.places)
    if not places:
        return None
    return add(session, channel, settings, places=places, pieces=wanted.per_place, comparison_id=None, now=now)


def intend_more(session: Session, channel: BatchChannel, *, now: datetime) -> None:
    """Intend more places on the channel's posting where those that are left can't do what is open.

    Raters leave early, or a comparison splits. Stored as a vendor's call: an amount of places to reach.
    """
    budgets.locked(session, channel.batch_id)
    published = in_state(session, channel.id, PostingState.PUBLISHED)
    if not published or unfinished(session, published[0]) is not None:
        return
    settings, wanted, posting = (
        channels.settings_of(channel),
        demand.of_channel(session, channel),
        get(session, published[0].id),
    )
    more = wanted.places
    if settings.places is not None:
        more = min(more, settings.places - wanted.taken)
    if more < 1:
        return
    masters = demand.for_masters(session, channel.batch_id)
    cost = demand.worst_cost(settings, pieces=more * wanted.per_place, places=posting.places + more, masters=masters)
    assert posting.reservation_id is not None
    budgets.grow(session, budgets.reserved(session, posting.reservation_id), by=cost.minor)
    call = Entry(f"more {secrets.token_hex(16)}", subject(posting), posting.places + more, posting.places, now)
    vendor_calls.begin(session, call)
    posting.places += more
    session.flush()


def subject(posting: Posting) -> str:
    """What the calls that extend a posting are about."""
    return f"posting {posting.id}"


def unfinished(session: Session, posting: Posting) -> VendorCall | None:
    """More places that were intended and that the vendor has not confirmed."""
    return session.scalars(
        select(VendorCall).where(VendorCall.subject == subject(posting), ~VendorCall.done)
    ).one_or_none()


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
