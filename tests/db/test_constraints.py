"""What the database itself keeps, tried with bare statements that no service would send."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from time import monotonic

import pytest
from sqlalchemy import Executable, delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState, SkipReason
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.migrate import upgrade
from backend.db.outputs import Output, System
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.db.studies import StudyVersion
from backend.services.studies import launching
from tests import factories
from tests.factories import NOW
from tests.postgres import Postgres

HELD, RATED, LAPSED = AssignmentState.HELD, AssignmentState.RATED, AssignmentState.LAPSED
RETURNED, SKIPPED, LATE = AssignmentState.RETURNED, AssignmentState.SKIPPED, AssignmentState.LATE
THREE_SYSTEMS = {name: [f"{name} says {number}" for number in range(3)] for name in ("base", "one", "two")}
WAYS = {HELD: [], RATED: [RATED], LAPSED: [LAPSED], RETURNED: [RETURNED], SKIPPED: [SKIPPED], LATE: [LAPSED, LATE]}
ALLOWED = {
    *((HELD, new) for new in (HELD, RATED, LAPSED, RETURNED, SKIPPED)),
    *((LAPSED, new) for new in (RATED, LATE, SKIPPED)),
}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session, outputs=THREE_SYSTEMS, seats=3)


def refused(session: Session, statement: Executable, why: str = "") -> None:
    """The statement fails, for a reason that both databases name in one of these words."""
    with pytest.raises(DatabaseError, match=why), session.begin_nested():
        session.execute(statement)


def new_rater(session: Session) -> int:
    number = session.execute(select(func.count()).select_from(Rater)).scalar_one()
    statement = insert(Rater).values(channel=Channel.LINK, external_id=f"rater {number}", created_at=NOW)
    return session.execute(statement.returning(Rater.id)).scalar_one()


def comparison_at(session: Session, batch: Batch, position: int = 0) -> Comparison:
    statement = select(Comparison).where(Comparison.batch_id == batch.id, Comparison.position == position)
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def sitting(comparison: Comparison, rater: int, *, seat: int = 1, state: str = HELD) -> Executable:
    return (
        insert(Assignment)
        .values(
            batch_id=comparison.batch_id,
            rater_id=rater,
            prompt_id=comparison.prompt_id,
            comparison_id=comparison.id,
            seat=seat,
            state=state,
            claimed_at=NOW,
            lease_expires_at=NOW,
        )
        .returning(Assignment.id)
    )


def sat(session: Session, comparison: Comparison, *, seat: int = 1, state: str = HELD, rater: int | None = None) -> int:
    """A rater (a new one unless given) at this seat, come to this state; the assignment's id."""
    rater = new_rater(session) if rater is None else rater
    assignment = session.execute(sitting(comparison, rater, seat=seat)).scalar_one()
    for step in WAYS[AssignmentState(state)]:
        session.execute(becoming(assignment, step))
    return assignment


def becoming(assignment: int, state: str) -> Executable:
    reason = SkipReason.UNREADABLE if state == SKIPPED else None
    return update(Assignment).where(Assignment.id == assignment).values(state=state, skip_reason=reason)


def rating_of(
    assignment: int, rater: int, *, state: str = RATED, receipt: str = "R-1", choice: str = "tie"
) -> Executable:
    return insert(Rating).values(
        assignment_id=assignment, rater_id=rater, state=state, choice=choice, receipt=receipt, rated_at=NOW
    )


def rated(session: Session, comparison: Comparison) -> tuple[int, int]:
    """(assignment, rater) of a stored rating."""
    rater = new_rater(session)
    assignment = sat(session, comparison, state=RATED, rater=rater)
    session.execute(rating_of(assignment, rater))
    return assignment, rater


def queue(session: Session, comparison: Comparison) -> list[tuple[bool, bool]]:
    """(is_open, started) of each seat."""
    rows = session.execute(
        select(Seat.is_open, Seat.started).where(Seat.comparison_id == comparison.id).order_by(Seat.seat)
    )
    return [(is_open, started) for is_open, started in rows]


@pytest.mark.parametrize("claimed", [3, 4])
def test_a_comparison_of_three_seats_gets_no_fourth(session: Session, batch: Batch, claimed: int) -> None:
    one = comparison_at(session, batch)
    fourth = insert(Seat).values(
        comparison_id=one.id, seat=4, seats=claimed, batch_id=batch.id, prompt_id=one.prompt_id, position=0
    )
    refused(session, fourth, "no_seat_beyond|fk_seats_comparison_id_seats|FOREIGN KEY")


