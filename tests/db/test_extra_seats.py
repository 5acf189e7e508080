"""The last two seats open where the first three differ, and nowhere else: tried with bare statements."""

from collections.abc import Iterator, Sequence
from itertools import permutations, product

import pytest
from sqlalchemy import Executable, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState, SkipReason
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.choices import Choice, Preference, choice
from tests import factories
from tests.factories import NOW

HELD, RATED, LAPSED = AssignmentState.HELD, AssignmentState.RATED, AssignmentState.LAPSED
SKIPPED, LATE = AssignmentState.SKIPPED, AssignmentState.LATE
CANDIDATE, TIE, BASELINE = Preference.CANDIDATE, Preference.TIE, Preference.BASELINE
ONE_EACH = (CANDIDATE, TIE, BASELINE)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session, split_rule="extra")


def comparisons(session: Session, batch: Batch) -> Sequence[Comparison]:
    statement = select(Comparison).where(Comparison.batch_id == batch.id).order_by(Comparison.position)
    return session.scalars(statement.execution_options(populate_existing=True)).all()


def first(session: Session, batch: Batch) -> Comparison:
    return comparisons(session, batch)[0]


def refused(session: Session, statement: Executable, why: str) -> None:
    with pytest.raises(DatabaseError, match=why), session.begin_nested():
        session.execute(statement)


def new_rater(session: Session) -> int:
    number = session.execute(select(func.count()).select_from(Rater)).scalar_one()
    statement = insert(Rater).values(channel=Channel.LINK, external_id=f"rater {number}", created_at=NOW)
    return session.execute(statement.returning(Rater.id)).scalar_one()


def sitting(session: Session, one: Comparison, seat: int, state: str = HELD) -> Executable:
    return (
        insert(Assignment)
        .values(
            batch_id=one.batch_id,
            rater_id=new_rater(session),
            prompt_id=one.prompt_id,
            comparison_id=one.id,
            seat=seat,
            state=state,
            claimed_at=NOW,
            lease_expires_at=NOW,
        )
        .returning(Assignment.id)
    )


def sat(session: Session, one: Comparison, seat: int, state: str = HELD) -> int:
    return session.execute(sitting(session, one, seat, state)).scalar_one()


def become(session: Session, assignment: int, state: str) -> None:
    reason = SkipReason.UNREADABLE if state == SKIPPED else None
    session.execute(update(Assignment).where(Assignment.id == assignment).values(state=state, skip_reason=reason))


def store(session: Session, assignment: int, preferred: Preference, *, clicked: Choice | None = None) -> None:
    """The rating of an assignment that is rated or late, as its side makes it."""
    state, rater, flipped = session.execute(
        select(Assignment.state, Assignment.rater_id, Seat.flipped)
        .join(Seat, (Seat.comparison_id == Assignment.comparison_id) & (Seat.seat == Assignment.seat))
        .where(Assignment.id == assignment)
    ).one()
    session.execute(
        insert(Rating).values(
            assignment_id=assignment,
            rater_id=rater,
            state=state,
            choice=clicked or choice(preferred, flipped=bool(flipped)),
            receipt=f"R-{assignment}",
            rated_at=NOW,
        )
    )


def vote(session: Session, one: Comparison, seat: int, preferred: Preference) -> None:
    """Sit down, rate."""
    assignment = sat(session, one, seat)
    become(session, assignment, RATED)
    store(session, assignment, preferred)


def vote_all(session: Session, one: Comparison, preferences: Sequence[Preference]) -> None:
    for seat, preferred in enumerate(preferences, start=1):
        vote(session, one, seat, preferred)


def open_seats(session: Session, one: Comparison) -> list[int]:
    return list(
        session.scalars(
            select(Seat.seat).where(Seat.comparison_id == one.id, text("seats.is_open")).order_by(Seat.seat)
        )
    )


def test_five_seats_are_launched_and_three_open(session: Session, batch: Batch) -> None:
    assert (batch.seats, batch.opening) == (5, 3)
    one = first(session, batch)
    assert (one.seats, one.opened, open_seats(session, one)) == (5, 3, [1, 2, 3])
    sides = list(session.scalars(select(Seat.flipped).where(Seat.comparison_id == one.id).order_by(Seat.seat)))
    assert len(sides) == 5
    assert set(sides[3:]) == {True, False}


