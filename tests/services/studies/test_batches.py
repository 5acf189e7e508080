"""A batch: stopping it, and how far it is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import SkipReason
from backend.db.batches import Batch
from backend.db.session import Database
from backend.db.studies import Study
from backend.domain.choices import Choice
from backend.errors import Conflict, NotFound
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.studies import batches, launching
from tests import factories
from tests.factories import BASELINE, NOW


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def launch(session: Session, study: Study, **more: object) -> Batch:
    return launching.launch(session, study, **{"baseline": BASELINE, "seed": 1, "now": NOW, **more})


def people(session: Session, batch: Batch, count: int) -> list[int]:
    """The links of so many new raters."""
    return [link.id for link in links.create_personal(session, batch.id, count=count, now=NOW)]


def claim(session: Session, link: int) -> tuple[int, int] | None:
    """(rater, assignment) of a claim."""
    who = visitors.visitor(session, link_id=link)
    number = assignments.claim(session, who, now=NOW)
    return None if number is None else (who.rater_id, number)


def rate(session: Session, link: int) -> bool:
    """Claim and vote, where there is a seat."""
    if (held := claim(session, link)) is None:
        return False
    ratings.submit(session, rater_id=held[0], assignment_id=held[1], vote=Vote(Choice.TIE), now=NOW)
    return True


def test_a_batch_is_paused_resumed_and_closed_for_good(session: Session) -> None:
    batch = factories.launched(session)
    for verb, state in ((batches.pause, "paused"), (batches.resume, "open"), (batches.close, "closed")):
        verb(session, batch)
        assert session.execute(select(Batch.state)).scalar_one() == state
    batches.close(session, batch)
    for verb in (batches.pause, batches.resume):
        with pytest.raises(Conflict, match="closed for good"):
            verb(session, batch)
    assert session.execute(select(Batch.state)).scalar_one() == "closed"


def test_an_unknown_batch_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="no batch 404"):
        batches.get(session, 404)


def test_progress_counts_what_has_happened(session: Session) -> None:
    batch = factories.launched(session, prompts=3, seats=3)
    fresh = batches.progress(session, batch.id)
    assert (fresh.comparisons, fresh.seats, fresh.open, fresh.raters, fresh.last_rated_at) == (3, 9, 9, 0, None)
    one, two, three, holder, skipper = people(session, batch, 5)
    for link in (one, two, three):
        rate(session, link)
    rate(session, one)
    claim(session, holder)
    held = claim(session, skipper)
    assert held is not None
    ratings.skip(session, rater_id=held[0], assignment_id=held[1], reason=SkipReason.OFFENSIVE)
    now = batches.progress(session, batch.id)
    assert (now.rated, now.held, now.skipped, now.late, now.open) == (4, 1, 1, 0, 4)
    assert (now.settled, now.unjudgeable, now.raters, now.last_rated_at) == (1, 0, 3, NOW)
    assert not now.is_complete


def test_progress_is_of_one_batch_alone(session: Session) -> None:
    study = factories.study(session)
    first, second = launch(session, study), launch(session, study)
    (one,) = people(session, first, 1)
    rate(session, one)
    assert batches.progress(session, first.id).rated == 1
    assert batches.progress(session, second.id).rated == 0


def test_a_batch_is_complete_when_nothing_is_open_and_nobody_is_at_work(session: Session) -> None:
    batch, other = factories.launched(session, prompts=1, seats=2), factories.launched(session, prompts=1)
    one, two = people(session, batch, 2)
    rate(session, one)
    assert batches.complete(session) == set()
    held = claim(session, two)
    assert held is not None
    assert batches.progress(session, batch.id).open == 0
    assert batches.complete(session) == set()
    rate(session, two)
    assert batches.complete(session) == {batch.id}
    assert batches.progress(session, batch.id).is_complete
    assert not batches.progress(session, other.id).is_complete
