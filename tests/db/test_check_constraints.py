"""What the database itself keeps of checks, tried with bare statements that no service would send."""

from collections.abc import Iterator
from itertools import product

import pytest
from sqlalchemy import Executable, delete, insert, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, SkipReason
from backend.db.batches import Batch
from backend.db.checks import Check, CheckAnswer, CheckAssignment, CheckState
from backend.db.comparisons import Seat
from backend.db.session import Database
from tests import factories
from tests.db.test_constraints import comparison_at, new_rater, rated, refused, sat
from tests.factories import NOW

HELD, ANSWERED, LAPSED = CheckState.HELD, CheckState.ANSWERED, CheckState.LAPSED
RETURNED, SKIPPED = CheckState.RETURNED, CheckState.SKIPPED
WAYS = {HELD: [], ANSWERED: [ANSWERED], LAPSED: [LAPSED], RETURNED: [RETURNED], SKIPPED: [SKIPPED]}
ALLOWED = {*((HELD, new) for new in CheckState), (LAPSED, ANSWERED), (LAPSED, SKIPPED)}
WRITTEN = {"dialogue": [{"role": "user", "text": "Why?"}], "first": "a", "second": "b", "expected": "first"}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session, seats=3)


def written(batch: Batch, *, position: int = 0, kind: str = "gold", **changes: object) -> Executable:
    row = {"batch_id": batch.id, "kind": kind, "position": position, **WRITTEN, **changes}
    return insert(Check).values(row).returning(Check.id)


def repeated(session: Session, batch: Batch, *, of: int = 0, **changes: object) -> Executable:
    """The check that shows this comparison again."""
    one = comparison_at(session, batch, of)
    row = {"batch_id": batch.id, "kind": "repeat", "position": of, "comparison_id": one.id, "prompt_id": one.prompt_id}
    return insert(Check).values({**row, **changes}).returning(Check.id)


def given(batch: Batch, check: int, rater: int, *, kind: str = "gold", after: int = 1, **more: object) -> Executable:
    row = {"batch_id": batch.id, "check_id": check, "rater_id": rater, "kind": kind, "after": after, "state": HELD}
    return (
        insert(CheckAssignment)
        .values({**row, "claimed_at": NOW, "lease_expires_at": NOW, **more})
        .returning(CheckAssignment.id)
    )


def becoming(number: int, state: str) -> Executable:
    reason = SkipReason.OFFENSIVE if state == SKIPPED else None
    return update(CheckAssignment).where(CheckAssignment.id == number).values(state=state, skip_reason=reason)


def at_check(session: Session, batch: Batch, *, state: str = HELD, position: int = 0) -> tuple[int, int]:
    """(rater at a check, rater): a new rater at a new gold check, come to this state."""
    rater = new_rater(session)
    check = session.execute(written(batch, position=position)).scalar_one()
    number = session.execute(given(batch, check, rater)).scalar_one()
    for step in WAYS[CheckState(state)]:
        session.execute(becoming(number, step))
    return number, rater


def answer_of(number: int, rater: int, **changes: object) -> Executable:
    row = {"assignment_id": number, "rater_id": rater, "state": ANSWERED, "choice": "tie", "receipt": "R-1"}
    return insert(CheckAnswer).values({**row, "answered_at": NOW, **changes})


def answered(session: Session, batch: Batch) -> None:
    number, rater = at_check(session, batch, state=ANSWERED)
    session.execute(answer_of(number, rater))


@pytest.mark.parametrize("missing", list(WRITTEN))
def test_a_gold_check_has_texts_and_a_right_choice(session: Session, batch: Batch, missing: str) -> None:
    session.execute(written(batch))
    refused(session, written(batch, position=1, **{missing: None}), "written_or_repeated")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"comparison_id": None, "prompt_id": None}, "written_or_repeated"),
        ({"prompt_id": None}, "written_or_repeated"),
        (WRITTEN, "written_or_repeated"),
        ({"kind": "gold"}, "written_or_repeated"),
        ({"kind": "trap"}, "ck_checks_kind|written_or_repeated"),
    ],
)
def test_a_repeat_has_a_comparison_and_nothing_of_its_own(
    session: Session, batch: Batch, change: dict[str, object], why: str
) -> None:
    refused(session, repeated(session, batch, **change), why)
    session.execute(repeated(session, batch))


@pytest.mark.parametrize("expected", ["both_bad", "candidate"])
def test_the_right_choice_is_a_side_or_a_tie(session: Session, batch: Batch, expected: str) -> None:
    refused(session, written(batch, expected=expected), "ck_checks_expected")