def test_without_the_rule_every_seat_is_open_from_the_start(session: Session) -> None:
    batch = factories.launched(session, seats=2)
    one = first(session, batch)
    assert (batch.opening, one.opened, open_seats(session, one)) == (2, 2, [1, 2])
    vote_all(session, one, [CANDIDATE, BASELINE])
    assert (first(session, batch).opened, open_seats(session, one)) == (2, [])


def test_the_last_seats_open_exactly_where_three_preferences_are_three(session: Session) -> None:
    ways = list(product(ONE_EACH, repeat=3))
    batch = factories.launched(session, prompts=len(ways), split_rule="extra")
    for one, way in zip(comparisons(session, batch), ways, strict=True):
        vote_all(session, one, way)
        assert open_seats(session, one) == ([4, 5] if len(set(way)) == 3 else []), way
    assert sum(one.opened == 5 for one in comparisons(session, batch)) == 6


def test_the_order_in_which_seats_are_rated_does_not_matter(session: Session) -> None:
    ways = list(permutations((1, 2, 3)))
    batch = factories.launched(session, prompts=len(ways), split_rule="extra")
    for one, seats in zip(comparisons(session, batch), ways, strict=True):
        for seat, preferred in zip(seats, ONE_EACH, strict=True):
            assert open_seats(session, one) != [4, 5]
            vote(session, one, seat, preferred)
        assert open_seats(session, one) == [4, 5]


def test_both_bad_is_a_tie_here_too(session: Session, batch: Batch) -> None:
    one, other, _ = comparisons(session, batch)
    vote(session, one, 1, CANDIDATE)
    vote(session, one, 2, BASELINE)
    store(session, sat(session, one, 3, RATED), TIE, clicked=Choice.BOTH_BAD)
    assert open_seats(session, one) == [4, 5]
    vote(session, other, 1, TIE)
    vote(session, other, 2, BASELINE)
    store(session, sat(session, other, 3, RATED), TIE, clicked=Choice.BOTH_BAD)
    assert open_seats(session, other) == []


@pytest.mark.parametrize("last", [(CANDIDATE, BASELINE), (TIE, TIE)], ids=["2-2-1", "3-1-1"])
def test_after_five_nothing_more_opens(session: Session, batch: Batch, last: tuple[Preference, Preference]) -> None:
    one = first(session, batch)
    vote_all(session, one, ONE_EACH)
    for seat, preferred in zip((5, 4), last, strict=True):
        vote(session, one, seat, preferred)
    assert open_seats(session, one) == []
    assert first(session, batch).opened == 5


def test_a_vote_without_a_known_order_counts_as_it_is_stored(session: Session, batch: Batch) -> None:
    one, other, _ = comparisons(session, batch)
    session.execute(update(Seat).values(flipped=None))
    vote_all(session, one, ONE_EACH)
    vote_all(session, other, (CANDIDATE, TIE, CANDIDATE))
    assert (open_seats(session, one), open_seats(session, other)) == ([4, 5], [])


def test_a_vote_after_its_lease_counts_when_its_seat_is_free(session: Session, batch: Batch) -> None:
    one = first(session, batch)
    slow = sat(session, one, 1)
    become(session, slow, LAPSED)
    vote(session, one, 2, CANDIDATE)
    vote(session, one, 3, TIE)
    assert open_seats(session, one) == [1]
    become(session, slow, RATED)
    store(session, slow, BASELINE)
    assert open_seats(session, one) == [4, 5]


def test_a_late_vote_opens_nothing(session: Session, batch: Batch) -> None:
    one = first(session, batch)
    slow = sat(session, one, 1)
    become(session, slow, LAPSED)
    vote_all(session, one, (CANDIDATE, CANDIDATE))
    holder = sat(session, one, 3)
    become(session, slow, LATE)
    store(session, slow, BASELINE)
    assert open_seats(session, one) == []
    become(session, holder, RATED)
    store(session, holder, BASELINE)
    assert (open_seats(session, one), first(session, batch).opened) == ([], 3)


def test_an_extra_seat_that_lapses_opens_again(session: Session, batch: Batch) -> None:
    one = first(session, batch)
    vote_all(session, one, ONE_EACH)
    extra = sat(session, one, 4)
    assert open_seats(session, one) == [5]
    become(session, extra, LAPSED)
    assert open_seats(session, one) == [4, 5]
    vote(session, one, 4, TIE)
    assert open_seats(session, one) == [5]


