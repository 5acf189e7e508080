"""A HIT of Mechanical Turk as our framed page needs it: its comparison, who sits there, and what became of it.

A worker's submission opens what it is about and nothing else of them. What has been begun once is found again, under
the id of a HIT that was returned and accepted again too.
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
from backend.domain.settings import StudySettings, from_json
from backend.errors import Conflict, Forbidden, NotFound, Unavailable
from backend.services import arrivals, assignments, bound, channels
from backend.services.arrivals import Work

NOT_THIS = "This HIT is about another comparison than this page."
NOT_YET = "This HIT has only just been offered. Please reload this page in a minute."
NOT_BEGUN = "You have not begun this HIT yet. Please open it again from Mechanical Turk."
TAKEN = "Everything in this HIT has been judged by others, so there is nothing left to do in it."
MET = "You have met this comparison before, in another HIT, and nobody judges one twice."
PAUSED = "The researcher has paused this study for a while, so it can’t be begun now."


@dataclass(frozen=True, slots=True)
class Hit:
    """A posting of one comparison; what is shown of it before somebody sits down."""

    posting: Posting
    channel: BatchChannel
    settings: StudySettings
    dialogue: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """What a worker made of a HIT. receipt: of their rating, None without one."""

    rater_id: int
    assignment_id: int
    state: str
    receipt: str | None

    @property
    def is_done(self) -> bool:
        """Whether there is something to hand in; that a comparison can't be judged is handed in and paid too."""
        return self.state in (AssignmentState.RATED, AssignmentState.LATE, AssignmentState.SKIPPED)


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
    """Seat a worker on this HIT's comparison until the vendor's deadline; who sits there already stays.

    Conflict where all its seats are taken, or where the worker has met its prompt already.
    """
    check(hit, came)
    work = Work(hit.posting, came.assignment, channels.settings_of(hit.channel).time_allowed)
    link, is_first = arrivals.accept(session, hit.channel, came.worker, work, now=now)
    leave_others(session, hit, link)
    who = assignments.visitor(session, link_id=link.id)
    if met(session, hit, who.rater_id):
        if is_first:
            raise Conflict(MET)
    elif bound.claim_bound(session, who, hit.posting.id, now=now) is None:
        raise Conflict(PAUSED if who.batch_state == BatchState.PAUSED else TAKEN)


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


def met(session: Session, hit: Hit, rater_id: int) -> bool:
    """Whether this rater has met the comparison before, in whatever way."""
    own = exists().where(
        Assignment.batch_id == hit.posting.batch_id,
        Assignment.rater_id == rater_id,
        Assignment.comparison_id == hit.posting.comparison_id,
    )
    return bool(session.execute(select(own)).scalar_one())


def piece(session: Session, hit: Hit, came: Came) -> Piece | None:
    """What this worker made of the HIT, None before they begin. Forbidden for an assignment of somebody else's."""
    check(hit, came)
    submission = session.execute(
        select(Submission).where(Submission.posting_id == hit.posting.id, Submission.vendor_id == came.assignment)
    ).scalar_one_or_none()
    if submission is None:
        return None
    if session.get_one(Rater, submission.rater_id).external_id != came.worker:
        raise Forbidden(arrivals.OTHERS)
    return found(session, hit, submission.rater_id)


def begun(session: Session, hit: Hit, came: Came) -> Piece:
    """What this worker made of the HIT. Conflict before they begin, and for a seat that they gave back."""
    made = piece(session, hit, came)
    if made is None or made.state == AssignmentState.RETURNED:
        raise Conflict(NOT_BEGUN)
    return made


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