def test_nobody_sits_on_a_seat_that_does_not_exist(session: Session, batch: Batch) -> None:
    refused(session, sitting(comparison_at(session, batch), new_rater(session), seat=4), "(?i)foreign key")


@pytest.mark.parametrize("mapped", [Batch, Comparison])
def test_the_number_of_seats_never_changes_after_the_launch(
    session: Session, batch: Batch, mapped: type[Batch | Comparison]
) -> None:
    refused(session, update(mapped).values(seats=4), "(?i)foreign key|as it was launched")


@pytest.mark.parametrize("seats", [0, 100])
def test_a_batch_has_one_to_ninety_nine_seats(session: Session, batch: Batch, seats: int) -> None:
    row = {column.name: getattr(batch, column.name) for column in Batch.__table__.columns if column.name != "id"}
    refused(session, insert(Batch).values(**{**row, "seats": seats}), "ck_batches_(seats|opening)")


@pytest.mark.parametrize(("first", "second"), list(product([HELD, RATED], repeat=2)))
def test_a_seat_has_one_occupant(session: Session, batch: Batch, first: str, second: str) -> None:
    one = comparison_at(session, batch)
    sat(session, one, state=first)
    refused(session, sitting(one, new_rater(session), state=second), "(?i)unique")


@pytest.mark.parametrize("state", [LAPSED, RETURNED, SKIPPED])
def test_a_seat_that_was_given_up_takes_another_rater(session: Session, batch: Batch, state: str) -> None:
    one = comparison_at(session, batch)
    sat(session, one, state=state)
    sat(session, one)


