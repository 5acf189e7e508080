"""Unruly raters meet every kind of check over real HTTP, and the comparisons never notice."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.db.assignments import Assignment
from backend.db.checks import CheckAnswer, CheckAssignment
from backend.db.comparisons import Seat
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.checks import KINDS, REPEAT_GAP, by_rater
from backend.services.rating import check_marks
from backend.services.studies import batches
from tests import factories
from tests.server import Server
from tests.system.crowd import UnrulyRater, together
from tests.system.test_many_raters import SYSTEMS, assert_three_ratings_by_three_raters, is_complete

pytestmark = pytest.mark.long

PROMPTS, RATERS = 36, 7
RATES = {"gold": 0.12, "attention": 0.1, "repeat": 0.15}
Judged = list[tuple[str, int | None]]


def launched(database: Database) -> tuple[int, list[str]]:
    house = factories.house(database)
    outputs = {name: [f"{name[::-1]} says {number}" for number in range(PROMPTS)] for name in SYSTEMS}
    with database.transaction() as session:
        batch = factories.launched(
            session, prompts=PROMPTS, outputs=outputs, session_size=10, checks=RATES, gold=factories.gold(12)
        )
        return batch.id, factories.rater_paths(session, house, batch, count=RATERS)


def judged_in_order(database: Database) -> dict[int, Judged]:
    """rater -> ("comparison", its assignment) or (kind, the assignment that is repeated), as they came."""
    with database.reading() as session:
        rated = session.execute(select(Rating.rater_id, Rating.rated_at, Rating.assignment_id)).all()
        checked = session.execute(
            select(
                CheckAnswer.rater_id, CheckAnswer.answered_at, CheckAssignment.kind, CheckAssignment.original_id
            ).join(CheckAssignment, CheckAssignment.id == CheckAnswer.assignment_id)
        ).all()
    rows = [(rater, at, "comparison", number) for rater, at, number in rated] + [tuple(row) for row in checked]
    found: dict[int, Judged] = {}
    for rater, _, what, number in sorted(rows, key=lambda row: row[:2]):
        found.setdefault(rater, []).append((what, number))
    return found


def assert_rates_hold(tasks: Judged) -> None:
    """Within one, and what two comparisons may delay: kinds that are due at once take turns."""
    counts = Counter(what for what, _ in tasks)
    for kind in KINDS:
        rate = RATES[kind]
        delay = 2 + (REPEAT_GAP if kind == "repeat" else 0)
        assert abs(counts[kind] - rate * counts["comparison"]) <= 1 + rate * delay, (kind, counts)


def assert_checks_keep_their_distance(tasks: Judged) -> None:
    assert tasks[0][0] == "comparison"
    assert all("comparison" in (one, next_one) for (one, _), (next_one, _) in pairwise(tasks))
    place = {number: at for at, (what, number) in enumerate(tasks) if what == "comparison"}
    for at, (what, original) in enumerate(tasks):
        if what == "repeat":
            assert at - place[original] > REPEAT_GAP


def test_raters_meet_every_kind_as_declared_and_seats_are_filled_as_without_checks(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    batch, paths = launched(database)
    with Server(database_url, tmp_path) as server:
        crowd = [UnrulyRater(server.base_url, path, seed) for seed, path in enumerate(paths)]
        together(crowd)
        together(crowd)
    assert [trouble for rater in crowd for trouble in rater.trouble] == []
    assert is_complete(database, batch)
    assert_three_ratings_by_three_raters(database, batch, comparisons=2 * PROMPTS)
    order = judged_in_order(database)
    assert {what for tasks in order.values() for what, _ in tasks} == {"comparison", *KINDS}
    for tasks in order.values():
        assert_rates_hold(tasks)
        assert_checks_keep_their_distance(tasks)
    with database.reading() as session:
        progress = batches.progress(session, batch)
        found = by_rater(check_marks.answers(session, batch))
        receipts = {*session.scalars(select(Rating.receipt)), *session.scalars(select(CheckAnswer.receipt))}
        open_checks = session.execute(
            select(func.count()).select_from(CheckAssignment).where(CheckAssignment.state == "held")
        ).scalar_one()
        sides = Counter(
            session.execute(
                select(Seat.flipped).join(
                    Assignment, (Assignment.comparison_id == Seat.comparison_id) & (Assignment.seat == Seat.seat)
                )
            ).scalars()
        )
    assert (progress.rated, progress.seats, open_checks) == (6 * PROMPTS, 6 * PROMPTS, 0)
    assert sides == {True: 3 * PROMPTS, False: 3 * PROMPTS}
    assert {receipt for rater in crowd for receipt in rater.receipts.values()} == receipts
    answered = sum(len(tasks) for tasks in order.values()) - progress.rated
    assert int((found.asked + found.repeats).sum()) == answered > 0
