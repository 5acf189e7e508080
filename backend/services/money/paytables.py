"""The ledger and raters' pay as tables for spreadsheets. Knows no page."""

import csv
import io
from collections.abc import Iterable, Iterator

from sqlalchemy.orm import Session

from backend.db.ledger import LedgerEntry
from backend.db.session import Database
from backend.domain.money import Money, cents
from backend.services.money import entries
from backend.services.money.entries import Wanted
from backend.services.money.paysheet import Paysheet, RaterRow
from backend.services.pseudonyms import Pseudonyms

ROWS_AT_ONCE = 2_000
LEDGER = ("entry", "entered_at", "rater", "channel", "work", "purpose", "from", "to", "amount", "currency", "payment")
PAY = (
    "rater", "channel", "channel_id", "pieces", "counted_minutes", "hourly", "earned", "owed", "paying", "paid",
    "missing_to_target", "currency",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, and an id can be typed by anybody.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def of_ledger(database: Database, batch_id: int, names: Pseudonyms) -> Iterator[str]:
    """Every entry, the oldest first. Read piece by piece, so that a ledger of millions needs no memory."""
    yield written([LEDGER])
    last = 0
    while True:
        with database.reading() as session:
            rows = after(session, batch_id, last, names)
        if not rows:
            return
        yield written(rows)
        last = int(str(rows[-1][0]))


def after(session: Session, batch_id: int, last: int, names: Pseudonyms) -> list[tuple[object, ...]]:
    """The next entries."""
    found = session.execute(
        entries.fitting(batch_id, Wanted()).where(LedgerEntry.id > last).order_by(LedgerEntry.id).limit(ROWS_AT_ONCE)
    )
    lines = (entries.line(*row, names) for row in found)
    return [
        (
            one.id, one.entered_at.isoformat(), one.rater, one.channel, one.work, one.purpose, one.source, one.target,
            decimal(one.amount), one.amount.currency, one.payment_id,
        )
        for one in lines
    ]  # fmt: skip


def of_raters(sheet: Paysheet) -> str:
    """One row a rater."""
    return written([PAY, *map(row, sheet.rows)])


def row(one: RaterRow) -> tuple[object, ...]:
    """A rater's work and pay."""
    amounts = (one.earned, one.owed, one.paying, one.paid, one.missing)
    return (
        one.name,
        one.channel,
        safe(one.external_id),
        one.pieces,
        f"{one.counted_ms / 60_000:.2f}",
        "" if one.hourly is None else decimal(one.hourly),
        *map(decimal, amounts),
        one.paid.currency,
    )


def decimal(amount: Money) -> str:
    """16254 cents as “162.54”."""
    digits = cents(amount.currency)
    whole, part = divmod(amount.minor, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)


def safe(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def written(rows: Iterable[tuple[object, ...]]) -> str:
    """The rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
