"""Journal and notes that are stored, for vendors that keep no tokens and for people who pay by hand.

Each change is a transaction of its own, since it is made between other transactions, around a vendor's call. Never use
them inside of one: SQLite lets one writer in at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from backend.crowd.journal import Entry
from backend.crowd.link import Due
from backend.db.session import Database
from backend.db.vendor_calls import HandPayment, VendorCall
from backend.domain.money import Money
from backend.services.once import insert_once


@dataclass(frozen=True, slots=True)
class StoredJournal:
    """A `crowd.journal.Journal` that survives its process; the primary key keeps two of them from one payment."""

    database: Database

    def find(self, token: str) -> Entry | None:
        """The entry of a token."""
        with self.database.reading() as session:
            call = session.get(VendorCall, token)
            return None if call is None else entry(call)

    def of(self, subject: str) -> Sequence[Entry]:
        """Every entry about a subject, oldest first."""
        with self.database.reading() as session:
            calls = select(VendorCall).where(VendorCall.subject == subject)
            return [entry(call) for call in session.scalars(calls.order_by(VendorCall.begun_at, VendorCall.token))]

    def begin(self, entry: Entry) -> bool:
        """Store it for good before returning; False, and nothing changed, if its token has an entry already."""
        with self.database.transaction() as session:
            return begin(session, entry)

    def finish(self, token: str) -> None:
        """Mark an entry as done."""
        with self.database.transaction() as session:
            finish(session, token)

    def drop(self, token: str) -> None:
        """Forget an entry whose call surely did nothing."""
        with self.database.transaction() as session:
            drop(session, token)


def entry(call: VendorCall) -> Entry:
    """A row as an adapter reads it."""
    return Entry(call.token, call.subject, call.amount, call.before, call.begun_at, call.done)


def begin(session: Session, entry: Entry) -> bool:
    """Store a call that is about to be made; False if its token is taken."""
    return insert_once(
        session,
        VendorCall,
        {
            "token": entry.token,
            "subject": entry.subject,
            "amount": entry.amount,
            "before": entry.before,
            "begun_at": entry.begun_at,
            "done": entry.done,
        },
    )


def finish(session: Session, token: str) -> None:
    """It has surely happened."""
    session.execute(update(VendorCall).where(VendorCall.token == token).values(done=True))


def drop(session: Session, token: str) -> None:
    """It surely did nothing."""
    session.execute(delete(VendorCall).where(VendorCall.token == token))


@dataclass(frozen=True, slots=True)
class StoredNotes:
    """`crowd.link.Notes` that are stored. A note that somebody has paid is neither changed nor taken away."""

    database: Database
    clock: Callable[[], datetime]

    def find(self, token: str) -> Due | None:
        """The note of a token."""
        with self.database.reading() as session:
            noted = session.get(HandPayment, token)
            return None if noted is None else due(noted)

    def note(self, due: Due) -> None:
        """Keep it; one of the same token is replaced."""
        with self.database.transaction() as session:
            note(session, due, now=self.clock())

    def strike(self, token: str) -> None:
        """Take it away; one that isn't there is no error."""
        with self.database.transaction() as session:
            session.execute(delete(HandPayment).where(HandPayment.token == token, HandPayment.paid_at.is_(None)))


def due(noted: HandPayment) -> Due:
    """A row as `crowd.link` knows it."""
    amount = None if noted.amount is None or noted.currency is None else Money(noted.amount, noted.currency)
    return Due(noted.token, noted.submission_id, noted.rater_id, amount, noted.reason)


def note(session: Session, due: Due, *, now: datetime) -> None:
    """Write down that a person has to pay this."""
    earlier = session.get(HandPayment, due.token, with_for_update=True, populate_existing=True)
    if earlier is not None and earlier.paid_at is not None:
        return
    values = {
        "submission_id": due.submission_id,
        "rater_id": due.rater_id,
        "amount": None if due.amount is None else due.amount.minor,
        "currency": None if due.amount is None else due.amount.currency,
        "reason": due.reason,
    }
    if earlier is not None:
        session.execute(update(HandPayment).where(HandPayment.token == due.token).values(values))
    else:
        session.execute(insert(HandPayment).values(token=due.token, noted_at=now, **values))
