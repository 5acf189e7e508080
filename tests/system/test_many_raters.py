"""Sixty-four raters at once, over real HTTP, and a server that is killed: nothing is lost, doubled or overfull."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.db.assignments import Assignment, AssignmentState
from backend.db.comparisons import Comparison, Seat
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.services.studies import batches
from tests import factories
from tests.server import KEY, Server
from tests.system.crowd import Drowsiness, UnrulyRater, together

pytestmark = pytest.mark.long

SYSTEMS = ("baseline", "candidate-1", "candidate-2")
ROUNDS = 10


def launched(database: Database, *, prompts: int, raters: int) -> tuple[int, list[str]]:
    """A batch of two candidates, and its raters' addresses."""
    house = factories.house(database)
    assert house.settings.secret_key == KEY
    with database.transaction() as session:
        outputs = {name: [f"{name[::-1]} says {number}" for number in range(prompts)] for name in SYSTEMS}
        batch = factories.launched(session, prompts=prompts, outputs=outputs, session_size=20)
        return batch.id, factories.rater_paths(session, house, batch, count=raters)


def is_complete(database: Database, batch: int) -> bool:
    with database.reading() as session:
        return batches.progress(session, batch).is_complete


def receipts(crowd: list[UnrulyRater]) -> list[str]:
    """One for each seat that somebody was told is stored."""
    return [receipt for rater in crowd for receipt in rater.receipts.values()]


def assert_three_ratings_by_three_raters(database: Database, batch: int, *, comparisons: int) -> None:
    with database.reading() as session:
        votes, people = (
            session.execute(
                select(Assignment.comparison_id, number)
                .where(Assignment.batch_id == batch, Assignment.state == AssignmentState.RATED)
                .group_by(Assignment.comparison_id)
            ).all()
            for number in (func.count(), func.count(func.distinct(Assignment.rater_id)))
        )
        sides = session.execute(
            select(Comparison.candidate_id, Seat.flipped, func.count())
            .join(Seat, Seat.comparison_id == Comparison.id)
            .where(Comparison.batch_id == batch)
            .group_by(Comparison.candidate_id, Seat.flipped)
        ).all()
    assert Counter(count for _, count in votes) == {3: comparisons}
    assert Counter(count for _, count in people) == {3: comparisons}
    seats: Counter[int] = Counter()
    for candidate, flipped, count in sides:
        seats[candidate] += count if flipped else -count
    assert all(abs(difference) <= 1 for difference in seats.values())
    assert abs(sum(seats.values())) <= 1


def assert_every_receipt_is_stored_once(database: Database, given: list[str]) -> None:
    with database.reading() as session:
        stored = Counter(session.scalars(select(Rating.receipt)))
    assert len(given) == len(set(given))
    assert {receipt: stored[receipt] for receipt in given} == dict.fromkeys(given, 1)


def test_64_unruly_raters_fill_every_seat_exactly_once(database: Database, database_url: str, tmp_path: Path) -> None:
    batch, paths = launched(database, prompts=252, raters=64)
    with Server(database_url, tmp_path) as server:
        crowd = [UnrulyRater(server.base_url, path, seed) for seed, path in enumerate(paths)]
        with Drowsiness(database, seed=1):
            together(crowd)
        for _ in range(ROUNDS):
            if not is_complete(database, batch):
                together(crowd)
    assert [trouble for rater in crowd for trouble in rater.trouble] == []
    assert is_complete(database, batch)
    assert_three_ratings_by_three_raters(database, batch, comparisons=504)
    assert_every_receipt_is_stored_once(database, receipts(crowd))
    with database.reading() as session:
        progress = batches.progress(session, batch)
        stored = session.execute(select(func.count()).select_from(Rating)).scalar_one()
        lapsed = session.execute(
            select(func.count()).where(Assignment.state.in_([AssignmentState.LAPSED, AssignmentState.LATE]))
        ).scalar_one()
    assert (progress.rated, stored) == (1512, 1512 + progress.late)
    assert lapsed > 0, "no lease ran out, so this test has tried too little"


@pytest.fixture
def crowd(database: Database) -> Iterator[list[UnrulyRater]]:
    """Sixteen raters of one batch of 60 prompts."""
    _, paths = launched(database, prompts=60, raters=16)
    return [UnrulyRater("", path, seed) for seed, path in enumerate(paths)]


def test_every_receipt_given_before_a_kill_is_in_the_database_after_it(
    database: Database, database_url: str, tmp_path: Path, crowd: list[UnrulyRater]
) -> None:
    halfway = threading.Semaphore(0)
    with Server(database_url, tmp_path) as server:
        for rater in crowd:
            rater.base_url, rater.on_rating = server.base_url, halfway.release
        thread = threading.Thread(target=together, args=(crowd,))
        thread.start()
        for _ in range(120):
            assert halfway.acquire(timeout=60)
        server.kill()
        thread.join()
    before = receipts(crowd)
    assert len(before) >= 90
    assert_every_receipt_is_stored_once(database, before)
    with Server(database_url, tmp_path) as server:
        for rater in crowd:
            rater.base_url = server.base_url
        together(crowd)
    assert [trouble for rater in crowd for trouble in rater.trouble] == []
    assert_three_ratings_by_three_raters(database, 1, comparisons=120)
    assert_every_receipt_is_stored_once(database, receipts(crowd))
