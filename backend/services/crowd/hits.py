"""A HIT of Mechanical Turk as our framed page needs it: its comparison, who sits there, and what became of it.

A rater's submission opens what it is about and nothing else of them. What has been begun once is found again, under
the id of a HIT that was returned and accepted again too; and whoever else comes with that id finds nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any  # a dialogue is JSON as the domain wrote it

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from backend.crowd.mturk_frame import Came
from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch, BatchState
from backend.db.channels import BatchChannel, Posting
from backend.db.comparisons import Comparison
from backend.db.raters import Channel, Link, Rater
from backend.db.ratings import Rating
from backend.db.studies import Prompt, StudyVersion
from backend.db.submissions import Submission
from backend.domain.journey import Step
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.domain.settings import StudySettings, from_json
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, Forbidden, NotFound, Unavailable
from backend.services.crowd import arrivals, bound, holders
from backend.services.crowd.arrivals import Work
from backend.services.money import earnings
from backend.services.rating import journeys, visitors
from backend.services.rating.visitors import Visitor
from backend.services.studies import channels

NOT_THIS = "This HIT is about another comparison than this page."
NOT_YET = "This HIT has only just been offered. Please reload this page in a minute."
NOT_BEGUN = "You are not at work on this HIT. Please open it again from Mechanical Turk."
TAKEN = "Others have taken every place in this HIT, so there is nothing left to do in it."
UNJUDGEABLE = "Others found that this comparison can’t be judged, so there is nothing left to do in this HIT."
WITHDRAWN = "You have withdrawn from this study, so nothing more is waiting for you. What you judged before is kept."
CAPPED = "You have judged as many comparisons as one person may in this study. Thank you: every one of them is stored."
OVER = "Your time for this HIT is over, or you have returned it already."
MET = "You have met this comparison before, in another HIT, and nobody judges one twice."
PAUSED = "The researcher has paused this study for a while, so it can’t be begun now."


@dataclass(frozen=True, slots=True)
class Hit:
    """A posting of one comparison; what is shown of it before somebody sits down."""

    posting: Posting
    channel: BatchChannel
    settings: StudySettings
    dialogue: Sequence[dict[str, Any]]

    @property
    def reward(self) -> Money:
        """What the vendor pays for handing it in."""
        return Money(self.posting.reward, self.posting.currency)

    @property
    def rule(self) -> PayRule | None:
        """How the batch pays raters of this channel."""
        return channels.settings_of(self.channel).pay


@dataclass(frozen=True, slots=True)
class Piece:
    """What a rater made of a HIT. receipt: of their rating, None without one."""

    rater_id: int
    assignment_id: int
    state: str
    receipt: str | None

    @property
    def is_done(self) -> bool:
        """Whether there is something to hand in; that a comparison can't be judged is handed in and paid too."""
        return self.state in (AssignmentState.RATED, AssignmentState.LATE, AssignmentState.SKIPPED)

    @property
    def is_left(self) -> bool:
        """Whether the rater gave the comparison back, which ends it for them."""
        return self.state == AssignmentState.RETURNED


def get(session: Session, posting_id: int) -> Hit:
    """A posting on Mechanical Turk."""
    posting = arrivals.posting(session, posting_id, Channel.MTURK)
    row = session.execute(
        select(StudyVersion.settings, Prompt.dialogue)
        .select_from(Comparison)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(Batch, Batch.id == Comparison.batch_id)
        .join(StudyVersion, StudyVersion.id == Batch.version_id)
        .where(Comparison.id == posting.comparison_id)
    ).one_or_none()
    if row is None:
        raise NotFound(arrivals.NOWHERE)
    return Hit(posting, session.get_one(BatchChannel, posting.channel_id), from_json(row.settings), row.dialogue)


def check(hit: Hit, came: Came) -> None:
    """Refuses who comes with the id of another HIT."""
    if hit.posting.vendor_id is None:
        raise Unavailable(NOT_YET)
    if came.hit != hit.posting.vendor_id:
        raise Forbidden(NOT_THIS)


def begin(session: Session, hit: Hit, came: Came, *, now: datetime) -> None:
    """Seat a rater on this HIT's comparison until the vendor's deadline, once nothing else is before them.

    Conflict where all its seats are taken, or where the rater has met its prompt already.
    """
    check(hit, came)
    work = Work(hit.posting, came.assignment, channels.settings_of(hit.channel).time_allowed)
    link, is_first = arrivals.accept(session, hit.channel, came.rater, work, now=now)
    leave_others(session, hit, link)
    who = visitors.visitor(session, link_id=link.id)
    if not met(session, hit, who.rater_id):
        go_on(session, hit, who, link_id=link.id, now=now)
    elif is_first:
        raise Conflict(MET)


