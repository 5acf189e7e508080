"""Hears what a vendor has put into a queue, and has it put there. Whatever is missed, a round reads anyway.

A notice does one thing that no list of the vendor's does: it frees the seat of whoever gave work back. It is taken out
of the queue once that is stored; if this process is killed in between it comes again, which changes nothing.
"""

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.notices import Notice, Notices
from backend.crowd.protocol import CrowdError
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.session import Database
from backend.services.crowd import holders, postings

log = structlog.get_logger()


def hear(database: Database, queue: Notices, channel: str) -> list[str]:
    """Everything that waits in the queue, for all batches on this channel, as they share it; troubles in sentences."""
    heard = 0
    try:
        for notice in queue.read():
            if notice.given_back:
                with database.transaction() as session:
                    heed(session, notice, channel)
            queue.done(notice.receipt)
            heard += 1
    except CrowdError as error:
        return [f"{error} Until notices can be read, work that is returned frees its seat at the deadline."]
    finally:
        log.info("notices.heard", channel=channel, notices=heard)
    return []


def heed(session: Session, notice: Notice, channel: str) -> None:
    """Free what was given back. Work that is not known here, such as another installation's, is passed over."""
    of_channel = select(BatchChannel.id).where(BatchChannel.channel == channel)
    for posting, submission, at in notice.given_back:
        for number in session.scalars(
            select(Posting.id).where(Posting.channel_id.in_(of_channel), Posting.vendor_id == posting)
        ).all():
            holders.given_back(session, number, submission, at=at)


def watch(database: Database, queue: Notices, channel_id: int) -> list[str]:
    """Have the channel's postings tell of what becomes of them; troubles in sentences.

    Asked again in each round, so that no kill in between leaves a channel unheard. Notices are switched on by what
    postings offer, and all of a channel offer the same: the newest one stands for all.
    """
    with database.reading() as session:
        live = postings.in_state(session, channel_id, PostingState.PUBLISHED)
    try:
        for posting in live[-1:]:
            assert posting.vendor_id is not None
            queue.watch(posting.vendor_id)
    except CrowdError as error:
        return [f"Notices are not switched on; the next round tries again. {error}"]
    return []
