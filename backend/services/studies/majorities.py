"""What most raters said of two systems' outputs, prompt by prompt, wherever that may be seen. Knows no judge.

A sealed batch says nothing here: a judge's page is no road around a seal.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.domain.choices import Preference
from backend.services.studies import endings, sealing
from backend.services.studies.endings import Outcome

ALL_PLACES = (0, 2**31 - 1)
STRAIGHT = {
    Outcome.CANDIDATE: Preference.CANDIDATE,
    Outcome.TIE: Preference.TIE,
    Outcome.BASELINE: Preference.BASELINE,
}
TURNED = {**STRAIGHT, Outcome.CANDIDATE: Preference.BASELINE, Outcome.BASELINE: Preference.CANDIDATE}


@dataclass(frozen=True, slots=True)
class Majority:
    """A settled comparison of a batch, and whom most of its raters prefer."""

    batch_id: int
    place: int
    preference: Preference


@dataclass(frozen=True, slots=True)
class Majorities:
    """by_prompt: of the newest open batch that settled it. batches: whose votes are here; sealed: whose are not."""

    by_prompt: Mapping[int, Majority]
    batches: tuple[int, ...]
    sealed: tuple[int, ...]


def between(session: Session, study_id: int, *, candidate_id: int, baseline_id: int) -> Majorities:
    """Every majority of the study on these two systems, whichever of them was the batch's candidate."""
    found: dict[int, Majority] = {}
    seen, sealed = [], []
    for batch in session.scalars(select(Batch).where(Batch.study_id == study_id).order_by(Batch.id)).all():
        turned = batch.baseline_id == candidate_id
        wanted = baseline_id if turned else candidate_id
        if batch.baseline_id not in (candidate_id, baseline_id) or not compares(session, batch, wanted):
            continue
        if sealing.seal(session, batch).is_sealed:
            sealed.append(batch.id)
            continue
        seen.append(batch.id)
        found |= of_batch(session, batch, wanted, turned=turned)
    return Majorities(found, tuple(seen), tuple(sealed))


def compares(session: Session, batch: Batch, candidate_id: int) -> bool:
    """Whether this system is one of the batch's candidates."""
    of = (Comparison.batch_id == batch.id, Comparison.candidate_id == candidate_id)
    return session.scalar(select(Comparison.id).where(*of).limit(1)) is not None


def of_batch(session: Session, batch: Batch, candidate_id: int, *, turned: bool) -> dict[int, Majority]:
    """prompt -> the majority on it. turned: what the batch calls its candidate is called the baseline here."""
    of = (Comparison.batch_id == batch.id, Comparison.candidate_id == candidate_id)
    closed = session.scalars(select(Comparison.position).where(*of, Comparison.unjudgeable.is_(True))).all()
    _, ends = endings.ended(endings.votes_between(session, of, *ALL_PLACES), batch, closed)
    meant = TURNED if turned else STRAIGHT
    rows = session.execute(select(Comparison.position, Comparison.prompt_id).where(*of))
    return {prompt: Majority(batch.id, place, meant[ends[place]]) for place, prompt in rows if ends.get(place) in meant}
