"""Stops a batch by the rule that was declared before its launch. Looking often is what the rule is made for.

What it decides is in backend.domain.results.sequence; here is only when to look, and what a stop does.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.studies import StudyVersion
from backend.domain.results.sequence import sequence
from backend.services.results.material import gather
from backend.services.studies import batches


def watched(session: Session) -> dict[int, int]:
    """batch -> its counted ratings, of the batches that have a stop rule and have not ended.

    Whoever looks again and again compares the counts: a rule says the same of the same votes.
    """
    rows = session.execute(
        select(Batch.id, StudyVersion.settings)
        .join(StudyVersion, StudyVersion.id == Batch.version_id)
        .where(Batch.stopped_at.is_(None), Batch.state != BatchState.CLOSED)
    )
    return {batch: batches.rated(session, batch) for batch, settings in rows if settings.get("stopping")}


def may_stop(session: Session, batch: Batch, *, key: str) -> bool:
    """Whether every candidate of the batch is decided. key: the server's."""
    found = sequence(gather(session, batch, key=key))
    return found is not None and found.stops_at is not None


def stop(session: Session, batch_id: int, *, now: datetime) -> bool:
    """Close the batch for new claims and open its results; whether this call did it. Live leases are honoured."""
    stopped = session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.stopped_at.is_(None), Batch.state != BatchState.CLOSED)
        .values(stopped_at=now, state=BatchState.CLOSED)
        .returning(Batch.id)
    ).scalar()
    return stopped is not None