def test_a_lapsed_rater_does_not_get_back_a_seat_that_was_taken(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    lapsed = sat(session, one, state=LAPSED)
    sat(session, one)
    refused(session, becoming(lapsed, RATED), "(?i)unique")


@pytest.mark.parametrize("state", [RATED, LAPSED, RETURNED, SKIPPED, LATE])
def test_a_rater_never_meets_a_prompt_again(session: Session, batch: Batch, state: str) -> None:
    rater, one = new_rater(session), comparison_at(session, batch)
    sat(session, one, state=state, rater=rater)
    same_prompt = select(Comparison).where(Comparison.prompt_id == one.prompt_id, Comparison.id != one.id)
    other = session.scalars(same_prompt).one()
    refused(session, sitting(one, rater, seat=2), "uq_assignments_batch_id_rater_id_prompt_id|UNIQUE")
    refused(session, sitting(other, rater), "uq_assignments_batch_id_rater_id_prompt_id|UNIQUE")


def test_an_assignment_has_the_prompt_of_its_comparison(session: Session, batch: Batch) -> None:
    one, other = comparison_at(session, batch), comparison_at(session, batch, 1)
    assert one.prompt_id != other.prompt_id
    statement = sitting(one, new_rater(session)).values(prompt_id=other.prompt_id)
    refused(session, statement, "(?i)foreign key")


@pytest.mark.parametrize("column", ["rater_id", "seat", "comparison_id", "prompt_id", "batch_id"])
def test_an_assignment_never_moves(session: Session, batch: Batch, column: str) -> None:
    sat(session, comparison_at(session, batch))
    refused(session, update(Assignment).values({column: 2}), "never moves")


def test_an_assignment_is_never_deleted(session: Session, batch: Batch) -> None:
    sat(session, comparison_at(session, batch), state=LAPSED)
    refused(session, delete(Assignment), "never deleted")


def test_a_rater_holds_one_seat_at_a_time(session: Session, batch: Batch) -> None:
    rater = new_rater(session)
    sat(session, comparison_at(session, batch), rater=rater)
    refused(session, sitting(comparison_at(session, batch, 1), rater), "uq_assignments_one_held|UNIQUE")


def test_a_rater_holds_another_seat_once_the_first_is_rated(session: Session, batch: Batch) -> None:
    rater = new_rater(session)
    sat(session, comparison_at(session, batch), state=RATED, rater=rater)
    sat(session, comparison_at(session, batch, 1), rater=rater)


def test_an_assignment_is_rated_once(session: Session, batch: Batch) -> None:
    assignment, rater = rated(session, comparison_at(session, batch))
    refused(session, rating_of(assignment, rater, receipt="R-2"), "pk_ratings|UNIQUE")


def test_a_rating_is_by_the_rater_of_its_assignment(session: Session, batch: Batch) -> None:
    assignment = sat(session, comparison_at(session, batch), state=RATED)
    refused(session, rating_of(assignment, new_rater(session)), "(?i)foreign key")


@pytest.mark.parametrize(
    ("state", "said"),
    [(HELD, RATED), (LAPSED, RATED), (RETURNED, RATED), (SKIPPED, LATE), (RATED, LATE), (LATE, RATED), (HELD, HELD)],
)
def test_a_rating_has_the_state_of_its_assignment(session: Session, batch: Batch, state: str, said: str) -> None:
    rater = new_rater(session)
    assignment = sat(session, comparison_at(session, batch), state=state, rater=rater)
    refused(session, rating_of(assignment, rater, state=said), "(?i)foreign key|ck_ratings_state")


def test_a_receipt_is_given_once(session: Session, batch: Batch) -> None:
    rated(session, comparison_at(session, batch))
    rater = new_rater(session)
    assignment = sat(session, comparison_at(session, batch), seat=2, state=RATED, rater=rater)
    refused(session, rating_of(assignment, rater), "(?i)unique")


def test_a_choice_is_one_of_the_four(session: Session, batch: Batch) -> None:
    rater = new_rater(session)
    assignment = sat(session, comparison_at(session, batch), state=RATED, rater=rater)
    refused(session, rating_of(assignment, rater, choice="candidate"), "ck_ratings_choice")


@pytest.mark.parametrize("old", WAYS)
def test_an_assignment_that_ended_stays_as_it_ended(session: Session, batch: Batch, old: str) -> None:
    assignment = sat(session, comparison_at(session, batch), state=old)
    for new in WAYS:
        if (old, new) not in ALLOWED:
            refused(session, becoming(assignment, new), "stays as it ended")


@pytest.mark.parametrize(("state", "reason"), [(SKIPPED, None), (RATED, "offensive"), (SKIPPED, "boring")])
def test_a_skip_says_why_and_nothing_else_does(session: Session, batch: Batch, state: str, reason: str | None) -> None:
    sat(session, comparison_at(session, batch))
    refused(session, update(Assignment).values(state=state, skip_reason=reason), "ck_assignments_skip")


@pytest.mark.parametrize(
    "change", [{"choice": "first"}, {"comment": "another"}, {"active_ms": 1}, {"receipt": "R-9"}, {"state": "late"}]
)
def test_a_rating_never_changes(session: Session, batch: Batch, change: dict[str, object]) -> None:
    rated(session, comparison_at(session, batch))
    refused(session, update(Rating).values(change), "never changes")


def test_a_rating_is_never_deleted(session: Session, batch: Batch) -> None:
    rated(session, comparison_at(session, batch))
    refused(session, delete(Rating), "never deleted")


@pytest.mark.parametrize("change", [{"settings": {}}, {"settings_hash": "another"}, {"number": 2}])
def test_launched_settings_never_change(session: Session, batch: Batch, change: dict[str, object]) -> None:
    refused(session, update(StudyVersion).values(change), "launched settings never change")


def test_launched_settings_are_never_deleted(session: Session, batch: Batch) -> None:
    refused(session, delete(StudyVersion), "never deleted")


@pytest.mark.parametrize(
    "change",
    [{"session_size": 5}, {"rater_cap": 9}, {"lease_seconds": 1}, {"seed": 9}],
    ids=lambda change: next(iter(change)),
)
def test_a_batch_stays_as_it_was_launched(session: Session, batch: Batch, change: dict[str, int]) -> None:
    refused(session, update(Batch).values(change), "stays as it was launched")


def test_seats_and_comparisons_are_never_deleted(session: Session, batch: Batch) -> None:
    refused(session, delete(Seat), "a seat is never deleted")
    refused(session, delete(Comparison), "a comparison is never deleted")


def test_the_text_of_an_output_never_changes_even_before_a_launch(session: Session) -> None:
    factories.study(session)
    refused(session, update(Output).values(text="Something else."), "text of an output never changes")


def test_what_raters_see_of_an_output_changes_only_before_it_is_compared(session: Session) -> None:
    study = factories.study(session)
    session.execute(update(Output).values(shown="Scrubbed."))
    launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=NOW)
    refused(session, update(Output).values(shown="Scrubbed again."), "never changes after its launch")
    refused(session, update(Output).values(shown=None), "never changes after its launch")


