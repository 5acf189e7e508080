"""What a person has to pay, because the channel has no vendor that does: the list, and that it was paid."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, literal, select, update
from sqlalchemy.orm import Session

from backend.db.payments import PaymentIntent, PaymentKind
from backend.db.raters import Rater
from backend.db.vendor_calls import HandPayment
from backend.domain.money import Money
from backend.errors import Invalid
from backend.services import paysheet
from backend.services.pseudonyms import Pseudonyms

REWARD = "reward:"


@dataclass(frozen=True, slots=True)
class ByHand:
    """One payment to make. rater: as pages call them."""

    token: str
    rater: str
    channel: str
    amount: Money
    reason: str
    noted_at: datetime
    paid_at: datetime | None


def is_noted() -> ColumnElement[bool]:
    """Whether a note is of this payment: of a bonus by its token, of a reward by its submission."""
    of_reward = (PaymentIntent.kind == PaymentKind.APPROVAL) & (
        HandPayment.token == literal(REWARD) + PaymentIntent.submission_id
    )
    return of_reward | ((PaymentIntent.kind == PaymentKind.BONUS) & (HandPayment.token == PaymentIntent.token))


def of_batch(session: Session, batch_id: int, names: Pseudonyms) -> list[ByHand]:
    """What has to be paid by hand, then what was; each the oldest first."""
    rows = session.execute(
        select(HandPayment, PaymentIntent.amount, PaymentIntent.currency, Rater.id, Rater.channel, Rater.external_id)
        .join(PaymentIntent, is_noted())
        .join(Rater, Rater.id == PaymentIntent.rater_id)
        .where(PaymentIntent.batch_id == batch_id)
        .order_by(HandPayment.paid_at.is_not(None), HandPayment.noted_at, PaymentIntent.id)
    )
    return [
        ByHand(
            token=note.token,
            rater=paysheet.name(channel, external_id, rater_id, names),
            channel=channel,
            amount=Money(amount, currency),
            reason=note.reason,
            noted_at=note.noted_at,
            paid_at=note.paid_at,
        )
        for note, amount, currency, rater_id, channel, external_id in rows
    ]


def mark_paid(session: Session, batch_id: int, tokens: Collection[str], *, now: datetime) -> int:
    """A person says that they have paid these; how many were not marked before. Invalid where one isn't the batch's."""
    known = set(
        session.scalars(
            select(HandPayment.token)
            .join(PaymentIntent, is_noted())
            .where(PaymentIntent.batch_id == batch_id, HandPayment.token.in_(tokens))
        )
    )
    if not tokens or known != set(tokens):
        raise Invalid("Tick payments of this batch that you have made.")
    return len(
        session.execute(
            update(HandPayment)
            .where(HandPayment.token.in_(tokens), HandPayment.paid_at.is_(None))
            .values(paid_at=now)
            .returning(HandPayment.token)
        ).all()
    )
