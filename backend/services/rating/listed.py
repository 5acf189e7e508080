"""The researcher's own list: raters who are let in, or turned away with a reason, whatever else is known of them.

A rater is listed by the id of their channel, which may be before they ever come.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.journeys import Listed
from backend.db.raters import Rater
from backend.errors import Invalid
from backend.services.rating.visitors import Visitor

LONGEST_REASON = 500


def put(
    session: Session, batch_id: int, *, channel: str, external_id: str, may_enter: bool, reason: str, now: datetime
) -> None:
    """Let a rater of this id in, or turn them away; the last word counts. Invalid without id or reason."""
    name, why = external_id.strip(), reason.strip()
    if not name or not (may_enter or why):
        raise Invalid("Whoever is listed needs an id, and whoever is turned away a reason, which they will read.")
    if len(why) > LONGEST_REASON:
        raise Invalid(f"A reason can have {LONGEST_REASON} characters: a rater reads it. This one has {len(why)}.")
    row = of(session, batch_id, channel=channel, external_id=name)
    if row is None:
        row = Listed(batch_id=batch_id, channel=channel, external_id=name, listed_at=now)
        session.add(row)
    row.may_enter, row.reason, row.listed_at = may_enter, why, now
    session.flush()


def of(session: Session, batch_id: int, *, channel: str, external_id: str) -> Listed | None:
    """What the list says of whoever has this id."""
    named = (Listed.batch_id == batch_id, Listed.channel == channel, Listed.external_id == external_id)
    return session.scalars(select(Listed).where(*named)).one_or_none()


def of_batch(session: Session, batch_id: int) -> Sequence[Listed]:
    """The whole list, by channel and id."""
    found = select(Listed).where(Listed.batch_id == batch_id).order_by(Listed.channel, Listed.external_id)
    return session.scalars(found).all()


def reason_against(session: Session, who: Visitor) -> str | None:
    """Why this rater is turned away; None for who is let in, or not listed."""
    return session.execute(
        select(Listed.reason)
        .join(Rater, (Rater.channel == Listed.channel) & (Rater.external_id == Listed.external_id))
        .where(Rater.id == who.rater_id, Listed.batch_id == who.batch_id, Listed.may_enter.is_(False))
    ).scalar()
