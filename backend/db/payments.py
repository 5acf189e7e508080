"""Payment intents: what will be asked of a vendor, stored before it is asked, and what came of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, Minor, one_of


class PaymentState(StrEnum):
    """intended → sent → confirmed or refused. Sent: the vendor was asked, or is just being asked; it may have acted."""

    INTENDED = "intended"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class PaymentKind(StrEnum):
    """approval: the vendor pays the posting's reward for a submission. bonus: more, for a submission."""

    APPROVAL = "approval"
    BONUS = "bonus"


class PaymentIntent(Base):
    """One payment to one rater. `token` is the same however often it is asked. Triggers hold all but its progress.

    amount: what the rater gets, without the fee; its ledger entries add up to amount and fee before it is sent.
    asked_at: since when somebody waits for the vendor's answer; NULL while nobody does.
    answer: what the vendor said when it refused.
    """

    __tablename__ = "payment_intents"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id", "currency"], ["budgets.batch_id", "budgets.currency"]),
        UniqueConstraint("id", "batch_id", "rater_id", "currency"),
        CheckConstraint("amount > 0 AND fee >= 0", name="amount"),
        CheckConstraint("(state IN ('confirmed', 'refused')) = (ended_at IS NOT NULL)", name="ends_once"),
        CheckConstraint("asked_at IS NULL OR state = 'sent'", name="asked_when_sent"),
        CheckConstraint("answer IS NULL OR state = 'refused'", name="answer_of_a_refusal"),
        one_of("state", PaymentState),
        one_of("kind", PaymentKind),
    )

    id: Mapped[Id]
    token: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[int]
    rater_id: Mapped[int] = mapped_column(ForeignKey("raters.id"))
    kind: Mapped[str]
    posting_id: Mapped[str]
    submission_id: Mapped[str]
    currency: Mapped[str]
    amount: Mapped[Minor]
    fee: Mapped[Minor]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default=PaymentState.INTENDED)
    intended_at: Mapped[datetime]
    asked_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    answer: Mapped[str | None] = mapped_column(default=None)


LIVE_APPROVAL = and_(PaymentIntent.kind == PaymentKind.APPROVAL, PaymentIntent.state != PaymentState.REFUSED)
Index(
    "uq_payment_intents_approval",
    PaymentIntent.posting_id,
    PaymentIntent.submission_id,
    unique=True,
    sqlite_where=LIVE_APPROVAL,
    postgresql_where=LIVE_APPROVAL,
)
Index("ix_payment_intents_batch_id", PaymentIntent.batch_id, PaymentIntent.state)
