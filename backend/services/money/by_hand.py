"""Pay on channels without a vendor: what a person has to pay, noted once, and paid only when that person says so.

A note is no payment: its intent stays sent, and becomes confirmed by `mark`. No vendor is called, so each is one
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.crowd.link import Due as Noted
from backend.db.batches import Batch
from backend.db.budgets import Reservation
from backend.db.channels import BatchChannel
from backend.db.comparisons import Seat
from backend.db.ledger import Purpose
from backend.db.payments import PaymentIntent, PaymentKind
from backend.db.raters import Rater
from backend.db.vendor_calls import HandPayment
from backend.domain.channels import ChannelSettings
from backend.domain.money import Money
from backend.errors import Conflict, NotFound
from backend.services.money import budgets, demand, earnings, intents, ledger, top_ups, unowed, vendor_calls
from backend.services.money.ledger import Due
from backend.services.studies import channels


def set_aside(
    session: Session, channel: BatchChannel, *, now: datetime, worst: Money | None = None
) -> Reservation | None:
    """What the channel's raters may cost at worst, set aside once; None where nobody is paid.

    worst: as a launch has quoted it, checks and extra seats included. Without it, of the seats that are open now.
    """
    settings = channels.settings_of(channel)
    if settings.pay is None:
        return None
    key = f"channel {channel.id}"
    budgets.locked(session, channel.batch_id)
    earlier = session.scalars(select(Reservation).where(Reservation.key == key)).one_or_none()
    if earlier is not None:
        return earlier
    amount = worst_of_open(session, channel, settings) if worst is None else worst
    return budgets.reserve(session, channel.batch_id, amount=amount, key=key, now=now)


def worst_of_open(session: Session, channel: BatchChannel, settings: ChannelSettings) -> Money:
    """The most that the seats that are open now can cost on this channel."""
    pieces = session.execute(
        select(func.count()).where(Seat.batch_id == channel.batch_id, text("seats.is_open"))
    ).scalar_one()
    if settings.places is not None:
        batch = session.get_one(Batch, channel.batch_id)
        pieces = min(pieces, settings.places * demand.pieces_per_place(session, batch))
    return demand.worst_cost(settings, pieces=pieces, places=1, masters=False)


def note(session: Session, channel: BatchChannel, *, now: datetime) -> int:
    """Owe all work of the channel's raters, with top-ups, and note one payment a rater; how many of them are new.

    For a batch that has ended, so that each rater is paid at once. Again adds only what came since. Where work earns
    nothing, what a person has granted is noted all the same.
    """
    names = dict(session.execute(select(Rater.id, Rater.external_id).where(Rater.channel == channel.channel)).all())
    reservation = set_aside(session, channel, now=now)
    if reservation is not None:
        owe_work(session, channel, reservation.id, names, now=now)
        budgets.release(session, reservation.id)  # others of the batch may need it; late work takes what is free
    owing = sorted({one.rater_id for one in ledger.owed(session, channel.batch_id)} & set(names))
    for rater_id in owing:
        note_rater(session, channel.batch_id, rater_id, names[rater_id], now=now)
    return len(owing)


def owe_work(
    session: Session, channel: BatchChannel, reservation_id: int, names: Mapping[int, str], *, now: datetime
) -> None:
    """Owe these raters' work, their entry tests, and what is missing to the target."""
    settings = channels.settings_of(channel)
    rule, batch_id = demand.rule_of(settings), channel.batch_id
    pieces = [piece for piece in unowed.work(session, batch_id) if piece.rater_id in names]
    dues = [Due(piece, Purpose.REWARD, rule.reward) for piece in pieces]
    dues += [
        Due(piece, Purpose.REWARD, earnings.of_test(rule, exercises))
        for piece, exercises in unowed.entry_tests(session, batch_id)
        if piece.rater_id in names
    ]
    ledger.owe(session, reservation_id, dues, now=now)
    top_ups.top_up(session, reservation_id, rule=rule, fees=settings.fees, now=now, channel=channel.channel)


def note_rater(session: Session, batch_id: int, rater_id: int, name: str, *, now: datetime) -> None:
    """Intend one payment of all that a rater is owed, and note it for a person."""
    intent = intents.intend_payment(
        session,
        ledger.owed(session, batch_id, rater_id=rater_id),
        kind=PaymentKind.BONUS,
        posting_id=f"batch {batch_id}",
        submission_id=f"rater {name}",
        reason="For the ratings of this study",
        now=now,
    )
    order = intents.begin(session, intent.id, now=now)
    assert order is not None
    vendor_calls.note(
        session, Noted(order.token, order.submission_id, order.rater_id, order.amount, order.reason), now=now
    )
    intents.stop_asking(session, intent.id)


@dataclass(frozen=True, slots=True)
class HandDue:
    """One payment that a person has to make, or has made. rater: as their channel calls them."""

    token: str
    rater_id: int
    channel: str
    rater: str
    amount: Money
    reason: str
    noted_at: datetime
    paid_at: datetime | None


def dues(session: Session, batch_id: int, *, paid: bool = False) -> Sequence[HandDue]:
    """What a person has to pay for a batch, oldest first; with `paid`, what they have paid too."""
    found = (
        select(HandPayment, PaymentIntent, Rater)
        .join(PaymentIntent, PaymentIntent.token == HandPayment.token)
        .join(Rater, Rater.id == PaymentIntent.rater_id)
        .where(PaymentIntent.batch_id == batch_id)
        .order_by(PaymentIntent.id)
    )
    if not paid:
        found = found.where(HandPayment.paid_at.is_(None))
    return [
        HandDue(
            token=one.token,
            rater_id=who.id,
            channel=who.channel,
            rater=who.external_id,
            amount=Money(intent.amount, intent.currency),
            reason=one.reason,
            noted_at=one.noted_at,
            paid_at=one.paid_at,
        )
        for one, intent, who in session.execute(found)
    ]


def mark(session: Session, token: str, *, now: datetime) -> Money:
    """A person says that they have paid this. Saying it twice is no error. Conflict for what may not be paid."""
    noted = session.get(HandPayment, token, with_for_update=True, populate_existing=True)
    intent = session.scalars(select(PaymentIntent).where(PaymentIntent.token == token)).one_or_none()
    if noted is None or intent is None:
        raise NotFound("There is no such payment to be made by hand.")
    if noted.paid_at is None:
        noted.paid_at = now
        budgets.locked(session, intent.batch_id)
        intents.outcome(session, intent.id, confirmed=True, now=now)
    elif noted.paid_at > now:
        raise Conflict("This was paid later than now; please look at this machine's clock.")
    return Money(intent.amount, intent.currency)
