"""What a batch may spend, and setting money aside before work is offered. Knows no vendor.

The database keeps the counters and refuses what would overspend; this says beforehand, in a sentence, what is missing.
Whoever changes a batch's money locks its budget first, so no two transactions wait for each other.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.budgets import Budget, Reservation
from backend.domain.money import Money
from backend.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a batch's money is: allowed = reserved + spent + free. Spent is what was earned, paid yet or not."""

    allowed: Money
    reserved: Money
    spent: Money
    free: Money

    @property
    def left(self) -> int:
        """What is not spent yet, in minor units, reserved or free."""
        return self.reserved.minor + self.free.minor


def set_budget(session: Session, batch_id: int, *, allowed: Money) -> Standing:
    """The most that this batch may cost. Conflict below what is reserved or spent, or in another currency."""
    if session.get(Batch, batch_id) is None:
        raise NotFound(f"There is no batch {batch_id}.")
    if allowed.minor < 0:
        raise Invalid("A budget is zero or more.")
    budget = session.get(Budget, batch_id, with_for_update=True, populate_existing=True)
    if budget is None:
        session.add(Budget(batch_id=batch_id, currency=allowed.currency, allowed=allowed.minor))
    else:
        refuse_another_currency(budget, allowed)
        committed = budget.reserved + budget.spent
        if allowed.minor < committed:
            raise Conflict(
                f"{Money(committed, budget.currency)} are reserved or spent already, so the budget of batch {batch_id}"
                f" can't be {allowed}."
            )
        budget.allowed = allowed.minor
    session.flush()
    return standing(session, batch_id)


def standing(session: Session, batch_id: int) -> Standing:
    """What is allowed, reserved, spent and free. NotFound without a budget."""
    budget = session.get(Budget, batch_id, populate_existing=True)
    if budget is None:
        raise without_budget(batch_id)
    return of_budget(budget)


def of_budget(budget: Budget) -> Standing:
    """What a budget's counters say."""
    free = budget.allowed - budget.reserved - budget.spent
    return Standing(*(Money(minor, budget.currency) for minor in (budget.allowed, budget.reserved, budget.spent, free)))


def locked(session: Session, batch_id: int) -> Budget:
    """The budget, which nobody else changes until this transaction ends. NotFound without one."""
    budget = session.get(Budget, batch_id, with_for_update=True, populate_existing=True)
    if budget is None:
        raise without_budget(batch_id)
    return budget


def without_budget(batch_id: int) -> NotFound:
    """What is said where nothing may be spent yet."""
    return NotFound(f"Batch {batch_id} has no budget yet, so nothing can be paid for it. Please set one first.")


def reserve(session: Session, batch_id: int, *, amount: Money, key: str, now: datetime) -> Reservation:
    """Set so much aside. The same key again is the same reservation; Conflict when more is asked than is free.

    key: names the intent, such as the posting that is about to be published.
    """
    budget = locked(session, batch_id)
    refuse_another_currency(budget, amount)
    if amount.minor < 0:
        raise Invalid("Only zero or more can be reserved.")
    earlier = session.scalars(select(Reservation).where(Reservation.key == key)).one_or_none()
    if earlier is not None:
        return the_same(earlier, batch_id, amount)
    refuse_too_much(budget, amount.minor)
    made = Reservation(
        batch_id=batch_id,
        currency=amount.currency,
        key=key,
        amount=amount.minor,
        remaining=amount.minor,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def the_same(earlier: Reservation, batch_id: int, amount: Money) -> Reservation:
    """The earlier reservation of this key. Conflict where another batch made it, or of more than it ever was."""
    if earlier.batch_id != batch_id or earlier.amount < amount.minor:
        raise Conflict(f"{earlier.key!r} has reserved {Money(earlier.amount, earlier.currency)} already, not {amount}.")
    return earlier


def grow(session: Session, reservation: Reservation, *, by: int) -> None:
    """Set so many minor units more aside, for work beyond what was offered. Conflict when they are not free."""
    refuse_too_much(locked(session, reservation.batch_id), by)
    session.refresh(reservation)
    reservation.amount += by
    reservation.remaining += by
    session.flush()


def release(session: Session, reservation_id: int) -> Money:
    """Give back what remains of a reservation, which is nothing the second time. NotFound for one that never was."""
    reservation = reserved(session, reservation_id)
    remaining = Money(reservation.remaining, reservation.currency)
    reservation.remaining = 0
    session.flush()
    return remaining


def give_back(session: Session, reservation_id: int, *, minor: int) -> None:
    """Give so much of a reservation back, or what remains of it where that is less: fewer will work than were asked."""
    reservation = reserved(session, reservation_id)
    reservation.remaining -= min(minor, reservation.remaining)
    session.flush()


def reserved(session: Session, reservation_id: int) -> Reservation:
    """The reservation as it is now, its budget locked. NotFound for one that never was."""
    reservation = session.get(Reservation, reservation_id)
    if reservation is None:
        raise NotFound(f"There is no reservation {reservation_id}.")
    locked(session, reservation.batch_id)
    session.refresh(reservation)
    return reservation


def refuse_too_much(budget: Budget, minor: int) -> None:
    """Conflict, with what is missing, where less is free than is asked."""
    free = budget.allowed - budget.reserved - budget.spent
    if minor > free:
        asked, there, missing = (Money(units, budget.currency) for units in (minor, free, minor - free))
        raise Conflict(
            f"This needs {asked}, but {there} of the budget of batch {budget.batch_id} are free: {missing} are missing."
            " Raise the budget, or offer less."
        )


def refuse_another_currency(budget: Budget, amount: Money) -> None:
    """Conflict for an amount in another currency than the budget's."""
    if amount.currency != budget.currency:
        raise Conflict(f"The budget of batch {budget.batch_id} is in {budget.currency}, not in {amount.currency}.")
