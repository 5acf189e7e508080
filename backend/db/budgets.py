"""What a batch may spend, and what of it is set aside. Counters that triggers keep, so that no statement overspends."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, Minor


class Budget(Base):
    """The most that a batch may cost, in minor units of one currency.

    reserved: the sum of what remains of its reservations. spent: the sum of what its ledger has taken from them.
    Triggers keep both in the transaction that changes them; what is free is allowed - reserved - spent.
    """

    __tablename__ = "budgets"
    __table_args__ = (
        UniqueConstraint("batch_id", "currency"),
        CheckConstraint("reserved >= 0 AND spent >= 0 AND reserved + spent <= allowed", name="never_overspent"),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True, autoincrement=False)
    currency: Mapped[str]
    allowed: Mapped[Minor]
    reserved: Mapped[Minor] = mapped_column(default=0, server_default="0")
    spent: Mapped[Minor] = mapped_column(default=0, server_default="0")


class Reservation(Base):
    """Money set aside for work before it is offered. `remaining` falls as work is owed, and to nothing by a release.

    It may grow, for work beyond what was offered, such as late ratings. `key`: the same intent reserves once.
    """

    __tablename__ = "reservations"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id", "currency"], ["budgets.batch_id", "budgets.currency"]),
        UniqueConstraint("id", "batch_id", "currency"),
        CheckConstraint("remaining BETWEEN 0 AND amount", name="remaining"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int]
    currency: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    amount: Mapped[Minor]
    remaining: Mapped[Minor]
    created_at: Mapped[datetime]
