"""What raters handed in on a channel, with the work of ours behind it; and why it is not approved by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select, text
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.channels import BatchChannel, Posting
from backend.db.comparisons import Seat
from backend.db.journeys import Completion
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Link
from backend.db.ratings import Rating
from backend.db.submissions import Rejection, Submission
from backend.domain.channels import ChannelSettings
from backend.domain.journey import JourneyEnd
from backend.domain.submissions import LEFT, SubmissionState
from backend.services.crowd import overdue
from backend.services.money import demand, ledger, unowed
from backend.services.money.ledger import Piece

PAYABLE = (SubmissionState.SUBMITTED, SubmissionState.APPROVED)


@dataclass(frozen=True, slots=True)
class Handed:
    """A rater's submission with its posting. approval: the state of its payment intent, None without one.

    is_rejected: a person has refused its reward. is_finished: see has_finished.
    """

    row: Submission
    posting: Posting
    approval: PaymentState | None
    is_rejected: bool
    is_finished: bool

    def covers(self, comparison_id: int | None) -> bool:
        """Whether work on this comparison was done on its place."""
        return self.posting.comparison_id in (None, comparison_id)


@dataclass(frozen=True, slots=True)
class Done:
    """A piece of work for which nothing is owed yet. receipt: of its rating, None for a skip or a check."""

    piece: Piece
    comparison_id: int | None
    receipt: str | None


def waiting_raters(session: Session, channel: BatchChannel) -> list[int]:
    """Raters of the channel with work that nothing is owed for, or with something owed that nobody pays yet."""
    of_channel = set(
        session.scalars(select(Submission.rater_id).where(Submission.batch_id == channel.batch_id, on(channel)))
    )
    owing = {piece.rater_id for piece in unowed.work(session, channel.batch_id)}
    owing |= {entry.rater_id for entry in ledger.owed(session, channel.batch_id)}
    owing |= {piece.rater_id for piece, _ in unowed.entry_tests(session, channel.batch_id)}
    return sorted(owing & of_channel)


def on(channel: BatchChannel) -> ColumnElement[bool]:
    """Whether a submission came through this channel."""
    return exists().where(Posting.id == Submission.posting_id, Posting.channel_id == channel.id)


def handed_in(session: Session, channel: BatchChannel, rater_id: int) -> list[Handed]:
    """A rater's submissions on the channel, oldest first."""
    finished = has_finished(session, channel.batch_id, rater_id)
    rows = session.execute(
        select(Submission, Posting, Rejection)
        .join(Posting, Posting.id == Submission.posting_id)
        .outerjoin(Rejection, Rejection.submission_id == Submission.id)
        .where(Posting.channel_id == channel.id, Submission.rater_id == rater_id)
        .order_by(Submission.id)
    )
    return [
        Handed(row, posting, approval_of(session, row, posting), rejection is not None, finished)
        for row, posting, rejection in rows
    ]


def has_finished(session: Session, batch_id: int, rater_id: int) -> bool:
    """Whether a rater was told that they had finished, and there was nothing more for them to do then, nor is now.

    Whoever stops while there is work has not done what a place is for; a person decides what that is worth.
    """
    at = session.execute(
        select(Completion.completed_at)
        .join(Link, Link.id == Completion.link_id)
        .where(Link.batch_id == batch_id, Link.rater_id == rater_id, Completion.outcome == JourneyEnd.COMPLETED)
    ).scalar()
    if at is None:
        return False
    met = select(Assignment.prompt_id).where(Assignment.batch_id == batch_id, Assignment.rater_id == rater_id)
    is_open = exists().where(Seat.batch_id == batch_id, text("seats.is_open"), Seat.prompt_id.not_in(met))
    came_later = exists().where(
        Assignment.batch_id == batch_id, Assignment.claimed_at > at, Assignment.prompt_id.not_in(met)
    )
    return not session.execute(select(or_(is_open, came_later))).scalar_one()


def approval_of(session: Session, row: Submission, posting: Posting) -> PaymentState | None:
    """How far the approval of a submission is; the last one, where an earlier one was refused.

    Of this rater alone: the vendor may have given the id on to another, who is paid for it.
    """
    state = session.execute(
        select(PaymentIntent.state)
        .where(
            PaymentIntent.kind == PaymentKind.APPROVAL,
            PaymentIntent.posting_id == posting.vendor_id,
            PaymentIntent.submission_id == row.vendor_id,
            PaymentIntent.rater_id == row.rater_id,
        )
        .order_by(PaymentIntent.id.desc())
        .limit(1)
    ).scalar()
    return None if state is None else PaymentState(state)


def work_of(session: Session, batch_id: int, rater_id: int) -> list[Done]:
    """A rater's work for which nothing is owed yet, oldest first."""
    pieces = unowed.work(session, batch_id, rater_id=rater_id)
    numbers = [piece.assignment_id for piece in pieces if piece.assignment_id is not None]
    rows = session.execute(
        select(Assignment.id, Assignment.comparison_id, Rating.receipt)
        .outerjoin(Rating, Rating.assignment_id == Assignment.id)
        .where(Assignment.id.in_(numbers))
    )
    known = {number: (comparison, receipt) for number, comparison, receipt in rows}
    return [Done(piece, *known.get(piece.assignment_id or 0, (None, None))) for piece in pieces]


def reason_against(settings: ChannelSettings, one: Handed, own: Sequence[Done]) -> str | None:
    """Why a submission is not approved by itself, in words for the researcher; None where it is."""
    return state_against(one) or work_against(settings, one, own)


def state_against(one: Handed) -> str | None:
    """Why it can't be approved at all now."""
    reasons = {
        "the vendor has no such work waiting for a payment": one.row.confirmed_at is None
        or one.row.state not in PAYABLE,
        "a person has rejected it": one.is_rejected,
        "the vendor has refused to approve it": one.approval == PaymentState.REFUSED,
        "it is approved already": one.approval is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def work_against(settings: ChannelSettings, one: Handed, own: Sequence[Done]) -> str | None:
    """Why the work behind it, own, does not show that its reward is due."""
    if not own:
        return "there is no rating of ours behind it"
    receipts = [each.receipt for each in own if each.receipt is not None]
    if one.posting.comparison_id is not None and receipts and one.row.code not in receipts:
        return f"it brings the receipt {one.row.code or 'none'}, and ours is {receipts[0]}"
    wanted = pieces_of(settings, one.posting)
    if one.posting.comparison_id is None and len(own) < wanted and not one.is_finished:
        return f"{len(own)} of {wanted} pieces were done, and there was more to do when the rater stopped"
    return None


def pieces_of(settings: ChannelSettings, posting: Posting) -> int:
    """How many pieces of work one place of a posting is for."""
    return max(1, posting.reward // max(1, demand.rule_of(settings).reward.minor))


def is_over(one: Handed, *, now: datetime) -> bool:
    """Whether the approval of a submission will pay nothing more: it was intended, or there is none to come."""
    if one.is_rejected or one.row.state == SubmissionState.REJECTED:
        return False
    if one.row.confirmed_at is None:
        return one.row.deadline is not None and one.row.deadline <= now - overdue.GRACE
    return one.row.state in LEFT or one.approval not in (None, PaymentState.REFUSED)


def carrier(handed: Sequence[Handed]) -> Handed | None:
    """The submission through which a rater can be paid a bonus: the first that the vendor has and will take one for."""
    known = [one for one in handed if one.row.confirmed_at is not None and one.row.state != SubmissionState.ACTIVE]
    return min(known, key=lambda one: (one.row.state not in PAYABLE, one.row.id), default=None)
