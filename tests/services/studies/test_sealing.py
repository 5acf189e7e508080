"""Seals: closed until the end where that was declared, opened once on record."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.errors import Conflict
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.results import bundles, judged, results
from backend.services.studies import batches, sealing
from backend.services.studies.files import Source
from backend.services.studies.sealing import Seal
from tests import factories
from tests.factories import NOW

SEALED = {"analysis": {"sealed": True}}
STOPPING = {"stopping": {"error": 0.05, "least_prompts": 2}}
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def sealed_batch(session: Session, **rules: object) -> Batch:
    """A batch of two prompts that one rater completes."""
    return factories.launched(session, prompts=2, seats=1, **rules)


def seal(session: Session, batch: Batch) -> Seal:
    return sealing.seal(session, session.get_one(Batch, batch.id, populate_existing=True))


def rate(session: Session, batch: Batch) -> None:
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    for _ in range(2):
        who = visitors.visitor(session, link_id=link.id)
        number = assignments.claim(session, who, now=NOW)
        assert number is not None
        assert seal(session, batch).is_sealed, "somebody is still at work"
        ratings.submit(session, rater_id=who.rater_id, assignment_id=number, vote=Vote(Choice.TIE), now=NOW)


def stop(session: Session, batch: Batch) -> None:
    session.execute(update(Batch).where(Batch.id == batch.id).values(stopped_at=NOW))


def test_without_a_declared_seal_results_are_open(session: Session) -> None:
    batch = sealed_batch(session)
    found = seal(session, batch)
    assert (found.is_sealed, found.unsealed_at) == (False, None)
    assert "declare no seal" in found.why


@pytest.mark.parametrize("rules", [SEALED, STOPPING], ids=["sealed", "stopping"])
@pytest.mark.parametrize(
    ("end", "why"),
    [(rate, "is complete"), (batches.close, "is closed"), (stop, "was stopped by its rule")],
    ids=["complete", "closed", "stopped"],
)
def test_a_declared_seal_holds_until_the_batch_has_ended(
    session: Session, rules: dict[str, object], end: Callable[[Session, Batch], None], why: str
) -> None:
    batch = sealed_batch(session, **rules)
    assert seal(session, batch).is_sealed
    end(session, batch)
    found = seal(session, batch)
    assert (found.is_sealed, found.unsealed_at) == (False, None)
    assert why in found.why


ROADS: dict[str, Callable[[Session, Batch, Path], object]] = {
    "results": lambda session, batch, _: results.of_batch(session, batch.id, key="k"),
    "bundle": lambda session, batch, folder: bundles.export(session, batch.id, folder / "bundle", key="k"),
    "judged": lambda session, batch, folder: judged.combine(session, batch, Source(folder, None, "j"), key="k"),
}


@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_around_a_seal(session: Session, tmp_path: Path, road: str) -> None:
    with pytest.raises(Conflict, match="sealed until the batch is complete or closed"):
        ROADS[road](session, sealed_batch(session, **SEALED), tmp_path)
    assert list(tmp_path.glob("bundle")) == []


def test_a_pause_is_no_end(session: Session) -> None:
    batch = sealed_batch(session, **SEALED)
    batches.pause(session, batch)
    assert seal(session, batch).is_sealed


@pytest.mark.parametrize(
    ("rules", "says"), [(SEALED, "complete or closed."), (STOPPING, "complete, closed or stopped by its rule.")]
)
def test_a_seal_says_until_when(session: Session, rules: dict[str, object], says: str) -> None:
    assert seal(session, sealed_batch(session, **rules)).why.endswith(says)


def test_opening_early_is_recorded_once_and_stays_after_the_end(session: Session) -> None:
    batch = sealed_batch(session, **SEALED)
    for now in (NOW, LATER):
        sealing.unseal(session, session.get_one(Batch, batch.id, populate_existing=True), now=now)
    batches.close(session, batch)
    found = seal(session, batch)
    assert (found.is_sealed, found.unsealed_at) == (False, NOW)
    assert "before the end" in found.why


def test_results_that_are_open_are_not_recorded_as_opened_early(session: Session) -> None:
    ended, plain = sealed_batch(session, **SEALED), sealed_batch(session)
    batches.close(session, ended)
    for batch in (ended, plain):
        sealing.unseal(session, session.get_one(Batch, batch.id, populate_existing=True), now=NOW)
    assert set(session.scalars(select(Batch.unsealed_at))) == {None}
