"""Sealed results: who declares a seal before the launch looks when the batch has ended, or looks early on record.

This decides; pages show and refuse. A batch ends when it is complete, closed, or stopped by its rule.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.domain.settings import StudySettings
from backend.errors import Conflict
from backend.services.studies import batches


@dataclass(frozen=True, slots=True)
class Seal:
    """Whether the results stay closed, why in a sentence for the researcher, and when they were opened early, if so."""

    is_sealed: bool
    why: str
    unsealed_at: datetime | None


def seal(session: Session, batch: Batch) -> Seal:
    """How it stands with the results of this batch now."""
    settings = batches.settings_of(session, batch)
    if batch.unsealed_at is not None:
        return Seal(False, "The results were opened before the end, and that is shown with them.", batch.unsealed_at)
    if not (settings.analysis.sealed or settings.stopping):
        return Seal(False, "The results are open: the settings of this batch declare no seal.", None)
    if ended := end_of(session, batch):
        return Seal(False, f"The results are open, for the batch {ended}.", None)
    return Seal(True, f"The results are sealed until the batch is {ends(settings)}.", None)


def refuse_sealed(session: Session, batch: Batch) -> None:
    """Conflict, with what can be done, where the results are sealed: no road around a seal but the recorded one."""
    found = seal(session, batch)
    if found.is_sealed:
        raise Conflict(f"{found.why} To look before, and have that recorded, open them on the batch's page.")


def end_of(session: Session, batch: Batch) -> str:
    """How the batch has ended, in words; nothing while it goes on."""
    if batch.stopped_at is not None:
        return "was stopped by its rule"
    if batch.state == BatchState.CLOSED:
        return "is closed"
    return "is complete" if batches.is_complete(session, batch.id) else ""


def ends(settings: StudySettings) -> str:
    return "complete, closed or stopped by its rule" if settings.stopping else "complete or closed"


def unseal(session: Session, batch: Batch, *, now: datetime) -> None:
    """Open sealed results before the end; when, is recorded once and for good. Open results stay as they are."""
    if seal(session, batch).is_sealed:
        session.execute(update(Batch).where(Batch.id == batch.id, Batch.unsealed_at.is_(None)).values(unsealed_at=now))
