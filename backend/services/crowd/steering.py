"""Pauses, resumes and closes a channel: what is wanted is stored, brought about at the vendor, and then in the row.

A batch that is paused, closed or complete steers its channels as well. So it does not matter how often a round is cut
short: the next one compares what is wanted with what is, and does the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy.orm import Session

from backend.crowd.journal import Entry
from backend.crowd.protocol import Crowd, CrowdError, NotAllowed
from backend.db.batches import Batch, BatchState
from backend.db.channels import BatchChannel, PostingState
from backend.db.session import Database
from backend.db.vendor_calls import VendorCall
from backend.errors import Conflict
from backend.services.crowd import postings
from backend.services.money import vendor_calls
from backend.services.studies import batches, channels

log = structlog.get_logger()
Clock = Callable[[], datetime]


class Wish(StrEnum):
    """What the researcher wants of a channel."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(slots=True)
class Published:
    """What a run did. ignored: wishes that the vendor can't fulfil. troubles: sentences for the researcher."""

    published: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    extended: list[int] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)


def wish(database: Database, channel: BatchChannel, wanted: Wish, *, now: datetime) -> None:
    """Store what the researcher wants of a channel. Conflict where it was closed, which is for good."""
    with database.transaction() as session:
        if stored(session, channel, Wish.CLOSED) and wanted != Wish.CLOSED:
            raise Conflict("This channel was closed for good.")
        if wanted == Wish.OPEN:
            vendor_calls.drop(session, name(channel, Wish.PAUSED))
        else:
            vendor_calls.begin(session, Entry(name(channel, wanted), f"channel {channel.id}", 0, 0, now))


def name(channel: BatchChannel, wanted: Wish) -> str:
    """The token under which a wish is stored."""
    return f"channel {channel.id} is to be {wanted}"


def stored(session: Session, channel: BatchChannel, wanted: Wish) -> bool:
    return session.get(VendorCall, name(channel, wanted)) is not None


def wish_of(session: Session, channel: BatchChannel) -> Wish:
    """What is wanted of a channel now: what was said of it, or what its batch needs. A complete batch needs nobody."""
    batch = session.get_one(Batch, channel.batch_id)
    is_over = batch.state == BatchState.CLOSED or batches.is_complete(session, batch.id)
    if is_over or stored(session, channel, Wish.CLOSED):
        return Wish.CLOSED
    if batch.state == BatchState.PAUSED or stored(session, channel, Wish.PAUSED):
        return Wish.PAUSED
    return Wish.OPEN


def steer(database: Database, crowd: Crowd, channel_id: int, done: Published, *, clock: Clock) -> None:
    """Bring the channel's postings to where they are wanted: the vendor first, then the row."""
    with database.reading() as session:
        wanted = wish_of(session, channels.by_id(session, channel_id))
        live = postings.in_state(session, channel_id, *postings.LIVE)
        over = set(postings.to_close(session, channel_id, now=clock()))
        left = postings.given_up(session, channel_id)
    for posting in [*left, *live]:
        assert posting.vendor_id is not None
        try:
            if posting.state == PostingState.CLOSED:
                close_given_up(database, crowd, posting.id, posting.vendor_id, clock=clock)
            elif wanted == Wish.CLOSED or posting.id in over:
                close(database, crowd, posting.id, posting.vendor_id, done, clock=clock)
            elif wanted == Wish.PAUSED and posting.state == PostingState.PUBLISHED:
                crowd.pause(posting.vendor_id)
                move(database, posting.id, PostingState.PAUSED)
            elif wanted == Wish.OPEN and posting.state == PostingState.PAUSED:
                crowd.resume(posting.vendor_id)
                move(database, posting.id, PostingState.PUBLISHED)
        except CrowdError as error:
            done.troubles.append(str(error))
            if isinstance(error, NotAllowed):
                return


def close(database: Database, crowd: Crowd, posting_id: int, vendor_id: str, done: Published, *, clock: Clock) -> None:
    """Once the vendor has confirmed the end, the seats are free."""
    crowd.close(vendor_id)
    with database.transaction() as session:
        postings.close(session, posting_id, now=clock())
    done.closed.append(posting_id)
    log.info("posting.closed", posting=posting_id, vendor_id=vendor_id)


def close_given_up(database: Database, crowd: Crowd, posting_id: int, vendor_id: str, *, clock: Clock) -> None:
    """Close at the vendor what was given up before it said that it offers it. Raises a CrowdError while it does not."""
    crowd.close(vendor_id)
    with database.transaction() as session:
        postings.ended(session, posting_id, now=clock())
    log.info("posting.closed", posting=posting_id, vendor_id=vendor_id)


def move(database: Database, posting_id: int, state: PostingState) -> None:
    """The vendor has done it."""
    with database.transaction() as session:
        postings.move(session, posting_id, state)
