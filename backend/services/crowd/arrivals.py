"""Who comes through a channel: finds or makes their rater, their personal link and, at a vendor, their submission.

Knows no address and no page. The ids are what somebody claims, so a rater's link is given only once for them: again to
whoever says the same submission, which only its rater was told, or proves to be who began, and to nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.channels import BatchChannel, Posting
from backend.db.raters import Channel, Link
from backend.db.studies import StudyVersion
from backend.db.submissions import Submission
from backend.domain.settings import from_json
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, Forbidden, NotFound, Unavailable
from backend.services.crowd import holders, submissions
from backend.services.once import insert_once
from backend.services.rating import journeys, links

# Somebody who presses twice has not yet got the answer by which they prove that they began.
AT_ONCE = timedelta(seconds=20)
NOWHERE = "This address leads nowhere. Please ask whoever sent you here for a new one."
ENDED = "This study has ended, so nobody new can join. Thank you for coming."
BEGUN = (
    "This id has begun already, on another device or in another browser. Please go on there, or open the address that "
    "you were given there."
)
BEGUN_OTHERWISE = "This id has begun already, with another submission. Please go on with that one."
OTHERS = "This submission is somebody else’s. Please open the study again from where you found it."
REVOKED = "The researcher has closed your way into this study. What you rated before is kept and counts."


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that somebody is who began. browser: the link it was given; seen: when they opened the invitation."""

    browser: int | None = None
    seen: datetime | None = None

    def shows(self, link: Link, *, now: datetime) -> bool:
        """Whether this is the browser that was given this link, or somebody who pressed twice at that moment."""
        pressed_twice = self.seen is not None and self.seen <= link.created_at and now - link.created_at <= AT_ONCE
        return self.browser == link.id or pressed_twice


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody says they have accepted: the posting, their submission's id at the vendor, and their time."""

    at: Posting
    submission: str
    time_allowed: timedelta


def channel(session: Session, channel_id: int, *kinds: Channel) -> BatchChannel:
    """A channel of one of these kinds."""
    found = session.get(BatchChannel, channel_id)
    if found is None or found.channel not in kinds:
        raise NotFound(NOWHERE)
    return found


def posting(session: Session, posting_id: int, kind: Channel) -> Posting:
    """A posting on a channel of this kind."""
    found = session.get(Posting, posting_id)
    if found is None:
        raise NotFound(NOWHERE)
    channel(session, found.channel_id, kind)
    return found


def posting_called(session: Session, batch_channel: BatchChannel, vendor_id: str) -> Posting:
    """The posting of a channel that the vendor calls so. Unavailable while the vendor has not said any name yet."""
    postings = session.scalars(select(Posting).where(Posting.channel_id == batch_channel.id)).all()
    for one in postings:
        if one.vendor_id == vendor_id:
            return one
    if any(one.vendor_id is None and one.closed_at is None for one in postings):
        raise Unavailable("This study is just being set up. Please open it again in a few minutes.")
    raise NotFound("This address belongs to another study. Please open the study again from where you found it.")


def join(session: Session, batch_channel: BatchChannel, external_id: str, *, proof: Proof, now: datetime) -> Link:
    """The personal link of who comes from a panel. Conflict for an id that began already, unless they prove it."""
    link, is_new = enter(session, batch_channel, external_id, now=now)
    if is_new:
        admit(session, batch_channel, external_id)
    elif not proof.shows(link, now=now):
        raise Conflict(BEGUN)
    return link


def arrive(
    session: Session, batch_channel: BatchChannel, external_id: str, work: Work, *, browser: int | None, now: datetime
) -> Link:
    """The personal link of who comes with the one submission that they have on a posting.

    The same pair of ids comes to the same link, on any device. Forbidden for a submission of somebody else's, Conflict
    for an id that began otherwise, unless it comes with another posting and a browser that was given this link.
    """
    link, is_new = enter(session, batch_channel, external_id, now=now)
    own = submissions_of(session, work.at, link)
    if any(one.vendor_id == work.submission for one in own):
        return resumed(link, own, work.submission)
    if own:
        raise Conflict(BEGUN_OTHERWISE)
    if not is_new and browser != link.id:
        raise Conflict(BEGUN)
    refuse_others(session, work, link)
    note(session, batch_channel, external_id, link, work, now=now)
    return link


