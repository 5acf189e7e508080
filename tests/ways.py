"""Studies whose raters have a way to the task, and channels that pay or take codes. Knows no test."""

from collections.abc import Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.channels import BatchChannel, Posting
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Channel, Link, Rater
from backend.db.submissions import Submission
from tests.factories import NOW

CONSENT = "I am 18 or older, and I **agree** to take part."
TRAINING = [
    {
        "prompt": "How much is 2 + 2?",
        "first": "It is four.",
        "second": "It is a splendid five!",
        "right": "first",
        "explanation": "Right beats fluent.",
    },
    {"prompt": "Name a colour.", "first": "Red.", "second": "Blue.", "right": "tie", "explanation": "Both will do."},
]
TEST = [
    {"prompt": "How much is 3 + 3?", "first": "Seven.", "second": "Six.", "right": "second"},
    {"prompt": "How much is 4 + 4?", "first": "Eight.", "second": "Nine.", "right": "first"},
]
JOURNEY = {"consent": CONSENT, "training": TRAINING, "test": TEST, "pass_mark": 2}
PASSING, FAILING = ("second", "first"), ("first", "first")
PAY = {"median_ms": 60_000, "per_hour": 1500, "currency": "USD"}  # 25 cents a comparison
CODES = {"completed": "DONE1", "no_consent": "NOCON", "screened_out": "SCREEN"}
PAID = {"title": "Compare", "description": "Two texts", "pay": PAY, "codes": CODES}


def channel(session: Session, batch: Batch, name: str = Channel.LINK, **settings: object) -> None:
    """Declare a channel of a batch, one that pays and takes codes unless it is said otherwise."""
    given: Mapping[str, object] = settings or PAID
    session.add(BatchChannel(batch_id=batch.id, channel=name, settings=dict(given), created_at=NOW))
    session.flush()


def rater(session: Session, batch: Batch, name: str, *, external_id: str) -> int:
    """A rater of this channel; their link's number."""
    found = Rater(channel=name, external_id=external_id, created_at=NOW)
    session.add(found)
    session.flush()
    link = Link(batch_id=batch.id, rater_id=found.id, created_at=NOW)
    session.add(link)
    session.flush()
    return link.id


def bind(session: Session, batch: Batch, *, rated_by: int | None = None) -> None:
    """Give the batch's seats to a posting on its only channel; the rater of this link, if any, has rated the first."""
    comparison = session.scalars(select(Comparison).where(Comparison.batch_id == batch.id)).first()
    assert comparison is not None
    channel = session.scalars(select(BatchChannel).where(BatchChannel.batch_id == batch.id)).one()
    posting = Posting(
        token="t",
        channel_id=channel.id,
        batch_id=batch.id,
        comparison_id=comparison.id,
        places=1,
        currency="USD",
        reward=25,
        state="published",
        vendor_id="HIT1",
        intended_at=NOW,
    )
    session.add(posting)
    session.flush()
    session.execute(update(Seat).where(Seat.comparison_id == comparison.id).values(posting_id=posting.id))
    if rated_by is None:
        return
    who = session.get_one(Link, rated_by).rater_id
    session.add(Submission(posting_id=posting.id, batch_id=batch.id, rater_id=who, vendor_id="S1", accepted_at=NOW))
    session.flush()
    place = {"batch_id": batch.id, "prompt_id": comparison.prompt_id, "comparison_id": comparison.id, "seat": 1}
    session.execute(
        insert(Assignment).values(**place, rater_id=who, state="rated", claimed_at=NOW, lease_expires_at=NOW)
    )
