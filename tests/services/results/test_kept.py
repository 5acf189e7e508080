"""Results are computed once for one state of a batch, and a page that asks again learns that it has them."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.session import Database
from backend.domain.results.summary import Results
from backend.services.results import results
from backend.services.results.kept import MOST_KEPT, PATIENCE, Kept, stamp
from backend.services.studies import batches, launching
from tests import factories, judged, voted


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Computing:
    """Computes results and counts how often; each takes a second of the clock."""

    def __init__(self, session: Session, batch: Batch, clock: Clock) -> None:
        self.session, self.batch, self.clock, self.times = session, batch, clock, 0

    def __call__(self) -> Results:
        self.times += 1
        self.clock.now += 1
        return results.of_batch(self.session, self.batch.id, key="k")


@pytest.fixture
def batch(database: Database) -> Batch:
    """Two comparisons, of which one has a vote."""
    with database.transaction() as session:
        made = factories.launched(session, prompts=2)
        voted.vote(session, made, 0, "c")
        return made


def test_the_same_state_is_computed_once(database: Database, batch: Batch) -> None:
    kept = Kept()
    with database.reading() as session:
        compute = Computing(session, batch, Clock())
        first, second = kept.get(session, batch, compute), kept.get(session, batch, compute)
    assert (compute.times, first is second) == (1, True)
    assert first.results.ratings == 1


def test_a_vote_a_skip_an_extension_and_a_closing_change_the_stamp(database: Database) -> None:
    stamps = []
    with database.transaction() as session:
        study = factories.study(session, prompts=3)
        made = launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=factories.NOW, prompts=2)
        stamps.append(stamp(session, made))
        voted.vote(session, made, 0, "c")
        stamps.append(stamp(session, made))
        voted.skip(session, made, 1)
        stamps.append(stamp(session, made))
        launching.extend(session, made)
        stamps.append(stamp(session, made))
        batches.close(session, made)
        session.refresh(made)
        stamps.append(stamp(session, made))
    assert len(set(stamps)) == 5


def test_what_a_judge_says_changes_the_stamp(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        batch = judged.launched(session)
        before = stamp(session, batch)
        judged.imported(session, batch.study_id, tmp_path)
        assert stamp(session, batch) != before


def test_another_batch_changes_nothing(database: Database, batch: Batch) -> None:
    with database.transaction() as session:
        before = stamp(session, batch)
        other = factories.launched(session, prompts=1)
        voted.vote(session, other, 0, "c")
        assert stamp(session, batch) == before


def test_a_page_is_patient_with_numbers_that_took_long(database: Database, batch: Batch) -> None:
    clock = Clock()
    kept = Kept(clock)
    with database.transaction() as session:
        seen = kept.get(session, batch, Computing(session, batch, clock)).stamp
        voted.vote(session, batch, 1, "b")
        assert kept.is_current(session, batch, seen)
        clock.now += PATIENCE
        assert not kept.is_current(session, batch, seen)
        assert kept.is_current(session, batch, stamp(session, batch))
        assert not kept.is_current(session, batch, "")


def test_nobody_is_patient_when_the_batch_has_ended(database: Database, batch: Batch) -> None:
    clock = Clock()
    kept = Kept(clock)
    with database.transaction() as session:
        seen = kept.get(session, batch, Computing(session, batch, clock)).stamp
        ended = batches.get(session, batch.id)
        batches.close(session, ended)
        session.refresh(ended)
        assert not kept.is_current(session, ended, seen)


def test_only_the_last_few_batches_are_kept(database: Database) -> None:
    clock = Clock()
    kept = Kept(clock)
    with database.transaction() as session:
        for _ in range(MOST_KEPT + 1):
            made = factories.launched(session, prompts=1)
            kept.get(session, made, Computing(session, made, clock))
        assert len(kept.computed) == MOST_KEPT
        assert 1 not in kept.computed
