"""What is owed for which work, and where all money is. Knows no vendor; backend.services.money.payments asks those.

Owing the same work twice for the same purpose is no error and owes it once, so whoever is unsure owes it again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session, aliased

from backend.db.assignments import AssignmentState
from backend.db.budgets import Budget
from backend.db.checks import CheckState
from backend.db.ledger import Account, Compensation, LedgerEntry, Purpose, Work
from backend.domain.money import Money
from backend.errors import Conflict, Invalid
from backend.services.money import budgets

STATES = {
    Work.RATING: AssignmentState.RATED,
    Work.LATE_RATING: AssignmentState.LATE,
    Work.SKIP: AssignmentState.SKIPPED,
    Work.CHECK: CheckState.ANSWERED,
}
KEYS_AT_ONCE = 5_000  # SQLite takes no more than 32,766 parameters in a statement


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of work and whose it is. Exactly one of the four names it: its assignment, at a seat or at a check, the
    name of an entry test that this rater took, or a compensation."""

    work: Work
    rater_id: int
    assignment_id: int | None = None
    check_assignment_id: int | None = None
    entry_test: str | None = None
    compensation_id: int | None = None

    @property
    def name(self) -> str:
        """The same for the same piece of work, and for no other."""
        if self.assignment_id is not None:
            return f"assignment {self.assignment_id}"
        if self.check_assignment_id is not None:
            return f"check {self.check_assignment_id}"
        if self.compensation_id is not None:
            return f"compensation {self.compensation_id}"
        return f"rater {self.rater_id} entry test {self.entry_test}"


@dataclass(frozen=True, slots=True)
class Due:
    """What one piece of work earns, for one purpose."""

    piece: Piece
    purpose: Purpose
    amount: Money


def owe(session: Session, reservation_id: int, dues: Sequence[Due], *, now: datetime) -> int:
    """Owe all of this, out of the reservation; how much of it is new. What is owed already is left as it is.

    A reservation that is too small grows, for the work is done: Conflict, with what is missing, only where the budget
    itself is too small, or where the same work is owed with another amount. Nothing is owed for an amount of zero.
    """
    reservation = budgets.reserved(session, reservation_id)
    rows = {key(reservation.batch_id, due): due for due in dues if due.amount.minor}
    known = amounts(session, rows)
    for name, due in rows.items():
        if name in known and known[name] != due.amount.minor:
            earlier = Money(known[name], reservation.currency)
            raise Conflict(f"{earlier} are owed for this work already ({name}), not {due.amount}.")
    new = {name: due for name, due in rows.items() if name not in known}
    missing = sum(due.amount.minor for due in new.values()) - reservation.remaining
    if missing > 0:
        budgets.grow(session, reservation, by=missing)
    common = {"batch_id": reservation.batch_id, "reservation_id": reservation.id, "entered_at": now}
    enter(session, [{**row(name, due), **common} for name, due in new.items()])
    return len(new)


def enter(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Write these entries, a thousand a statement: it is RETURNING that makes it so."""
    if rows:
        session.execute(insert(LedgerEntry).returning(LedgerEntry.id), rows).all()


def key(batch_id: int, due: Due) -> str:
    """What makes an entry the same: its piece of work and its purpose."""
    if due.amount.minor < 0:
        raise Invalid("Nobody is ever owed less than nothing.")
    return f"batch {batch_id} {due.piece.name} {due.purpose}"


def amounts(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """The amounts of those entries that exist."""
    names, found = list(keys), dict[str, int]()
    for start in range(0, len(names), KEYS_AT_ONCE):
        some = LedgerEntry.key.in_(names[start : start + KEYS_AT_ONCE])
        found |= {
            one.key: one.amount for one in session.execute(select(LedgerEntry.key, LedgerEntry.amount).where(some))
        }
    return found


def row(name: str, due: Due) -> dict[str, object]:
    """The columns of what is owed."""
    piece = due.piece
    return {
        "key": name,
        "rater_id": piece.rater_id,
        "currency": due.amount.currency,
        "amount": due.amount.minor,
        "work": piece.work,
        "purpose": due.purpose,
        "from_account": Account.RESERVED,
        "to_account": Account.OWED,
        "assignment_id": piece.assignment_id,
        "check_assignment_id": piece.check_assignment_id,
        "state": STATES.get(piece.work),
        "entry_test": piece.entry_test,
        "compensation_id": piece.compensation_id,
    }


def compensate(
    session: Session, batch_id: int, *, rater_id: int, amount: Money, fee: Money, reason: str, key: str, now: datetime
) -> Compensation:
    """Owe a rater who could not submit; a person has decided so. The same key again is the same compensation.

    What it costs, with the vendor's fee, is set aside at once: Conflict, with what is missing, if it is not free.
    """
    if amount.minor <= 0 or not reason.strip():
        raise Invalid("A compensation needs an amount and a reason.")
    cost = Money(amount.minor + fee.minor, amount.currency)
    reservation = budgets.reserve(session, batch_id, amount=cost, key=f"compensation {key}", now=now)
    made = session.scalars(select(Compensation).where(Compensation.key == key)).one_or_none()
    if made is None:
        made = Compensation(batch_id=batch_id, rater_id=rater_id, key=key, reason=reason.strip(), decided_at=now)
        session.add(made)
        session.flush()
    if (made.batch_id, made.rater_id) != (batch_id, rater_id):
        raise Conflict(f"The compensation {key!r} was another rater's.")
    piece = Piece(Work.COMPENSATION, rater_id, compensation_id=made.id)
    dues = [Due(piece, Purpose.REWARD, amount), Due(piece, Purpose.REWARD_FEE, fee)]
    owe(session, reservation.id, dues, now=now)
    return made


def is_last() -> ColumnElement[bool]:
    """Whether no later entry has moved this entry's money on."""
    later = aliased(LedgerEntry)
    return ~select(later.id).where(later.moves_id == LedgerEntry.id).exists()


def owed(session: Session, batch_id: int, *, rater_id: int | None = None) -> list[LedgerEntry]:
    """Everything that is owed and that nobody has begun to pay, of one rater or all, in the order it was entered."""
    found = select(LedgerEntry).where(
        LedgerEntry.batch_id == batch_id, LedgerEntry.to_account == Account.OWED, is_last()
    )
    if rater_id is not None:
        found = found.where(LedgerEntry.rater_id == rater_id)
    return list(session.scalars(found.order_by(LedgerEntry.id)))


def entries_of(session: Session, batch_id: int, rater_id: int) -> list[LedgerEntry]:
    """Every entry of a rater in a batch, oldest first."""
    return list(
        session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.batch_id == batch_id, LedgerEntry.rater_id == rater_id)
            .order_by(LedgerEntry.id)
        )
    )


def balances(session: Session, batch_id: int) -> dict[Account, Money]:
    """What is in each account of a batch. All but the reserved add up to what was spent. NotFound without a budget."""
    budget = session.get(Budget, batch_id, populate_existing=True)
    if budget is None:
        raise budgets.without_budget(batch_id)
    sums: defaultdict[str, int] = defaultdict(int, {Account.RESERVED: budget.reserved + budget.spent})
    totals = session.execute(
        select(LedgerEntry.from_account, LedgerEntry.to_account, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.batch_id == batch_id)
        .group_by(LedgerEntry.from_account, LedgerEntry.to_account)
    )
    for source, target, amount in totals:
        sums[source] -= int(amount)
        sums[target] += int(amount)
    return {account: Money(sums[account], budget.currency) for account in Account}
