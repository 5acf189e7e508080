"""Asks vendors to pay what is intended, and compares what they have paid with the ledger. Knows no vendor by name.

Each call lies between two transactions: what will be asked is stored before, what came of it after. Whoever is killed
in between leaves a payment that is sent and has no outcome. The next run looks first at what the vendor has paid, and
asks again, with the same token, only for what is not there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.protocol import Crowd, NoMoney, NotAllowed, Payment, Refused, Unreachable
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Rater
from backend.db.session import Database
from backend.domain.money import Money
from backend.services.money import intents
from backend.services.money.intents import Order

log = structlog.get_logger()
Clock = Callable[[], datetime]


@dataclass(slots=True)
class Settled:
    """What a run did. unknown: the vendor gave no answer; they are asked again. stopped: why the rest was not asked."""

    confirmed: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    stopped: str | None = None


def settle(database: Database, crowd: Crowd, batch_id: int, *, channel: str, clock: Clock) -> Settled:
    """Ask the channel's vendor for every payment that waits. May be killed at any point and run again, or run twice.

    A payment that the vendor refuses is owed again. Where the account has no money or is not let in, the run stops:
    nothing was spent, and the next run asks for the same payments.
    """
    done = Settled()
    with database.reading() as session:
        numbers = intents.waiting(session, batch_id, channel=channel, now=clock())
    for number in numbers:
        with database.transaction() as session:
            order = intents.begin(session, number, now=clock())
        if order is not None:
            ask(database, crowd, order, done, clock=clock)
        if done.stopped is not None:
            break
    log.info("payments.settled", batch=batch_id, confirmed=len(done.confirmed), refused=len(done.refused))
    return done


def ask(database: Database, crowd: Crowd, order: Order, done: Settled, *, clock: Clock) -> None:
    """Ask for one payment and write down what came of it."""
    try:
        if not (order.again and is_paid(database, crowd, order)):
            pay(crowd, order)
    except (NoMoney, NotAllowed) as error:
        done.stopped = str(error)
        unanswered(database, order)
    except Refused as error:
        with database.transaction() as session:
            intents.outcome(session, order.payment_id, confirmed=False, now=clock(), answer=str(error))
        done.refused.append(order.payment_id)
    except Unreachable:
        unanswered(database, order)
        done.unknown.append(order.payment_id)
    else:
        with database.transaction() as session:
            intents.outcome(session, order.payment_id, confirmed=True, now=clock())
        done.confirmed.append(order.payment_id)


def unanswered(database: Database, order: Order) -> None:
    """The payment stays sent, and the next run may ask for it at once."""
    with database.transaction() as session:
        intents.stop_asking(session, order.payment_id)


def pay(crowd: Crowd, order: Order) -> None:
    """The vendor's call itself."""
    if order.kind == PaymentKind.APPROVAL:
        crowd.approve(order.submission_id)
        return
    crowd.pay_bonus(
        order.submission_id, rater_id=order.rater_id, amount=order.amount, reason=order.reason, token=order.token
    )


def is_paid(database: Database, crowd: Crowd, order: Order) -> bool:
    """Whether the vendor lists this payment: under its token, or under none and beyond what others of ours explain."""
    try:
        listed = list(crowd.payments(order.posting_id))
    except NotAllowed:
        raise
    except Refused as error:  # to show its list, not to pay: what was asked before may have been paid
        raise Unreachable(str(error)) from error
    with database.reading() as session:
        batch_id = session.get_one(PaymentIntent, order.payment_id).batch_id
        ours = told(session, batch_id)
    matched, _ = match([one for one in ours if one.posting_id == order.posting_id], listed)
    return order.payment_id in matched


@dataclass(frozen=True, slots=True)
class Told:
    """A payment as the ledger tells it."""

    payment_id: int
    state: PaymentState
    token: str
    posting_id: str
    submission_id: str
    rater_id: str
    amount: Money
    is_bonus: bool

    @property
    def may_be_paid(self) -> bool:
        """Whether the vendor may have paid it. A submission may be approved by the vendor's own rule, unasked."""
        asked = (PaymentState.SENT, PaymentState.CONFIRMED)
        return self.state in asked or (self.state == PaymentState.INTENDED and not self.is_bonus)

    @property
    def likeness(self) -> tuple[str, bool, Money | None]:
        """What tells payments apart where a vendor keeps no token. A submission is approved once, for any reward."""
        return self.submission_id, self.is_bonus, self.amount if self.is_bonus else None


