"""What a vendor's notification makes us read again. It is a doorbell: it says where to look, and nothing else.

Knows no vendor's words. Who misses one, or hears it twice, reads the same in the end; `assay crowd run` reads anyway.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.config import Settings
from backend.crowd.protocol import CrowdError
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.errors import AppError
from backend.services.crowd import submissions, vendors

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Door:
    """Where to look: a posting of a channel, or all of them."""

    channel_id: int
    posting_id: int | None = None


def doors(session: Session, kind: Channel, name: str) -> list[Door]:
    """The posting that the vendor calls so, or whose submission is called so; else every channel that offers something.

    A vendor may tell of a submission before its rater has come to us.
    """
    postings = (
        select(Posting.channel_id, Posting.id)
        .join(BatchChannel, BatchChannel.id == Posting.channel_id)
        .where(BatchChannel.channel == kind)
    )
    by_submission = select(Submission.posting_id).where(Submission.vendor_id == name)
    for named in (Posting.vendor_id == name, Posting.id.in_(by_submission)):
        if found := session.execute(postings.where(named)).all():
            return [Door(channel, posting) for channel, posting in found]
    offering = postings.where(Posting.state != PostingState.CLOSED).with_only_columns(Posting.channel_id).distinct()
    return [Door(channel) for channel in session.scalars(offering)]


@dataclass(frozen=True, slots=True)
class Bells:
    """Where somebody has rung in this process; many rings at one door before it is answered are answered once."""

    waiting: set[Door] = field(default_factory=set)
    guard: Lock = field(default_factory=Lock)
    turn: Lock = field(default_factory=Lock)

    def ring(self, door: Door) -> bool:
        """Whether somebody has to answer; nobody has to where somebody is on the way already."""
        with self.guard:
            is_new = door not in self.waiting
            self.waiting.add(door)
        return is_new

    def answer(self, door: Door, database: Database, settings: Settings, *, clock: Callable[[], datetime]) -> None:
        """Read the vendor's list again, one door after another. Trouble is logged: the next round reads anyway."""
        with self.turn:
            with self.guard:
                self.waiting.discard(door)
            try:
                read_again(door, database, settings, clock=clock)
            except (AppError, CrowdError) as trouble:
                log.warning("bell.unanswered", channel=door.channel_id, trouble=str(trouble))


def read_again(door: Door, database: Database, settings: Settings, *, clock: Callable[[], datetime]) -> None:
    """Read what the vendor says now of a posting, or of all of a channel's."""
    with database.reading() as session:
        kind = session.get_one(BatchChannel, door.channel_id).channel
    crowd = vendors.crowd_of(database, kind, settings, clock=clock)
    done = submissions.sync(database, crowd, door.channel_id, clock=clock, only=door.posting_id)
    log.info("bell.answered", channel=door.channel_id, read=done.read, troubles=done.troubles)