def go_on(session: Session, hit: Hit, who: Visitor, *, link_id: int, now: datetime) -> None:
    """Seat whoever has no step of their way before them any more. Conflict, in words, where there is no seat."""
    if journeys.step(session, who, link_id=link_id) != Step.TASK:
        return
    seat = bound.claim_bound(session, who, hit.posting.id, now=now)
    if seat is None and not met(session, hit, who.rater_id):
        raise Conflict(why_no_seat(session, hit, who))


def why_no_seat(session: Session, hit: Hit, who: Visitor) -> str:
    """Why a rater who has not met this comparison gets no seat in it, in words for them."""
    if who.withdrawn:
        return WITHDRAWN
    if who.has_reached_cap:
        return CAPPED
    if who.batch_state != BatchState.OPEN:
        return PAUSED if who.batch_state == BatchState.PAUSED else arrivals.ENDED
    own = bound.newest(session, who, hit.posting.id)
    if own is not None and own.state != SubmissionState.ACTIVE:
        return OVER
    unjudgeable = select(Comparison.unjudgeable).where(Comparison.id == hit.posting.comparison_id)
    return UNJUDGEABLE if session.execute(unjudgeable).scalar() else TAKEN


def leave_others(session: Session, hit: Hit, link: Link) -> None:
    """Lets go of a seat at another comparison, for MTurk does not say who has returned a HIT.

    Who is at both may still hand in that one: it counts if nobody else has sat down there, and is kept if somebody has.
    """
    session.execute(
        update(Assignment)
        .where(
            Assignment.batch_id == link.batch_id,
            Assignment.rater_id == link.rater_id,
            Assignment.comparison_id != hit.posting.comparison_id,
            Assignment.state == AssignmentState.HELD,
        )
        .values(state=AssignmentState.LAPSED)
        .execution_options(synchronize_session=False)
    )


def earned(session: Session, hit: Hit, who: Visitor) -> Money | None:
    """What a rater has earned in this batch so far; None where it pays nothing."""
    return earnings.so_far(session, who, {} if hit.rule is None else {hit.channel.channel: hit.rule})


def met(session: Session, hit: Hit, rater_id: int) -> bool:
    """Whether this rater has met the comparison before, in whatever way."""
    own = exists().where(
        Assignment.batch_id == hit.posting.batch_id,
        Assignment.rater_id == rater_id,
        Assignment.comparison_id == hit.posting.comparison_id,
    )
    return bool(session.execute(select(own)).scalar_one())


def link_of(session: Session, hit: Hit, came: Came) -> Link | None:
    """The link of a rater who has begun this HIT, None before they do. Forbidden once the vendor says that the
    assignment is somebody else's."""
    check(hit, came)
    link = session.scalars(
        select(Link)
        .join(Submission, (Submission.batch_id == Link.batch_id) & (Submission.rater_id == Link.rater_id))
        .join(Rater, Rater.id == Link.rater_id)
        .where(
            Submission.posting_id == hit.posting.id,
            Submission.vendor_id == came.assignment,
            Rater.external_id == came.rater,
        )
    ).one_or_none()
    rater_id = 0 if link is None or link.rater_id is None else link.rater_id
    if holders.is_anothers(session, hit.posting.id, came.assignment, rater_id=rater_id):
        raise Forbidden(arrivals.OTHERS)
    return link


def has_begun(session: Session, hit: Hit, came: Came) -> bool:
    """Whether this rater has begun the HIT, under whatever id they accepted it."""
    link = link_of(session, hit, came)
    return link is not None and link.rater_id is not None and found(session, hit, link.rater_id) is not None


def found(session: Session, hit: Hit, rater_id: int) -> Piece | None:
    """A rater's work on this comparison, of whom it is known that they came through this posting."""
    row = session.execute(
        select(Assignment.id, Assignment.state, Rating.receipt)
        .outerjoin(Rating, Rating.assignment_id == Assignment.id)
        .where(
            Assignment.batch_id == hit.posting.batch_id,
            Assignment.rater_id == rater_id,
            Assignment.comparison_id == hit.posting.comparison_id,
        )
    ).one_or_none()
    return None if row is None else Piece(rater_id, row.id, row.state, row.receipt)
