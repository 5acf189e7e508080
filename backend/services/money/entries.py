"""The ledger to read: page by page under a filter, and one piece of work with all its money. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.checks import CheckAnswer
from backend.db.comparisons import Comparison
from backend.db.ledger import Account, Compensation, LedgerEntry, Purpose, Work
from backend.db.payments import PaymentIntent
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.domain.money import Money
from backend.errors import Invalid, NotFound
from backend.services.money import ledger, paysheet
from backend.services.pseudonyms import Pseudonyms

ENTRIES_A_PAGE = 50
NAMED = (LedgerEntry.assignment_id, LedgerEntry.check_assignment_id, LedgerEntry.compensation_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries. work, account: empty for all; account: where the money is now. rater_id: None for all."""

    work: str = ""
    account: str = ""
    rater_id: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry for people. rater: as pages call them."""

    id: int
    entered_at: datetime
    rater_id: int
    rater: str
    channel: str
    work: Work
    purpose: Purpose
    source: Account
    target: Account
    amount: Money
    payment_id: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of entries, the newest first. older, newer: the ids to go on from, None at the ends."""

    lines: tuple[Line, ...]
    older: int | None
    newer: int | None


def listing(
    session: Session,
    batch_id: int,
    wanted: Wanted,
    names: Pseudonyms,
    *,
    before: int | None = None,
    after: int | None = None,
) -> Listing:
    """The entries before this id, or the ones after it; without either the newest. Invalid for an unknown filter."""
    found = fitting(batch_id, wanted)
    if after is not None:
        page = found.where(LedgerEntry.id > after).order_by(LedgerEntry.id)
    else:
        page = found.order_by(LedgerEntry.id.desc())
        if before is not None:
            page = page.where(LedgerEntry.id < before)
    rows = session.execute(page.limit(ENTRIES_A_PAGE + 1)).all()
    is_more, lines = len(rows) > ENTRIES_A_PAGE, [line(*row, names) for row in rows[:ENTRIES_A_PAGE]]
    if after is not None:
        lines.reverse()
    has_newer = is_more if after is not None else before is not None
    has_older = is_more if after is None else True
    return Listing(
        tuple(lines),
        older=lines[-1].id if lines and has_older else None,
        newer=lines[0].id if lines and has_newer else None,
    )


def fitting(batch_id: int, wanted: Wanted) -> Select[LedgerEntry, str, str]:
    """Entries with channel and channel's id of their rater, in no order."""
    found = (
        select(LedgerEntry, Rater.channel, Rater.external_id)
        .join(Rater, Rater.id == LedgerEntry.rater_id)
        .where(LedgerEntry.batch_id == batch_id)
    )
    if wanted.work:
        found = found.where(LedgerEntry.work == known(Work, wanted.work))
    if wanted.account:
        found = found.where(LedgerEntry.to_account == known(Account, wanted.account), ledger.is_last())
    if wanted.rater_id is not None:
        found = found.where(LedgerEntry.rater_id == wanted.rater_id)
    return found


def known(words: type[StrEnum], given: str) -> str:
    """The word itself, or Invalid with those there are."""
    if given not in [*words]:
        raise Invalid(f"The ledger knows no {given[:40]!r}; it knows: {', '.join(words)}.")
    return given


def line(entry: LedgerEntry, channel: str, external_id: str, names: Pseudonyms) -> Line:
    """The entry for people."""
    return Line(
        id=entry.id,
        entered_at=entry.entered_at,
        rater_id=entry.rater_id,
        rater=paysheet.name(channel, external_id, entry.rater_id, names),
        channel=channel,
        work=Work(entry.work),
        purpose=Purpose(entry.purpose),
        source=Account(entry.from_account),
        target=Account(entry.to_account),
        amount=Money(entry.amount, entry.currency),
        payment_id=entry.payment_id,
    )


@dataclass(frozen=True, slots=True)
class PieceOfWork:
    """What an entry pays for. place: its comparison's, where there is one. trail: all its entries, oldest first.

    reason: why a person decided on a compensation. Payments are those of the trail.
    """

    work: Work
    rater_id: int
    rater: str
    channel: str
    receipt: str | None
    active_ms: int | None
    done_at: datetime | None
    place: int | None
    entry_test: str | None
    reason: str | None
    trail: tuple[Line, ...]
    payments: tuple[PaymentIntent, ...]


def piece(session: Session, batch_id: int, entry_id: int, names: Pseudonyms) -> PieceOfWork:
    """The piece of work that an entry pays for, with all its money. NotFound for an entry that never was."""
    entry = session.get(LedgerEntry, entry_id)
    if entry is None or entry.batch_id != batch_id:
        raise NotFound(f"There is no ledger entry {entry_id} in batch {batch_id}.")
    same = [
        column == getattr(entry, column.key)
        for column in (*NAMED, LedgerEntry.entry_test)
        if getattr(entry, column.key) is not None
    ]
    rows = session.execute(
        fitting(batch_id, Wanted(rater_id=entry.rater_id)).where(*same).order_by(LedgerEntry.id)
    ).all()
    trail = tuple(line(*row, names) for row in rows)
    asked = {one.payment_id for one in trail}
    payments = session.scalars(select(PaymentIntent).where(PaymentIntent.id.in_(asked)).order_by(PaymentIntent.id))
    receipt, active_ms, done_at = facts(session, entry)
    decided = session.get(Compensation, entry.compensation_id) if entry.compensation_id is not None else None
    return PieceOfWork(
        work=Work(entry.work),
        rater_id=entry.rater_id,
        rater=trail[0].rater,
        channel=trail[0].channel,
        receipt=receipt,
        active_ms=active_ms,
        done_at=decided.decided_at if decided else done_at,
        place=place(session, entry),
        entry_test=entry.entry_test,
        reason=decided.reason if decided else None,
        trail=trail,
        payments=tuple(payments),
    )


def facts(session: Session, entry: LedgerEntry) -> tuple[str | None, int | None, datetime | None]:
    """(receipt, time, when) of the rating or the answer that an entry pays for; a skip has none of them."""
    rating = session.get(Rating, entry.assignment_id) if entry.assignment_id is not None else None
    if rating is not None:
        return rating.receipt, rating.active_ms, rating.rated_at
    answer = session.get(CheckAnswer, entry.check_assignment_id) if entry.check_assignment_id is not None else None
    return (answer.receipt, answer.active_ms, answer.answered_at) if answer else (None, None, None)


def place(session: Session, entry: LedgerEntry) -> int | None:
    """The place of the comparison at which the rater sat; None at a check and for all that is no assignment."""
    if entry.assignment_id is None:
        return None
    return session.scalar(
        select(Comparison.position)
        .join(Assignment, Assignment.comparison_id == Comparison.id)
        .where(Assignment.id == entry.assignment_id)
    )
