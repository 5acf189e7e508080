"""What raters handed in, to be looked at by a person before they decide about it. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.channels import Posting
from backend.db.comparisons import Comparison
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.db.submissions import Rejection, Submission
from backend.domain.submissions import SubmissionState
from backend.errors import NotFound
from backend.services.approval.decisions import MOST_SHOWN
from backend.services.money import paysheet
from backend.services.pseudonyms import Pseudonyms


@dataclass(frozen=True, slots=True)
class ToDecide:
    """A submission that was handed in and that nobody has approved. rater: as pages call them. rejected: the reason."""

    id: int
    rater: str
    channel: str
    ratings: int
    active_ms: int
    submitted_at: datetime | None
    rejected: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a rater chose, without which system it was. place: the comparison's."""

    place: int
    choice: str
    active_ms: int | None
    comment: str | None
    receipt: str
    rated_at: datetime


def of_batch(session: Session, batch_id: int, names: Pseudonyms) -> list[ToDecide]:
    """Submissions that wait for approval, and those that were rejected; the oldest first, two hundred of them."""
    rows = session.execute(
        select(Submission, Rater.channel, Rater.external_id, Rejection.reason)
        .join(Rater, Rater.id == Submission.rater_id)
        .outerjoin(Rejection, Rejection.submission_id == Submission.id)
        .where(
            Submission.batch_id == batch_id,
            (Submission.state == SubmissionState.SUBMITTED) | Rejection.submission_id.is_not(None),
        )
        .order_by(Submission.submitted_at, Submission.id)
        .limit(MOST_SHOWN)
    ).all()
    return [line(session, *row, names) for row in rows]


def line(
    session: Session, submission: Submission, channel: str, external_id: str, rejected: str | None, names: Pseudonyms
) -> ToDecide:
    """The submission for people."""
    given = answers(session, submission)
    return ToDecide(
        id=submission.id,
        rater=paysheet.name(channel, external_id, submission.rater_id, names),
        channel=channel,
        ratings=len(given),
        active_ms=sum(one.active_ms or 0 for one in given),
        submitted_at=submission.submitted_at,
        rejected=rejected,
    )


def answers(session: Session, submission: Submission) -> list[Answer]:
    """What the rater chose on the submission's comparison, or in the whole batch where a posting offers all of it."""
    comparison_id = session.get_one(Posting, submission.posting_id).comparison_id
    found = (
        select(Comparison.position, Rating)
        .join(Assignment, Assignment.id == Rating.assignment_id)
        .join(Comparison, Comparison.id == Assignment.comparison_id)
        .where(Assignment.batch_id == submission.batch_id, Assignment.rater_id == submission.rater_id)
        .order_by(Rating.rated_at, Rating.assignment_id)
    )
    if comparison_id is not None:
        found = found.where(Assignment.comparison_id == comparison_id)
    return [
        Answer(place, one.choice, one.active_ms, one.comment, one.receipt, one.rated_at)
        for place, one in session.execute(found)
    ]


def get(session: Session, batch_id: int, submission_id: int) -> Submission:
    """The submission of this batch, or NotFound."""
    found = session.get(Submission, submission_id, populate_existing=True)
    if found is None or found.batch_id != batch_id:
        raise NotFound(f"There is no submission {submission_id} in batch {batch_id}.")
    return found


def in_full(session: Session, batch_id: int, submission_id: int, names: Pseudonyms) -> tuple[ToDecide, list[Answer]]:
    """A submission with everything that its rater chose."""
    found = get(session, batch_id, submission_id)
    rater = session.get_one(Rater, found.rater_id)
    rejection = session.get(Rejection, submission_id)
    reason = rejection.reason if rejection else None
    return line(session, found, rater.channel, rater.external_id, reason, names), answers(session, found)
