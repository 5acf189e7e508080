"""The ledger: each entry is a transfer between two accounts, and names the work that it pays.

A transfer leaves one account by what enters the other, so debits equal credits by construction. The accounts:

reserved  what is set aside for a batch (the remaining of its reservations; what is free lies in its budget)
owed      what a rater has earned, or a vendor takes for it, and nobody has begun to pay
paying    what a payment intent says will be paid: the vendor may or may not have acted
paid      what a rater has got         fees      what a vendor has got

reserved → owed → paying → paid or fees; a payment that is refused goes back, paying → owed. Every entry but the first
takes the whole of one earlier entry, and no entry is taken twice: nothing can be paid twice, and no account goes
below zero.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, Minor, one_of


class Account(StrEnum):
    """Where money is. The module says what each means."""

    RESERVED = "reserved"
    OWED = "owed"
    PAYING = "paying"
    PAID = "paid"
    FEES = "fees"


class Work(StrEnum):
    """What is paid for. Skips are of comparisons or checks; a compensation is for who could not submit."""

    RATING = "rating"
    LATE_RATING = "late_rating"
    CHECK = "check"
    ENTRY_TEST = "entry_test"
    SKIP = "skip"
    COMPENSATION = "compensation"


class Purpose(StrEnum):
    """Reward and top-up are the rater's; a fee is the vendor's, for the same work."""

    REWARD = "reward"
    TOP_UP = "top_up"
    REWARD_FEE = "reward_fee"
    TOP_UP_FEE = "top_up_fee"


FEES = (Purpose.REWARD_FEE, Purpose.TOP_UP_FEE)
NAMES = ("assignment_id", "check_assignment_id", "entry_test", "compensation_id")
ONE_NAME = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in NAMES) + " = 1"
AS_NAMED = """CASE work
    WHEN 'rating' THEN assignment_id IS NOT NULL AND state IS NOT NULL AND state = 'rated'
    WHEN 'late_rating' THEN assignment_id IS NOT NULL AND state IS NOT NULL AND state = 'late'
    WHEN 'check' THEN check_assignment_id IS NOT NULL AND state IS NOT NULL AND state = 'answered'
    WHEN 'skip' THEN (assignment_id IS NOT NULL OR check_assignment_id IS NOT NULL)
        AND state IS NOT NULL AND state = 'skipped'
    WHEN 'entry_test' THEN entry_test IS NOT NULL AND state IS NULL
    ELSE compensation_id IS NOT NULL AND state IS NULL END"""
WAYS = """CASE from_account
    WHEN 'reserved' THEN to_account = 'owed'
    WHEN 'owed' THEN to_account = 'paying'
    WHEN 'paying' THEN to_account = 'owed'
        OR to_account = CASE WHEN purpose IN ('reward_fee', 'top_up_fee') THEN 'fees' ELSE 'paid' END
    ELSE 1 = 0 END"""
SAME = ("batch_id", "rater_id", "currency", "amount", "work", "purpose")


class Compensation(Base):
    """A person's decision to pay a rater who could not submit, with its reason. Never changes."""

    __tablename__ = "compensations"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id"], ["batches.id"]),
        ForeignKeyConstraint(["rater_id"], ["raters.id"]),
        UniqueConstraint("id", "batch_id", "rater_id"),
        CheckConstraint("reason <> ''", name="says_why"),
    )

    id: Mapped[Id]
    batch_id: Mapped[int]
    rater_id: Mapped[int]
    key: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    decided_at: Mapped[datetime]


class LedgerEntry(Base):
    """One transfer, for ever. `moves_id`: the entry whose money this one moves on, none where it comes from a reserve.

    `state` is the assignment's, so that the composite keys hold what kind of work it was, and whose.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["moves_id", "from_account", *SAME],
            [f"ledger_entries.{name}" for name in ("id", "to_account", *SAME)],
            name="fk_ledger_entries_moves",
        ),
        ForeignKeyConstraint(
            ["reservation_id", "batch_id", "currency"],
            ["reservations.id", "reservations.batch_id", "reservations.currency"],
        ),
        ForeignKeyConstraint(
            ["payment_id", "batch_id", "rater_id", "currency"],
            [f"payment_intents.{name}" for name in ("id", "batch_id", "rater_id", "currency")],
            name="fk_ledger_entries_payment",
        ),
        ForeignKeyConstraint(["rater_id"], ["raters.id"]),
        ForeignKeyConstraint(
            ["assignment_id", "rater_id", "state"],
            ["assignments.id", "assignments.rater_id", "assignments.state"],
        ),
        ForeignKeyConstraint(
            ["check_assignment_id", "rater_id", "state"],
            ["check_assignments.id", "check_assignments.rater_id", "check_assignments.state"],
            name="fk_ledger_entries_check",
        ),
        ForeignKeyConstraint(
            ["compensation_id", "batch_id", "rater_id"],
            ["compensations.id", "compensations.batch_id", "compensations.rater_id"],
            name="fk_ledger_entries_compensation",
        ),
        UniqueConstraint("id", "to_account", *SAME, name="uq_ledger_entries_moved"),
        one_of("work", Work),
        one_of("purpose", Purpose),
        one_of("from_account", Account),
        one_of("to_account", Account),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(ONE_NAME, name="names_one_work"),
        CheckConstraint(AS_NAMED, name="work_as_named"),
        CheckConstraint(WAYS, name="ways"),
        CheckConstraint("(from_account = 'reserved') = (reservation_id IS NOT NULL)", name="from_a_reservation"),
        CheckConstraint("(from_account = 'reserved') = (moves_id IS NULL)", name="moves_an_entry"),
        CheckConstraint("(from_account = 'reserved') = (payment_id IS NULL)", name="moves_by_a_payment"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    batch_id: Mapped[int]
    rater_id: Mapped[int]
    currency: Mapped[str]
    amount: Mapped[Minor]
    work: Mapped[str]
    purpose: Mapped[str]
    from_account: Mapped[str]
    to_account: Mapped[str]
    assignment_id: Mapped[int | None] = mapped_column(default=None)
    check_assignment_id: Mapped[int | None] = mapped_column(default=None)
    state: Mapped[str | None] = mapped_column(default=None)
    entry_test: Mapped[str | None] = mapped_column(default=None)
    compensation_id: Mapped[int | None] = mapped_column(default=None)
    reservation_id: Mapped[int | None] = mapped_column(default=None)
    moves_id: Mapped[int | None] = mapped_column(unique=True, default=None)
    payment_id: Mapped[int | None] = mapped_column(default=None)
    entered_at: Mapped[datetime]


Index("ix_ledger_entries_rater", LedgerEntry.batch_id, LedgerEntry.rater_id)
Index("ix_ledger_entries_payment", LedgerEntry.payment_id)

# A piece of work is owed once for each purpose. NULLs never collide, so each index holds its own kind of work.
EARNED = text("from_account = 'reserved'")
for name, column in {
    "uq_ledger_entries_earned_assignment": LedgerEntry.assignment_id,
    "uq_ledger_entries_earned_check": LedgerEntry.check_assignment_id,
    "uq_ledger_entries_earned_compensation": LedgerEntry.compensation_id,
}.items():
    Index(name, column, LedgerEntry.purpose, unique=True, sqlite_where=EARNED, postgresql_where=EARNED)
