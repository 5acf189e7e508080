"""What a channel lacks, and the postings and places that are intended for it; `postings` says what came of them."""

import secrets
from datetime import datetime

from sqlalchemy import exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from backend.crowd.journal import Entry
from backend.db.assignments import Assignment
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Rater
from backend.db.vendor_calls import VendorCall
from backend.domain.channels import ChannelSettings
from backend.services.crowd import postings
from backend.services.crowd.postings import LIVE, OCCUPYING
from backend.services.money import budgets, demand, vendor_calls
from backend.services.studies import channels


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
    if postings.in_state(session, channel.id, PostingState.INTENDED, *LIVE):
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
    published = postings.in_state(session, channel.id, PostingState.PUBLISHED)
    if not published or unfinished(session, published[0]) is not None:
        return
    settings, wanted, posting = (
        channels.settings_of(channel),
        demand.of_channel(session, channel),
        postings.get(session, published[0].id),
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
