"""Reads what vendors say of raters' work, and keeps it. Reading again changes nothing, so a notification is a doorbell.

What an address said of somebody is a claim until the vendor lists it; whose an id is that several claim, see holders.
The vendor's word for who handed in what stands; whether there is work of ours behind it is for approval.approvals.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from backend.crowd import protocol
from backend.crowd.protocol import Crowd, CrowdError, NotAllowed, Unreachable
from backend.db.channels import BatchChannel, Posting
from backend.db.raters import Rater
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.domain.submissions import SubmissionState
from backend.services.crowd import holders
from backend.services.crowd.overdue import GRACE, lapse_overdue
from backend.services.once import insert_once
from backend.services.studies import channels

Clock = Callable[[], datetime]
AT_ONCE = 200
JUDGED = (SubmissionState.APPROVED, SubmissionState.REJECTED)


@dataclass(slots=True)
class Synced:
    """What reading brought. read: submissions. troubles: sentences for the researcher."""

    read: int = 0
    troubles: list[str] = field(default_factory=list)


def sync(
    database: Database,
    crowd: Crowd,
    channel_id: int,
    *,
    clock: Clock,
    only: int | None = None,
    step: Callable[[], None] = lambda: None,
) -> Synced:
    """Read every posting of a channel that can have changed, or the only one that a notification was about."""
    done = Synced()
    with database.reading() as session:
        channel = channels.by_id(session, channel_id)
        waiting = to_read(session, channel, now=clock())
    for number, vendor_id in waiting:
        if only in (None, number):
            try:
                read(database, crowd, channel, number, vendor_id, done, clock=clock)
            except CrowdError as error:
                done.troubles.append(str(error))
                if isinstance(error, NotAllowed | Unreachable):
                    break
            step()
    with database.transaction() as session:
        lapse_overdue(session, channel, now=clock())
    return done


def to_read(session: Session, channel: BatchChannel, *, now: datetime) -> list[tuple[int, str]]:
    """(posting, the vendor's id of it) of those that may bring something new.

    Not those of a comparison whose places are all judged, nor those that closed so long ago that nobody is at work on
    them. Where places are given out again, as Prolific does, more may hand in than there are places.
    """
    settings = channels.settings_of(channel)
    judged = (
        select(func.count())
        .where(Submission.posting_id == Posting.id, Submission.state.in_(JUDGED))
        .correlate(Posting)
        .scalar_subquery()
    )
    unjudged = (
        select(func.count())
        .where(
            Submission.posting_id == Posting.id,
            Submission.confirmed_at.is_not(None),
            Submission.state.in_((SubmissionState.ACTIVE, SubmissionState.SUBMITTED)),
        )
        .correlate(Posting)
        .scalar_subquery()
    )
    is_quiet = and_(Posting.closed_at <= now - settings.time_allowed - GRACE, unjudged == 0)
    rows = session.execute(
        select(Posting.id, Posting.vendor_id)
        .where(
            Posting.channel_id == channel.id,
            Posting.vendor_id.is_not(None),
            or_(Posting.comparison_id.is_(None), judged < Posting.places),
            or_(Posting.closed_at.is_(None), ~is_quiet),
        )
        .order_by(Posting.id)
    )
    return [(number, vendor_id) for number, vendor_id in rows if vendor_id is not None]


def read(
    database: Database,
    crowd: Crowd,
    channel: BatchChannel,
    posting_id: int,
    vendor_id: str,
    done: Synced,
    *,
    clock: Clock,
) -> None:
    """Read one posting's submissions; some at a time, each lot in a transaction.

    Raises what the vendor said instead of the rest, once all that it has listed before is kept.
    """
    for some in lots(crowd.submissions(vendor_id)):
        with database.transaction() as session:
            done.troubles += keep(session, channel, posting_id, some, now=clock())
        done.read += len(some)


def lots(said: Iterable[protocol.Submission]) -> Iterator[list[protocol.Submission]]:
    """Some at a time; what came before an error, then the error."""
    some = list[protocol.Submission]()
    try:
        for one in said:
            some.append(one)
            if len(some) == AT_ONCE:
                yield some
                some = []
    except CrowdError:
        if some:
            yield some
        raise
    if some:
        yield some


def keep(
    session: Session, channel: BatchChannel, posting_id: int, said: Iterable[protocol.Submission], *, now: datetime
) -> list[str]:
    """Keep what the vendor said of these submissions; what does not fit, in sentences.

    In the order of their ids, so that two who read at once don't wait for each other's rows.
    """
    time_allowed = channels.settings_of(channel).time_allowed
    troubles = []
    for one in sorted(said, key=lambda each: each.id):
        rows = holders.known(session, posting_id, one.id)
        others = [name for name in rows if name != one.rater_id]
        if held := [name for name in others if holders.is_live(rows[name])]:
            troubles.append(f"The vendor says that submission {one.id} is {one.rater_id}'s, and before, {held[0]}'s.")
            continue
        if one.rater_id not in rows:
            rows[one.rater_id] = add(session, channel, posting_id, one)
            troubles += [
                f"Submission {one.id} is {one.rater_id}'s, but who came with it said that they were {name}."
                for name in others
            ]
        row = rows[one.rater_id]
        update_row(row, one, deadline=one.accepted_at + time_allowed, now=now)
        holders.give_way(session, [rows[name] for name in others], now=now)
        session.flush()
        if row.state != SubmissionState.ACTIVE:
            holders.lapse(session, row)
    return troubles


def add(session: Session, channel: BatchChannel, posting_id: int, said: protocol.Submission) -> Submission:
    """A submission of somebody who never came to our pages, or of whom we do not know that they did."""
    values = {
        "posting_id": posting_id,
        "batch_id": channel.batch_id,
        "rater_id": rater(session, channel.channel, said.rater_id, now=said.accepted_at),
        "vendor_id": said.id,
        "state": SubmissionState.ACTIVE,
        "accepted_at": said.accepted_at,
    }
    insert_once(session, Submission, values)
    return holders.known(session, posting_id, said.id)[said.rater_id]


def rater(session: Session, channel: str, external_id: str, *, now: datetime) -> int:
    """The rater of this name on a channel, who is new where nobody has it yet."""
    insert_once(session, Rater, {"channel": channel, "external_id": external_id, "created_at": now})
    return session.execute(
        select(Rater.id).where(Rater.channel == channel, Rater.external_id == external_id)
    ).scalar_one()


def update_row(row: Submission, said: protocol.Submission, *, deadline: datetime, now: datetime) -> None:
    """The vendor's word; what was approved stays so."""
    row.confirmed_at = row.confirmed_at or now
    row.accepted_at, row.deadline = said.accepted_at, deadline
    row.submitted_at, row.code = said.submitted_at, said.code
    if row.state != SubmissionState.APPROVED:
        row.state = said.state