def accept(
    session: Session, batch_channel: BatchChannel, external_id: str, work: Work, *, now: datetime
) -> tuple[Link, bool]:
    """The link of who has accepted work, and whether they come to this posting for the first time.

    It may be returned and accepted again, under another id or the same one, by them or by somebody else. So whoever
    came with this id before keeps what is theirs until the vendor says whose it is. Forbidden for somebody else's then.
    The link is to be given to nobody: whoever knows a rater's id could otherwise see all that they do.
    """
    link, _ = enter(session, batch_channel, external_id, now=now)
    assert link.rater_id is not None
    if holders.is_anothers(session, work.at.id, work.submission, rater_id=link.rater_id):
        raise Forbidden(OTHERS)
    is_new = note(session, batch_channel, external_id, link, work, now=now)
    return link, is_new and len(submissions_of(session, work.at, link)) == 1


def enter(session: Session, batch_channel: BatchChannel, external_id: str, *, now: datetime) -> tuple[Link, bool]:
    """The rater of this channel and id, with their link in the batch, and whether the link is new.

    Two who come at once under one id wait for each other here, so that the second one sees what the first has stored.
    """
    rater = submissions.rater(session, batch_channel.channel, external_id, now=now)
    is_new = insert_once(session, Link, {"batch_id": batch_channel.batch_id, "rater_id": rater, "created_at": now})
    link = session.execute(
        select(Link).where(Link.batch_id == batch_channel.batch_id, Link.rater_id == rater)
    ).scalar_one()
    if link.revoked_at is not None:
        raise Forbidden(REVOKED)
    return link, is_new


def note(
    session: Session, batch_channel: BatchChannel, external_id: str, link: Link, work: Work, *, now: datetime
) -> bool:
    """Store a submission, of which nothing is believed until the vendor lists it, and say whether it is new."""
    row = {
        "posting_id": work.at.id,
        "batch_id": work.at.batch_id,
        "rater_id": link.rater_id,
        "vendor_id": work.submission,
        "state": SubmissionState.ACTIVE,
        "accepted_at": now,
        "deadline": now + work.time_allowed,
    }
    is_new = insert_once(session, Submission, row)
    if is_new:
        admit(session, batch_channel, external_id)
    return is_new


def refuse_others(session: Session, work: Work, link: Link) -> None:
    """Forbidden where somebody else came with this submission, at a vendor that gives no id twice.

    Who come at one moment wait for each other at the posting.
    """
    session.execute(select(Posting.id).where(Posting.id == work.at.id).with_for_update())
    others = select(Submission.id).where(
        Submission.posting_id == work.at.id,
        Submission.vendor_id == work.submission,
        Submission.rater_id != link.rater_id,
    )
    if session.execute(others.limit(1)).first() is not None:
        raise Forbidden(OTHERS)


def admit(session: Session, batch_channel: BatchChannel, external_id: str) -> None:
    """Refuses somebody new where the batch has ended, the channel has no place left, or our records turn them away.

    They read why.
    """
    found = session.execute(
        select(Batch.state, StudyVersion.settings)
        .join(StudyVersion, StudyVersion.id == Batch.version_id)
        .where(Batch.id == batch_channel.batch_id)
    ).one()
    if found.state == BatchState.CLOSED:
        raise Conflict(ENDED)
    if batch_channel.channel != Channel.PROLIFIC:  # which counts its places itself, and gives out again what came back
        links.refuse_if_full(session, batch_channel)
    journeys.qualify(
        session,
        batch_channel.batch_id,
        channel=batch_channel.channel,
        external_id=external_id,
        qualifying=from_json(found.settings).qualifying,
    )


def submissions_of(session: Session, at: Posting, link: Link) -> Sequence[Submission]:
    """What this rater has on a posting."""
    return session.scalars(
        select(Submission).where(Submission.posting_id == at.id, Submission.rater_id == link.rater_id)
    ).all()


def resumed(link: Link, own: Sequence[Submission], submission: str) -> Link:
    """The link of who comes back. Conflict for a pair that was never confirmed, where the vendor knows another one."""
    confirmed = [one.vendor_id for one in own if one.confirmed_at is not None]
    if confirmed and submission not in confirmed:
        raise Conflict(BEGUN_OTHERWISE)
    return link
