"""Channels and postings for tests, as a vendor's side would have left them, and threads that come at one moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Channel
from backend.domain.channels import Panel, defaults
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.errors import AppError
from backend.services.studies import channels
from tests.factories import NOW

PAY = PayRule(median_ms=60_000, per_hour=Money(1_500))


def declared(session: Session, batch: Batch, channel: Channel, **changes: object) -> BatchChannel:
    """A channel of a batch; a panel puts its id into `pid`."""
    needs: dict[str, object] = {"panel": Panel("pid")} if channel == Channel.PANEL else {"pay": PAY}
    settings = replace(defaults(channel), **{**needs, **changes})
    return channels.declare(session, batch.id, channel, settings, now=NOW)


def posted(
    session: Session,
    channel: BatchChannel,
    vendor_id: str | None,
    *,
    comparison: Comparison | None = None,
    seats: Sequence[int] = (1, 2, 3),
) -> Posting:
    """A posting as the vendor offers it; with a comparison its seats are bound to it."""
    made = Posting(
        token=f"token of {vendor_id}",
        channel_id=channel.id,
        batch_id=channel.batch_id,
        comparison_id=comparison.id if comparison else None,
        places=len(seats),
        currency="USD",
        reward=25,
        state=PostingState.PUBLISHED if vendor_id else PostingState.INTENDED,
        vendor_id=vendor_id,
        intended_at=NOW,
        published_at=NOW if vendor_id else None,
    )
    session.add(made)
    session.flush()
    if comparison is not None:
        session.execute(
            update(Seat)
            .where(Seat.comparison_id == comparison.id, Seat.seat.in_(seats))
            .values(posting_id=made.id)
            .execution_options(synchronize_session=False)
        )
    return made


def comparison_of(session: Session, batch: Batch, position: int = 0) -> Comparison:
    """The so-and-so-many-th comparison of a batch."""
    query = select(Comparison).where(Comparison.batch_id == batch.id).order_by(Comparison.position)
    return session.scalars(query).all()[position]


def at_once(act: Callable[[int], object], count: int) -> list[object]:
    """What so many threads get that do this at one moment; an error that is for its reader is what they get."""
    together = Barrier(count)

    def one(number: int) -> object:
        together.wait()
        try:
            return act(number)
        except AppError as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
