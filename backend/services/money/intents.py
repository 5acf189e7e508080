"""Payment intents and their progress: intended, sent, confirmed or refused. Asks no vendor."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from backend.db.ledger import FEES, Account, LedgerEntry
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Rater
from backend.domain.money import Money
from backend.errors import Conflict, Invalid, NotFound
from backend.services.money import budgets, ledger

# Longer than any call to a vendor takes: whoever has asked and not heard for so long was killed.
PATIENCE = timedelta(minutes=5)
CARRIED = ("batch_id", "rater_id", "currency", "amount", "work", "purpose", "state")


@dataclass(frozen=True, slots=True)
class Order:
    """What to ask of a vendor. again: it was asked before, so it may have been paid."""

    payment_id: int
    token: str
    kind: PaymentKind
    posting_id: str
    submission_id: str
    rater_id: str
    amount: Money
    reason: str
    again: bool


def intend_payment(
    session: Session,
    entries: Sequence[LedgerEntry],
    *,
    kind: PaymentKind,
    posting_id: str,
    submission_id: str,
    reason: str,
    now: datetime,
) -> PaymentIntent:
    """Intend to pay these owed entries (fees among them) of one rater at once, before the vendor is asked.

    Conflict where one of them is being paid or was paid, Invalid where they are of several raters or fees alone.
    """
    whose = {(entry.batch_id, entry.rater_id, entry.currency) for entry in entries}
    if len(whose) != 1:
        raise Invalid("A payment is for work of one rater in one batch.")
    ((batch_id, rater_id, currency),) = whose
    budgets.locked(session, batch_id)
    still = {entry.id for entry in ledger.owed(session, batch_id, rater_id=rater_id)}
    if taken := [entry.id for entry in entries if entry.id not in still]:
        raise Conflict(f"Ledger entry {taken[0]} is being paid already, or is not owed.")
    amount = sum(entry.amount for entry in entries if entry.purpose not in FEES)
    if not amount:
        raise Invalid("A payment pays a rater something; fees alone are none.")
    intent = PaymentIntent(
        token=secrets.token_hex(16),
        batch_id=batch_id,
        rater_id=rater_id,
        kind=kind,
        posting_id=posting_id,
        submission_id=submission_id,
        currency=currency,
        amount=amount,
        fee=sum(entry.amount for entry in entries) - amount,
        reason=reason,
        intended_at=now,
    )
    session.add(intent)
    session.flush()
    move(session, entries, payment_id=intent.id, to=[Account.PAYING] * len(entries), now=now)
    return intent


def move(
    session: Session, entries: Sequence[LedgerEntry], *, payment_id: int, to: Sequence[Account], now: datetime
) -> None:
    """Move the money of these entries on, each to its account."""
    rows: list[dict[str, object]] = [
        {
            **{name: getattr(entry, name) for name in (*CARRIED, "assignment_id", "check_assignment_id")},
            "entry_test": entry.entry_test,
            "compensation_id": entry.compensation_id,
            "key": f"moves {entry.id}",
            "from_account": entry.to_account,
            "to_account": account,
            "moves_id": entry.id,
            "payment_id": payment_id,
            "entered_at": now,
        }
        for entry, account in zip(entries, to, strict=True)
    ]
    ledger.enter(session, rows)


def waiting(session: Session, batch_id: int, *, channel: str, now: datetime) -> list[int]:
    """The ids of payments that this channel's vendor is to be asked for, oldest first."""
    return list(
        session.scalars(
            select(PaymentIntent.id)
            .join(Rater, Rater.id == PaymentIntent.rater_id)
            .where(PaymentIntent.batch_id == batch_id, Rater.channel == channel, is_waiting(now))
            .order_by(PaymentIntent.id)
        )
    )


def is_waiting(now: datetime) -> ColumnElement[bool]:
    """Intended, or sent without an answer, and nobody is asking for it now."""
    return PaymentIntent.state.in_([PaymentState.INTENDED, PaymentState.SENT]) & or_(
        PaymentIntent.asked_at.is_(None), PaymentIntent.asked_at <= now - PATIENCE
    )


def begin(session: Session, payment_id: int, *, now: datetime) -> Order | None:
    """What to ask the vendor, which nobody else asks meanwhile; None when somebody does, or it is over.

    To be committed before the vendor is asked, so that a payment which may have been made is never forgotten.
    """
    intent = get(session, payment_id)
    is_over = intent.state not in (PaymentState.INTENDED, PaymentState.SENT)
    if is_over or (intent.asked_at is not None and intent.asked_at > now - PATIENCE):
        return None
    order = Order(
        payment_id=intent.id,
        token=intent.token,
        kind=PaymentKind(intent.kind),
        posting_id=intent.posting_id,
        submission_id=intent.submission_id,
        rater_id=session.get_one(Rater, intent.rater_id).external_id,
        amount=Money(intent.amount, intent.currency),
        reason=intent.reason,
        again=intent.state == PaymentState.SENT,
    )
    intent.state, intent.asked_at = PaymentState.SENT, now
    session.flush()
    return order


def get(session: Session, payment_id: int) -> PaymentIntent:
    """The intent, which nobody else changes until this transaction ends. NotFound for one that never was."""
    intent = session.get(PaymentIntent, payment_id, with_for_update=True, populate_existing=True)
    if intent is None:
        raise NotFound(f"There is no payment {payment_id}.")
    return intent


def stop_asking(session: Session, payment_id: int) -> None:
    """Nobody waits for the vendor's answer any more; it is unknown whether it has paid, so it will be asked again."""
    get(session, payment_id).asked_at = None
    session.flush()


def outcome(session: Session, payment_id: int, *, confirmed: bool, now: datetime, answer: str | None = None) -> None:
    """Write down that the vendor has paid, or never will: then all of it is owed again. answer: why it refused.

    The same outcome again is no error. Conflict for another outcome than the one that stands, or before it was sent.
    """
    intent = get(session, payment_id)
    ended = PaymentState.CONFIRMED if confirmed else PaymentState.REFUSED
    if intent.state == ended:
        return
    if intent.state != PaymentState.SENT:
        raise Conflict(f"Payment {payment_id} is {intent.state}, so it can't become {ended}.")
    intent.state, intent.ended_at, intent.asked_at = ended, now, None
    intent.answer = None if confirmed else answer
    session.flush()
    paying = list(
        session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.payment_id == payment_id, LedgerEntry.to_account == Account.PAYING)
            .order_by(LedgerEntry.id)
        )
    )
    to = [Account.OWED if not confirmed else end_of(entry) for entry in paying]
    move(session, paying, payment_id=payment_id, to=to, now=now)


def end_of(entry: LedgerEntry) -> Account:
    """Where the money ends: with the rater, or with the vendor where it is a fee."""
    return Account.FEES if entry.purpose in FEES else Account.PAID
