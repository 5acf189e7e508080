"""Calls to vendors that keep no tokens of ours, and payments that a person makes by hand."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Minor


class VendorCall(Base):
    """A call that must not be made twice: stored before it is made. The columns are those of crowd.journal.Entry."""

    __tablename__ = "vendor_calls"

    token: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    amount: Mapped[Minor]
    before: Mapped[int]
    begun_at: Mapped[datetime]
    done: Mapped[bool] = mapped_column(default=False)


Index("ix_vendor_calls_subject", VendorCall.subject)


class HandPayment(Base):
    """Something that a person has to pay, noted once a token. The columns are those of crowd.link.Due.

    amount, currency: NULL for a reward, which the posting states. paid_at: when the person said that it is paid.
    """

    __tablename__ = "hand_payments"
    __table_args__ = (CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="amount_of_money"),)

    token: Mapped[str] = mapped_column(primary_key=True)
    submission_id: Mapped[str]
    rater_id: Mapped[str | None]
    amount: Mapped[Minor | None]
    currency: Mapped[str | None]
    reason: Mapped[str]
    noted_at: Mapped[datetime]
    paid_at: Mapped[datetime | None] = mapped_column(default=None)