def test_a_place_in_the_order_is_one_checks_and_a_comparison_has_one_repeat(session: Session, batch: Batch) -> None:
    session.execute(written(batch))
    session.execute(written(batch, kind="attention"))
    refused(session, written(batch), "(?i)unique")
    session.execute(repeated(session, batch))
    refused(session, repeated(session, batch, position=9), "(?i)unique")


def test_a_repeat_is_of_its_own_batch_and_prompt(session: Session, batch: Batch) -> None:
    other = factories.launched(session)
    refused(session, repeated(session, batch, batch_id=other.id), "(?i)foreign key")
    refused(session, repeated(session, batch, prompt_id=comparison_at(session, batch, 1).prompt_id), "(?i)foreign key")


def test_a_check_never_changes_and_never_goes(session: Session, batch: Batch) -> None:
    session.execute(written(batch))
    for change in ({"expected": "tie"}, {"first": "c"}, {"position": 4}, {"kind": "attention"}):
        refused(session, update(Check).values(change), "a check never changes")
    refused(session, delete(Check), "never deleted")


@pytest.mark.parametrize("state", CheckState)
def test_a_rater_never_gets_a_check_twice(session: Session, batch: Batch, state: str) -> None:
    number, rater = at_check(session, batch, state=state)
    check = session.get_one(CheckAssignment, number).check_id
    refused(session, given(batch, check, rater, after=2), "(?i)unique")
    session.execute(given(batch, check, new_rater(session)))


def test_a_rater_is_at_one_check_at_a_time(session: Session, batch: Batch) -> None:
    number, rater = at_check(session, batch)
    another = session.execute(written(batch, position=1)).scalar_one()
    refused(session, given(batch, another, rater, after=2), "one_held|UNIQUE")
    session.execute(becoming(number, LAPSED))
    session.execute(given(batch, another, rater, after=2))


def test_a_comparison_lies_between_any_two_checks(session: Session, batch: Batch) -> None:
    _, rater = at_check(session, batch, state=ANSWERED)
    another = session.execute(written(batch, position=1)).scalar_one()
    refused(session, given(batch, another, rater, after=1), "after|UNIQUE")
    refused(session, given(batch, another, new_rater(session), after=0), "never_first")


def test_a_check_keeps_its_kind_and_batch_for_its_raters(session: Session, batch: Batch) -> None:
    check = session.execute(written(batch)).scalar_one()
    rater = new_rater(session)
    refused(session, given(batch, check, rater, kind="attention"), "(?i)foreign key")
    refused(session, given(factories.launched(session), check, rater), "(?i)foreign key")


def test_a_rater_who_holds_a_seat_gets_no_check_beside_it(session: Session, batch: Batch) -> None:
    rater = new_rater(session)
    seat = sat(session, comparison_at(session, batch), rater=rater)
    check = session.execute(written(batch)).scalar_one()
    refused(session, given(batch, check, rater), "who holds a seat gets no check")
    session.execute(update(Assignment).where(Assignment.id == seat).values(state="rated"))
    session.execute(given(batch, check, rater))


def test_a_rater_who_is_at_a_check_gets_no_seat_beside_it(session: Session, batch: Batch) -> None:
    number, rater = at_check(session, batch)
    one = comparison_at(session, batch)
    row = {"batch_id": batch.id, "rater_id": rater, "prompt_id": one.prompt_id, "comparison_id": one.id, "seat": 1}
    sitting = insert(Assignment).values({**row, "state": "held", "claimed_at": NOW, "lease_expires_at": NOW})
    refused(session, sitting, "who is at a check gets no seat")
    session.execute(becoming(number, ANSWERED))
    session.execute(sitting)


def test_a_repeat_shows_a_comparison_that_its_rater_has_judged(session: Session, batch: Batch) -> None:
    original, rater = rated(session, comparison_at(session, batch))
    check = session.execute(repeated(session, batch)).scalar_one()
    other = session.execute(repeated(session, batch, of=1)).scalar_one()
    refused(session, given(batch, check, new_rater(session), kind="repeat", original_id=original), "has judged")
    refused(session, given(batch, other, rater, kind="repeat", original_id=original), "has judged")
    session.execute(given(batch, check, rater, kind="repeat", original_id=original))