def test_the_side_of_a_seat_changes_only_until_a_rater_has_had_it(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    turn = update(Seat).where(Seat.comparison_id == one.id, Seat.seat == 1)
    session.execute(turn.values(flipped=True))
    sat(session, one, state=LAPSED)
    refused(session, turn.values(flipped=False), "side of a seat never changes")


def comparison_like(session: Session, batch: Batch, **changes: int) -> Executable:
    """A row like the first comparison's, but for some changes, in a batch like its own that is still empty."""
    one = comparison_at(session, batch)
    columns = [column.name for column in Batch.__table__.columns if column.name != "id"]
    empty = Batch(**{column: getattr(batch, column) for column in columns})
    session.add(empty)
    session.flush()
    outputs = ("candidate_output_id", "baseline_output_id")
    columns = ["prompt_id", "candidate_id", "baseline_id", *outputs, "seats", "opened"]
    row = {column: getattr(one, column) for column in columns}
    return insert(Comparison).values(**{**row, "batch_id": empty.id, "position": 99, **changes})


def output_of(session: Session, system: int, *, prompt: int | None = None, but: int | None = None) -> int:
    statement = select(Output.id).where(Output.system_id == system)
    statement = statement.where(Output.prompt_id == prompt if prompt else Output.prompt_id != but)
    return session.scalars(statement.limit(1)).one()


def test_a_comparison_as_it_was_launched_can_be_stored(session: Session, batch: Batch) -> None:
    session.execute(comparison_like(session, batch))


@pytest.mark.parametrize("role", ["candidate", "baseline"])
def test_outputs_of_different_prompts_are_never_compared(session: Session, batch: Batch, role: str) -> None:
    one = comparison_at(session, batch)
    elsewhere = output_of(session, getattr(one, f"{role}_id"), but=one.prompt_id)
    refused(session, comparison_like(session, batch, **{f"{role}_output_id": elsewhere}), "(?i)foreign key")


def test_the_baseline_of_a_comparison_is_its_batchs(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    third = session.scalars(select(System.id).where(System.id.not_in([one.candidate_id, one.baseline_id]))).one()
    answer = output_of(session, third, prompt=one.prompt_id)
    statement = comparison_like(session, batch, baseline_id=third, baseline_output_id=answer)
    refused(session, statement, "(?i)foreign key")


def test_an_output_is_its_systems(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    refused(session, comparison_like(session, batch, candidate_output_id=one.baseline_output_id), "(?i)foreign key")


def test_a_system_is_never_compared_with_itself(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    itself = {"candidate_id": one.baseline_id, "candidate_output_id": one.baseline_output_id}
    refused(session, comparison_like(session, batch, **itself), "two_systems")


def test_a_candidate_meets_a_prompt_once_in_a_batch(session: Session, batch: Batch) -> None:
    again = comparison_like(session, batch)
    session.execute(again)
    refused(session, again, "(?i)unique")


def test_a_system_answers_a_prompt_once(session: Session, batch: Batch) -> None:
    one = session.scalars(select(Output).limit(1)).one()
    again = insert(Output).values(study_id=one.study_id, system_id=one.system_id, prompt_id=one.prompt_id, text="More.")
    refused(session, again, "(?i)unique")


@pytest.mark.parametrize(
    ("steps", "open_after"),
    [
        ([], False),
        ([RATED], False),
        ([LAPSED], True),
        ([RETURNED], True),
        ([SKIPPED], True),
        ([LAPSED, RATED], False),
        ([LAPSED, SKIPPED], True),
    ],
)
def test_the_queue_follows_each_step_of_an_assignment(
    session: Session, batch: Batch, steps: list[str], open_after: bool
) -> None:
    one = comparison_at(session, batch)
    assert queue(session, one) == [(True, False)] * 3
    assignment = sat(session, one)
    assert queue(session, one) == [(False, True), (True, True), (True, True)]
    for step in steps:
        session.execute(becoming(assignment, step))
    assert queue(session, one) == [(open_after, True), (True, True), (True, True)]
    assert queue(session, comparison_at(session, batch, 1)) == [(True, False)] * 3


def test_a_rating_that_comes_in_at_once_takes_its_seat_from_the_queue(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    session.execute(sitting(one, new_rater(session), seat=2, state=RATED))
    assert queue(session, one) == [(True, True), (False, True), (True, True)]


@pytest.mark.parametrize("step", [LATE, SKIPPED])
def test_what_a_lapsed_rater_does_leaves_the_next_occupant_alone(session: Session, batch: Batch, step: str) -> None:
    one = comparison_at(session, batch)
    lapsed = sat(session, one, state=LAPSED)
    sat(session, one)
    session.execute(becoming(lapsed, step))
    assert queue(session, one)[0] == (False, True)


@pytest.mark.parametrize("state", [SKIPPED, LAPSED])
def test_the_third_skip_closes_the_comparison_and_its_open_seats(session: Session, batch: Batch, state: str) -> None:
    one = comparison_at(session, batch)
    for count in (1, 2, 3):
        assert not comparison_at(session, batch).unjudgeable
        assignment = sat(session, one, state=HELD if state == SKIPPED else LAPSED)
        session.execute(becoming(assignment, SKIPPED))
        assert comparison_at(session, batch).skips == count
    assert comparison_at(session, batch).unjudgeable
    assert queue(session, one) == [(False, True)] * 3


@pytest.mark.parametrize("state", [LAPSED, RETURNED, SKIPPED])
def test_a_seat_left_after_the_third_skip_stays_closed(session: Session, batch: Batch, state: str) -> None:
    one = comparison_at(session, batch)
    last = sat(session, one, seat=3)
    for seat in (1, 2, 2):
        sat(session, one, seat=seat, state=SKIPPED)
    session.execute(becoming(last, state))
    assert queue(session, one) == [(False, True)] * 3


@pytest.fixture
def postgresql(postgres: Postgres) -> Iterator[Database]:
    """Where two raters can act at the same moment; SQLite has one writer at a time."""
    made = Database(postgres.new_database())
    upgrade(made)
    yield made
    made.engine.dispose()


def after_two_skips(database: Database) -> tuple[int, int, int]:
    """(comparison, two assignments that hold seats 1 and 2 of it)."""
    with database.transaction() as session:
        one = comparison_at(session, factories.launched(session, prompts=1, seats=3))
        for seat in (1, 2):
            sat(session, one, seat=seat, state=SKIPPED)
        return one.id, sat(session, one, seat=1), sat(session, one, seat=2)


def become(database: Database, assignment: int, state: str) -> None:
    with database.transaction() as session:
        session.execute(becoming(assignment, state))


def wait_until_somebody_waits(database: Database) -> None:
    waiting = text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    until = monotonic() + 30
    while monotonic() < until:
        with database.reading() as session:
            if session.execute(waiting).first():
                return
    raise AssertionError("nobody waited for a lock")


def open_seats(database: Database, comparison: int) -> int:
    with database.reading() as session:
        statement = select(func.count()).where(Seat.comparison_id == comparison, Seat.is_open)
        return session.execute(statement).scalar_one()


def test_two_raters_who_skip_at_once_do_not_wait_for_each_other_for_ever(postgresql: Database) -> None:
    comparison, first, second = after_two_skips(postgresql)
    with ThreadPoolExecutor(1) as other:
        with postgresql.transaction() as session:
            session.execute(select(Comparison.id).where(Comparison.id == comparison).with_for_update())
            skipping = other.submit(become, postgresql, second, SKIPPED)
            wait_until_somebody_waits(postgresql)
            session.execute(becoming(first, SKIPPED))
        skipping.result(timeout=30)
    assert open_seats(postgresql, comparison) == 0


@pytest.mark.parametrize("state", [LAPSED, RETURNED])
def test_a_seat_left_during_the_third_skip_stays_closed(postgresql: Database, state: str) -> None:
    comparison, first, second = after_two_skips(postgresql)
    with ThreadPoolExecutor(1) as other:
        with postgresql.transaction() as session:
            session.execute(becoming(first, SKIPPED))
            leaving = other.submit(become, postgresql, second, state)
            wait_until_somebody_waits(postgresql)
        leaving.result(timeout=30)
    assert open_seats(postgresql, comparison) == 0
