"""Links into a batch: personal ones, open ones that make a rater of each visitor, and their end."""

import secrets
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.channels import BatchChannel
from backend.db.raters import Channel, Link, Rater
from backend.errors import Conflict, Forbidden, NotFound
from backend.services.studies import batches, channels

FULL = "As many people as this study has places for have come already, so nobody new can join. Thank you for coming."
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def create_personal(session: Session, batch_id: int, *, count: int, now: datetime) -> list[Link]:
    """So many new raters, each with a link of their own."""
    return [new_rater_link(session, batch_id, now=now) for _ in range(count)]


def create_open(session: Session, batch_id: int, *, now: datetime) -> Link:
    """A link that many people may use: each visitor becomes a rater with a link of their own."""
    link = Link(batch_id=batch_id, rater_id=None, created_at=now)
    session.add(link)
    session.flush()
    return link


def is_over(session: Session, open_link_id: int) -> bool:
    """Whether nobody is needed any more behind this open link: its batch is closed, or has every rating."""
    link = session.get(Link, open_link_id)
    if link is None:
        return False
    batch = batches.get(session, link.batch_id)
    return batch.state == BatchState.CLOSED or batches.is_complete(session, batch.id)


def join(session: Session, open_link_id: int, *, now: datetime) -> Link:
    """A new rater through an open link."""
    link = session.get(Link, open_link_id)
    if link is None or link.rater_id is not None:
        raise NotFound("This link leads nowhere. Please ask whoever sent it to you for a new one.")
    if link.revoked_at is not None:
        raise Forbidden("This link was closed by the researcher, so nobody new can join through it.")
    batch = session.get(Batch, link.batch_id)
    if batch is None or batch.state == BatchState.CLOSED:
        raise Conflict("This study has ended, so nobody new can join. Thank you for coming.")
    declared = channels.find(session, link.batch_id, Channel.LINK)
    made = new_rater_link(session, link.batch_id, now=now)
    if declared is not None:
        refuse_if_full(session, declared)
    return made


def refuse_if_full(session: Session, channel: BatchChannel) -> None:
    """Conflict where more raters of a channel have a link in its batch, the newest one's included, than it has places.

    Two who come at once wait for each other here.
    """
    places = channels.settings_of(channel).places
    if places is None:
        return
    session.execute(select(BatchChannel.id).where(BatchChannel.id == channel.id).with_for_update(key_share=True))
    came = session.execute(
        select(func.count())
        .select_from(Link)
        .join(Rater, Rater.id == Link.rater_id)
        .where(Link.batch_id == channel.batch_id, Rater.channel == channel.channel)
    ).scalar_one()
    if came > places:
        raise Conflict(FULL)


def new_rater_link(session: Session, batch_id: int, *, now: datetime) -> Link:
    """A rater known only by a code, and their link."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(10))
    rater = Rater(channel=Channel.LINK, external_id=f"{code[:5]}-{code[5:]}", created_at=now)
    session.add(rater)
    session.flush()
    link = Link(batch_id=batch_id, rater_id=rater.id, created_at=now)
    session.add(link)
    session.flush()
    return link


def revoke(session: Session, link_id: int, *, now: datetime) -> None:
    """End a link: nothing more comes through it. Ratings that came before stay."""
    ended = session.execute(
        update(Link).where(Link.id == link_id, Link.revoked_at.is_(None)).values(revoked_at=now).returning(Link.id)
    ).scalar()
    if ended is None and session.get(Link, link_id) is None:
        raise NotFound("There is no such link.")


def of_batch(session: Session, batch_id: int) -> list[tuple[Link, Rater | None]]:
    """Every link of a batch with its rater, the open ones first."""
    rows = session.execute(
        select(Link, Rater)
        .outerjoin(Rater, Rater.id == Link.rater_id)
        .where(Link.batch_id == batch_id)
        .order_by(Link.rater_id.is_not(None), Link.id)
    )
    return [(link, rater) for link, rater in rows]