def test_a_comparison_that_was_only_seen_is_not_repeated(session: Session, batch: Batch) -> None:
    rater = new_rater(session)
    seen = sat(session, comparison_at(session, batch), rater=rater, state="lapsed")
    check = session.execute(repeated(session, batch)).scalar_one()
    refused(session, given(batch, check, rater, kind="repeat", original_id=seen), "(?i)foreign key")


def test_a_comparison_of_unknown_sides_is_not_repeated(session: Session, batch: Batch) -> None:
    one = comparison_at(session, batch)
    session.execute(update(Seat).where(Seat.comparison_id == one.id).values(flipped=None))
    original, rater = rated(session, one)
    check = session.execute(repeated(session, batch)).scalar_one()
    refused(session, given(batch, check, rater, kind="repeat", original_id=original), "of a known side")


def test_a_repeat_has_an_original_and_nothing_else_has_one(session: Session, batch: Batch) -> None:
    original, rater = rated(session, comparison_at(session, batch))
    check = session.execute(repeated(session, batch)).scalar_one()
    gold = session.execute(written(batch)).scalar_one()
    refused(session, given(batch, check, rater, kind="repeat"), "repeats_have_an_original")
    refused(session, given(batch, gold, rater, original_id=original), "has judged|repeats_have_an_original")


@pytest.mark.parametrize(("old", "new"), [pair for pair in product(CheckState, repeat=2) if pair not in ALLOWED])
def test_a_check_that_ended_stays_as_it_ended(session: Session, batch: Batch, old: str, new: str) -> None:
    number, _ = at_check(session, batch, state=old)
    refused(session, becoming(number, new), "stays as it ended")


@pytest.mark.parametrize(("state", "reason"), [(SKIPPED, None), (ANSWERED, "offensive"), (SKIPPED, "boring")])
def test_a_skip_says_why_and_nothing_else_does(session: Session, batch: Batch, state: str, reason: str | None) -> None:
    at_check(session, batch)
    statement = update(CheckAssignment).values(state=state, skip_reason=reason)
    refused(session, statement, "skips_say_why|skip_reason")


@pytest.mark.parametrize("column", ["batch_id", "rater_id", "check_id", "kind", "after", "original_id"])
def test_a_rater_at_a_check_never_moves_and_is_never_deleted(session: Session, batch: Batch, column: str) -> None:
    at_check(session, batch)
    refused(session, update(CheckAssignment).values({column: "repeat" if column == "kind" else 2}), "never moves")
    refused(session, delete(CheckAssignment), "never deleted")


@pytest.mark.parametrize("state", [HELD, LAPSED, RETURNED, SKIPPED])
def test_only_an_answered_check_has_an_answer(session: Session, batch: Batch, state: str) -> None:
    number, rater = at_check(session, batch, state=state)
    refused(session, answer_of(number, rater), "(?i)foreign key")
    refused(session, answer_of(number, rater, state=state), "ck_check_answers_state")


def test_a_check_is_answered_once_and_by_its_rater(session: Session, batch: Batch) -> None:
    number, rater = at_check(session, batch, state=ANSWERED)
    refused(session, answer_of(number, new_rater(session)), "(?i)foreign key")
    session.execute(answer_of(number, rater))
    refused(session, answer_of(number, rater, receipt="R-2"), "(?i)unique")
    other, another = at_check(session, batch, state=ANSWERED, position=1)
    refused(session, answer_of(other, another), "(?i)unique")


@pytest.mark.parametrize(
    ("change", "why"), [({"choice": "candidate"}, "ck_check_answers_choice"), ({"active_ms": -1}, "active_ms")]
)
def test_an_answer_is_one_of_the_four_and_takes_no_negative_time(
    session: Session, batch: Batch, change: dict[str, object], why: str
) -> None:
    number, rater = at_check(session, batch, state=ANSWERED)
    refused(session, answer_of(number, rater, **change), why)


@pytest.mark.parametrize("change", [{"choice": "first"}, {"comment": "x"}, {"active_ms": 1}, {"receipt": "R-9"}])
def test_an_answer_never_changes_and_never_goes(session: Session, batch: Batch, change: dict[str, object]) -> None:
    answered(session, batch)
    refused(session, update(CheckAnswer).values(change), "never changes")
    refused(session, delete(CheckAnswer), "never deleted")


def test_an_answered_check_keeps_its_state(session: Session, batch: Batch) -> None:
    answered(session, batch)
    refused(session, update(CheckAssignment).values(state=HELD), "stays as it ended")
    assert session.scalars(select(CheckAssignment.state)).all() == [ANSWERED]