def likeness(payment: Payment) -> tuple[str, bool, Money | None]:
    """The same of a vendor's payment."""
    return payment.submission_id, payment.is_bonus, payment.amount if payment.is_bonus else None


def told(session: Session, batch_id: int, *, channel: str | None = None) -> list[Told]:
    """Every payment of a batch in the order in which it was intended, those confirmed first."""
    found = (
        select(PaymentIntent, Rater.external_id)
        .join(Rater, Rater.id == PaymentIntent.rater_id)
        .where(PaymentIntent.batch_id == batch_id)
        .order_by(PaymentIntent.state != PaymentState.CONFIRMED, PaymentIntent.id)
    )
    if channel is not None:
        found = found.where(Rater.channel == channel)
    return [
        Told(
            payment_id=intent.id,
            state=PaymentState(intent.state),
            token=intent.token,
            posting_id=intent.posting_id,
            submission_id=intent.submission_id,
            rater_id=name,
            amount=Money(intent.amount, intent.currency),
            is_bonus=intent.kind == PaymentKind.BONUS,
        )
        for intent, name in session.execute(found)
    ]


def match(ours: Sequence[Told], listed: Iterable[Payment]) -> tuple[dict[int, Payment], list[Payment]]:
    """(our payment's id -> the vendor's, those of the vendor that none of ours explains).

    By token first. Then those without a token by submission, kind and amount, confirmed ones of ours first, where they
    may be paid at all.
    """
    by_token = {one.token: one for one in ours}
    matched: dict[int, Payment] = {}
    left: list[Payment] = []
    for payment in listed:
        one = by_token.get(payment.token) if payment.token is not None else None
        if one is not None and one.payment_id not in matched:
            matched[one.payment_id] = payment
        else:
            left.append(payment)
    alike: dict[tuple[str, bool, Money | None], list[Told]] = {}
    for one in ours:
        if one.payment_id not in matched and one.may_be_paid:
            alike.setdefault(one.likeness, []).append(one)
    unexplained: list[Payment] = []
    for payment in left:
        candidates = alike.get(likeness(payment), []) if payment.token is None else []
        if candidates:
            matched[candidates.pop(0).payment_id] = payment
        else:
            unexplained.append(payment)
    return matched, unexplained


@dataclass(frozen=True, slots=True)
class Differences:
    """Where the ledger and the vendor's list differ, in both directions; all empty when they agree to the cent.

    missing_there: confirmed here, not on the vendor's list. unknown_here: on the list, and no payment of ours explains
    it. unconfirmed: on the list, and not confirmed here (a run of settle() confirms it). unlike: another amount or
    rater there than here.
    """

    missing_there: tuple[Told, ...]
    unknown_here: tuple[Payment, ...]
    unconfirmed: tuple[tuple[Told, Payment], ...]
    unlike: tuple[tuple[Told, Payment], ...]

    @property
    def none(self) -> bool:
        """Whether both agree."""
        return not (self.missing_there or self.unknown_here or self.unconfirmed or self.unlike)


def reconcile(
    session: Session, batch_id: int, vendor_payments: Iterable[Payment], *, channel: str | None = None
) -> Differences:
    """Compare the payments of a batch (on one channel) with the vendor's whole list of them."""
    ours = told(session, batch_id, channel=channel)
    matched, unknown = match(ours, vendor_payments)
    pairs = [(one, matched[one.payment_id]) for one in ours if one.payment_id in matched]
    return Differences(
        missing_there=tuple(
            one for one in ours if one.state == PaymentState.CONFIRMED and one.payment_id not in matched
        ),
        unknown_here=tuple(unknown),
        unconfirmed=tuple(pair for pair in pairs if pair[0].state != PaymentState.CONFIRMED),
        unlike=tuple(
            (one, there) for one, there in pairs if (one.amount, one.rater_id) != (there.amount, there.rater_id)
        ),
    )
