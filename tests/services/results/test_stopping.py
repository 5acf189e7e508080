"""A declared stop rule closes its batch; sealed results have one road in, and that one is recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.errors import Conflict
from backend.services.rating import collected
from backend.services.results import bundles, results, stopping
from backend.services.studies import sealing
from backend.services.studies.files import Source
from tests import factories
from tests.factories import NOW

RULE = {"error": 0.05, "least_prompts": 10}
PROMPTS = 60


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


def launched(session: Session, **settings: object) -> Batch:
    return factories.launched(session, prompts=PROMPTS, **settings)


def rate(session: Session, batch: Batch, folder: Path, *, prompts: int, preference: str) -> None:
    """Three people say the same of the first prompts in launch order."""
    keys = session.scalars(
        select(Prompt.key)
        .join(Comparison, Comparison.prompt_id == Prompt.id)
        .where(Comparison.batch_id == batch.id)
        .order_by(Comparison.position)
        .limit(prompts)
    )
    path = folder / "votes.csv"
    lines = [f"{rater},{key},{preference}" for key in keys for rater in ("Ada", "Ben", "Cleo")]
    path.write_text("\n".join(["rater,prompt,preference", *lines]))
    collected.import_ratings(session, batch, Source(path, None, path.name), now=NOW)


def test_a_rule_stops_once_the_interval_has_left_one_half_and_not_before(session: Session, tmp_path: Path) -> None:
    batch = launched(session, stopping=RULE)
    assert stopping.watched(session) == {batch.id: 0}
    assert not stopping.may_stop(session, batch, key="a key")
    rate(session, batch, tmp_path, prompts=40, preference="candidate")
    assert stopping.watched(session) == {batch.id: 120}
    assert stopping.may_stop(session, batch, key="a key")
    assert stopping.stop(session, batch.id, now=NOW)
    session.expire_all()
    assert (batch.state, batch.stopped_at) == (BatchState.CLOSED, NOW)
    assert stopping.watched(session) == {}
    assert not stopping.stop(session, batch.id, now=NOW)


def test_ties_decide_nothing(session: Session, tmp_path: Path) -> None:
    batch = launched(session, stopping=RULE)
    rate(session, batch, tmp_path, prompts=40, preference="tie")
    assert not stopping.may_stop(session, batch, key="a key")


def test_a_batch_without_a_rule_is_not_watched(session: Session) -> None:
    batch = launched(session)
    assert stopping.watched(session) == {}
    assert not stopping.may_stop(session, batch, key="a key")


def test_a_stopped_batch_is_analysed_on_its_prefix_and_says_when_it_was_decided(
    session: Session, tmp_path: Path
) -> None:
    batch = launched(session, stopping=RULE)
    rate(session, batch, tmp_path, prompts=40, preference="candidate")
    stopping.stop(session, batch.id, now=NOW)
    session.expire_all()
    found = results.of_batch(session, batch.id, key="a key")
    assert (found.prefix.comparisons, found.prefix.launched) == (40, PROMPTS)
    assert found.sequence is not None
    watched = found.sequence.candidates[factories.CANDIDATE]
    assert (watched.prompts, watched.verdict) == (40, "candidate")
    assert found.sequence.stops_at is not None
    assert 10 <= found.sequence.stops_at <= 40


def test_sealed_results_are_refused_on_every_road_until_they_are_opened_on_record(
    session: Session, tmp_path: Path
) -> None:
    batch = launched(session, analysis={"sealed": True})
    rate(session, batch, tmp_path, prompts=5, preference="candidate")
    with pytest.raises(Conflict, match="sealed until the batch is complete or closed"):
        results.of_batch(session, batch.id, key="a key")
    with pytest.raises(Conflict, match="have that recorded"):
        bundles.export(session, batch.id, tmp_path / "bundle", key="a key")
    assert not (tmp_path / "bundle").exists()
    sealing.unseal(session, batch, now=NOW)
    session.expire_all()
    found = results.of_batch(session, batch.id, key="a key")
    assert found.ratings == 15
    assert "but they were opened before" in found.methods