def skip(session: Session, one: Comparison, seat: int) -> None:
    become(session, sat(session, one, seat), SKIPPED)


def test_the_third_can_not_judge_closes_the_extra_seats_too(session: Session, batch: Batch) -> None:
    one = first(session, batch)
    skip(session, one, 1)
    vote_all(session, one, ONE_EACH)
    skip(session, one, 4)
    holder = sat(session, one, 5)
    skip(session, one, 4)
    assert first(session, batch).unjudgeable
    assert open_seats(session, one) == []
    become(session, holder, RATED)
    store(session, holder, CANDIDATE)
    assert open_seats(session, one) == []


def test_an_unjudgeable_comparison_opens_no_more_seats(session: Session, batch: Batch) -> None:
    one = first(session, batch)
    vote(session, one, 1, CANDIDATE)
    vote(session, one, 2, TIE)
    holder = sat(session, one, 3)
    become(session, holder, LAPSED)
    for _ in range(3):
        skip(session, one, 3)
    become(session, holder, RATED)
    store(session, holder, BASELINE)
    assert (open_seats(session, one), first(session, batch).opened) == ([], 3)


@pytest.mark.parametrize("state", [HELD, RATED])
def test_nobody_sits_on_a_seat_that_has_not_been_opened(session: Session, batch: Batch, state: str) -> None:
    one, other, _ = comparisons(session, batch)
    refused(session, sitting(session, one, 4, state), "has not been opened")
    vote_all(session, other, (TIE, TIE, CANDIDATE))
    refused(session, sitting(session, other, 5, state), "has not been opened")


@pytest.mark.parametrize("opened", [4, 5])
@pytest.mark.parametrize("votes", [(), (CANDIDATE, TIE), (TIE, TIE, CANDIDATE)])
def test_no_statement_opens_the_last_seats_without_a_split(
    session: Session, batch: Batch, votes: Sequence[Preference], opened: int
) -> None:
    vote_all(session, first(session, batch), votes)
    refused(session, update(Comparison).values(opened=opened), "only when the first have no majority")


@pytest.mark.parametrize("opened", [3, 4])
def test_no_statement_closes_them_again(session: Session, batch: Batch, opened: int) -> None:
    one = first(session, batch)
    vote_all(session, one, ONE_EACH)
    closing = update(Comparison).where(Comparison.id == one.id).values(opened=opened)
    refused(session, closing, "only when the first have no majority")


def test_a_comparison_opens_the_seats_that_its_batch_says(session: Session, batch: Batch) -> None:
    one = first(session, batch)
    study = {column.name: getattr(batch, column.name) for column in Batch.__table__.columns if column.name != "id"}
    empty = session.execute(insert(Batch).values(study).returning(Batch.id)).scalar_one()
    row = {column.name: getattr(one, column.name) for column in Comparison.__table__.columns if column.name != "id"}
    for opened in (1, 5):
        refused(session, insert(Comparison).values({**row, "batch_id": empty, "opened": opened}), "its batch says")
    session.execute(insert(Comparison).values({**row, "batch_id": empty}))


@pytest.mark.parametrize("opening", [0, 6])
def test_a_batch_opens_one_seat_or_more_and_no_more_than_it_has(session: Session, batch: Batch, opening: int) -> None:
    row = {column.name: getattr(batch, column.name) for column in Batch.__table__.columns if column.name != "id"}
    refused(session, insert(Batch).values({**row, "opening": opening}), "ck_batches_opening")


def test_the_opening_seats_of_a_batch_stay_as_it_was_launched(session: Session, batch: Batch) -> None:
    refused(session, update(Batch).values(opening=5), "stays as it was launched")


@pytest.mark.parametrize("column", ["unsealed_at", "stopped_at"])
def test_when_a_batch_was_stopped_or_opened_never_changes(session: Session, batch: Batch, column: str) -> None:
    later = factories.NOW.replace(year=2027)
    session.execute(update(Batch).values({column: NOW}))
    refused(session, update(Batch).values({column: later}), "never changes")
    refused(session, update(Batch).values({column: None}), "never changes")
    session.execute(update(Batch).values({column: NOW, "state": "closed"}))
    assert session.execute(select(getattr(Batch, column))).scalar_one() == NOW
