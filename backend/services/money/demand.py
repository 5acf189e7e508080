"""What a place on a channel is for and may cost, and how many are missing. Changes nothing."""

from dataclasses import dataclass
from math import ceil

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.submissions import Submission
from backend.domain.channels import ChannelSettings
from backend.domain.money import Money
from backend.domain.pay import Offer, PayRule, preview
from backend.domain.submissions import SubmissionState
from backend.errors import Invalid
from backend.services.studies import batches

HANDED_IN = (SubmissionState.SUBMITTED, SubmissionState.APPROVED, SubmissionState.REJECTED)


def rule_of(settings: ChannelSettings) -> PayRule:
    """How the channel pays. Invalid where it pays nobody."""
    if settings.pay is None:
        raise Invalid("This channel pays nobody, so there is nothing to publish or to pay.")
    return settings.pay


def pieces_per_place(session: Session, batch: Batch) -> int:
    """How many pieces of work one place is for: a session, the most that one rater may do, and no prompt twice."""
    prompts = session.execute(
        select(func.count(Comparison.prompt_id.distinct())).where(Comparison.batch_id == batch.id)
    ).scalar_one()
    return max(1, min(batch.session_size, batch.rater_cap or batch.session_size, prompts))


def for_masters(session: Session, batch_id: int) -> bool:
    """Whether only Masters may rate, for which Mechanical Turk takes more."""
    return batches.settings_of(session, batches.get(session, batch_id)).qualifying.masters


def worst_cost(settings: ChannelSettings, *, pieces: int, places: int, masters: bool) -> Money:
    """The most that so many pieces of work, of a posting with so many places, can cost: with fees and top-ups."""
    offer = Offer(pieces=pieces, fees=settings.fees, places=places, masters=masters)
    return preview(rule_of(settings), offer).total


@dataclass(frozen=True, slots=True)
class Demand:
    """Work in the queue of a batch, and the places that a channel has for it."""

    pieces: int
    per_place: int
    waiting: int
    taken: int

    @property
    def places(self) -> int:
        """How many places are missing: those for all that is open, less those that nobody has handed in yet."""
        return max(0, ceil(self.pieces / self.per_place) - self.waiting)


def of_channel(session: Session, channel: BatchChannel) -> Demand:
    """What a channel of whole batches, such as Prolific, has to offer still."""
    batch = session.get_one(Batch, channel.batch_id)
    pieces = session.execute(select(func.count()).where(Seat.batch_id == batch.id, text("seats.is_open"))).scalar_one()
    places = session.execute(
        select(func.coalesce(func.sum(Posting.places), 0)).where(
            Posting.channel_id == channel.id, Posting.state != PostingState.CLOSED
        )
    ).scalar_one()
    handed_in = session.execute(
        select(func.count())
        .select_from(Submission)
        .join(Posting, Posting.id == Submission.posting_id)
        .where(Posting.channel_id == channel.id, Posting.state != PostingState.CLOSED, Submission.state.in_(HANDED_IN))
    ).scalar_one()
    return Demand(pieces, pieces_per_place(session, batch), waiting=max(0, places - handed_in), taken=places)
