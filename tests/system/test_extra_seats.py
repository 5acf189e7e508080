"""Thirty-two raters at once, over real HTTP: what three leave open gets exactly five votes, the rest exactly three."""

from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db.assignments import Assignment, AssignmentState
from backend.db.comparisons import Comparison, Seat
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.choices import Choice, Preference, preference
from backend.services.studies import batches
from tests import factories
from tests.server import Server
from tests.system.crowd import Drowsiness, UnrulyRater, together

pytestmark = pytest.mark.long

RATERS, PROMPTS, ROUNDS = 32, 60, 10
OPENING = (1, 2, 3)


def counted(database: Database, batch: int) -> dict[int, dict[int, Preference]]:
    """comparison -> seat -> the preference that counts there."""
    found: dict[int, dict[int, Preference]] = defaultdict(dict)
    with database.reading() as session:
        rows = session.execute(
            select(Assignment.comparison_id, Assignment.seat, Rating.choice, Seat.flipped)
            .join(Rating, Rating.assignment_id == Assignment.id)
            .join(Seat, (Seat.comparison_id == Assignment.comparison_id) & (Seat.seat == Assignment.seat))
            .where(Assignment.batch_id == batch, Assignment.state == AssignmentState.RATED)
        ).all()
    for comparison, seat, choice, flipped in rows:
        assert seat not in found[comparison]
        found[comparison][seat] = preference(Choice(choice), flipped=bool(flipped))
    return found


def is_complete(database: Database, batch: int) -> bool:
    with database.reading() as session:
        return batches.progress(session, batch).is_complete


def test_32_unruly_raters_fill_five_seats_where_three_split_and_three_elsewhere(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    house = factories.house(database)
    with database.transaction() as session:
        batch = factories.launched(session, prompts=PROMPTS, split_rule="extra").id
        paths = factories.rater_paths(session, house, batches.get(session, batch), count=RATERS)
    with Server(database_url, tmp_path) as server:
        crowd = [UnrulyRater(server.base_url, path, seed) for seed, path in enumerate(paths)]
        with Drowsiness(database, seed=1):
            together(crowd)
        for _ in range(ROUNDS):
            if not is_complete(database, batch):
                together(crowd)
    assert [trouble for rater in crowd for trouble in rater.trouble] == []
    assert is_complete(database, batch)
    votes = counted(database, batch)
    assert len(votes) == PROMPTS
    split = {one for one, seats in votes.items() if len({seats[seat] for seat in OPENING}) == len(OPENING)}
    assert 0 < len(split) < PROMPTS
    assert {one: len(seats) for one, seats in votes.items()} == {one: 5 if one in split else 3 for one in votes}
    with database.reading() as session:
        opened = dict(session.execute(select(Comparison.id, Comparison.opened)).all())
        progress = batches.progress(session, batch)
    assert opened == {one: len(seats) for one, seats in votes.items()}
    assert (progress.settled, progress.rated, progress.seats) == (PROMPTS, sum(opened.values()), sum(opened.values()))
