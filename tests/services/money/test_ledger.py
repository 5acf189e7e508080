"""What is owed for work: once, of the right kind, out of what is set aside; and what raters earned for their time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.ledger import Account, LedgerEntry, Purpose, Work
from backend.db.session import Database
from backend.domain.money import Money
from backend.domain.pay import MTURK, NO_FEES, PayRule
from backend.errors import Conflict, Invalid, NotFound
from backend.services.money import budgets, ledger, top_ups, unowed
from backend.services.money.ledger import Due, Piece
from tests import factories
from tests.db.test_check_constraints import answer_of, answered, at_check, becoming, given, written
from tests.db.test_constraints import comparison_at, new_rater, rated, rating_of, sat
from tests.factories import NOW
from tests.paid import owe_everything, raters, took_test, with_budget, worked

PAPER = PayRule(median_ms=43_000)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    """Six ratings by three raters, two each: of 20, 60 and 200 seconds."""
    return worked(session, prompts=2, people=3, active_ms=[20_000, 60_000, 200_000])


def sums(session: Session) -> dict[str, int]:
    rows = session.execute(select(LedgerEntry.purpose, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.purpose))
    return {purpose: int(total) for purpose, total in rows}


def test_all_work_is_owed_once_however_often_it_is_tried(session: Session, batch: Batch) -> None:
    """Six rewards of 18 cents and six fees of 4: 132 of the 200 cents that are set aside."""
    reservation = with_budget(session, batch, 500, aside=200)
    assert len(unowed.work(session, batch.id)) == 6
    assert owe_everything(session, batch.id, reservation, PAPER, MTURK) == 12
    assert owe_everything(session, batch.id, reservation, PAPER, MTURK) == 0
    piece = Piece(Work.RATING, *session.execute(select(Assignment.rater_id, Assignment.id).limit(1)).one())
    assert ledger.owe(session, reservation, [Due(piece, Purpose.REWARD, Money(18))], now=NOW) == 0
    with pytest.raises(Conflict, match=r"\$0\.18 are owed for this work already .*, not \$0\.19"):
        ledger.owe(session, reservation, [Due(piece, Purpose.REWARD, Money(19))], now=NOW)
    found = budgets.standing(session, batch.id)
    assert (found.reserved, found.spent, found.free) == (Money(68), Money(132), Money(300))


def test_nothing_is_owed_for_zero_and_nobody_is_owed_less(session: Session, batch: Batch) -> None:
    reservation = with_budget(session, batch, 500, aside=200)
    piece = Piece(Work.RATING, 1, assignment_id=1)
    assert ledger.owe(session, reservation, [Due(piece, Purpose.REWARD_FEE, Money(0))], now=NOW) == 0
    with pytest.raises(Invalid, match="less than nothing"):
        ledger.owe(session, reservation, [Due(piece, Purpose.REWARD, Money(-1))], now=NOW)


def test_work_beyond_what_was_set_aside_is_owed_out_of_the_budget(session: Session, batch: Batch) -> None:
    reservation = with_budget(session, batch, 132, aside=100)
    owe_everything(session, batch.id, reservation, PAPER, MTURK)
    found = budgets.standing(session, batch.id)
    assert (found.reserved, found.spent, found.free) == (Money(0), Money(132), Money(0))


def test_work_that_a_budget_can_not_pay_is_found_again(session: Session, batch: Batch) -> None:
    reservation = with_budget(session, batch, 131, aside=100)
    with pytest.raises(Conflict, match=r"\$0\.01 are missing"):
        owe_everything(session, batch.id, reservation, PAPER, MTURK)
    assert len(unowed.work(session, batch.id)) == 6
    budgets.set_budget(session, batch.id, allowed=Money(132))
    assert owe_everything(session, batch.id, reservation, PAPER, MTURK) == 12
    assert unowed.work(session, batch.id) == []


def test_many_who_owe_the_same_work_at_once_owe_it_once(database: Database) -> None:
    """Sixteen threads, two reservations, each with too little: nothing is owed twice, and nobody waits for ever."""
    with database.transaction() as session:
        batch = worked(session, prompts=2, people=3, active_ms=[43_000])
        first = with_budget(session, batch, 142, aside=10)
        second = budgets.reserve(session, batch.id, amount=Money(10), key="another", now=NOW).id

    def owe(number: int) -> int:
        with database.transaction() as session:
            return owe_everything(session, batch.id, (first, second)[number % 2], PAPER, MTURK)

    with ThreadPoolExecutor(16) as crowd:
        made = list(crowd.map(owe, range(16)))
    assert sorted(made) == [0] * 15 + [12]
    with database.reading() as session:
        assert budgets.standing(session, batch.id).spent == Money(132)


def test_late_ratings_skips_and_checks_are_found_and_owed_as_what_they_are(session: Session) -> None:
    batch = factories.launched(session, seats=3)
    rated(session, comparison_at(session, batch, 1))
    late = new_rater(session)
    number = sat(session, comparison_at(session, batch), state="late", rater=late)
    session.execute(rating_of(number, late, state="late", receipt="R-2"))
    sat(session, comparison_at(session, batch), seat=2, state="skipped")
    sat(session, comparison_at(session, batch), seat=3, state="returned")
    answered(session, batch)
    at_check(session, batch, state="skipped", position=1)
    at_check(session, batch, state="lapsed", position=2)
    found = unowed.work(session, batch.id)
    assert [piece.work for piece in found] == [Work.RATING, Work.LATE_RATING, Work.SKIP, Work.CHECK, Work.SKIP]
    assert [piece.check_assignment_id is None for piece in found] == [True, True, True, False, False]
    reservation = with_budget(session, batch, 90, aside=50)
    owe_everything(session, batch.id, reservation, PAPER, NO_FEES)
    assert unowed.work(session, batch.id) == []
    works = session.scalars(select(LedgerEntry.work).order_by(LedgerEntry.id)).all()
    assert works == [piece.work for piece in found]
    assert budgets.standing(session, batch.id).free == Money(0)


def test_who_could_not_submit_is_paid_by_a_persons_decision(session: Session, batch: Batch) -> None:
    with_budget(session, batch, 300, aside=200)
    (rater,) = raters(session, 1, first=50)
    given = {"rater_id": rater, "amount": Money(50), "fee": Money(10), "reason": "The page broke. ", "key": "ticket 7"}
    first, again = (ledger.compensate(session, batch.id, now=NOW, **given) for _ in range(2))
    assert (first.id, first.reason) == (again.id, "The page broke.")
    assert sums(session) == {Purpose.REWARD: 50, Purpose.REWARD_FEE: 10}
    assert [entry.work for entry in ledger.owed(session, batch.id, rater_id=rater)] == [Work.COMPENSATION] * 2
    assert budgets.standing(session, batch.id).free == Money(40)
    with pytest.raises(Conflict, match="was another rater's"):
        ledger.compensate(session, batch.id, now=NOW, **{**given, "rater_id": rater - 1})
    with pytest.raises(Conflict, match=r"\$0\.20 are missing"):
        ledger.compensate(session, batch.id, now=NOW, **{**given, "key": "ticket 8"})
    for wrong in ({"reason": " "}, {"amount": Money(0)}):
        with pytest.raises(Invalid, match="an amount and a reason"):
            ledger.compensate(session, batch.id, now=NOW, **{**given, **wrong})


def test_an_entry_test_is_paid_even_when_it_was_failed(session: Session, batch: Batch) -> None:
    reservation = with_budget(session, batch, 300, aside=200)
    (rater,) = raters(session, 1, first=50)
    test = Due(Piece(Work.ENTRY_TEST, rater, entry_test="first"), Purpose.REWARD, Money(40))
    with pytest.raises(DatabaseError, match="who has taken it"), session.begin_nested():
        ledger.owe(session, reservation, [test], now=NOW)
    took_test(session, batch.id, rater, "first", passed=False)
    assert ledger.owe(session, reservation, [test], now=NOW) == 1
    assert ledger.owe(session, reservation, [test], now=NOW) == 0
    assert [entry.amount for entry in ledger.entries_of(session, batch.id, rater)] == [40]


def test_balances_say_where_all_money_is(session: Session, batch: Batch) -> None:
    with pytest.raises(NotFound, match="no budget yet"):
        ledger.balances(session, batch.id)
    reservation = with_budget(session, batch, 500, aside=200)
    owe_everything(session, batch.id, reservation, PAPER, MTURK)
    assert ledger.balances(session, batch.id) == {
        Account.RESERVED: Money(68),
        Account.OWED: Money(132),
        Account.PAYING: Money(0),
        Account.PAID: Money(0),
        Account.FEES: Money(0),
    }


def test_slow_raters_are_topped_up_by_the_rule_and_once(session: Session, batch: Batch) -> None:
    """Twice 20 s for 36 cents is enough; twice 60 s are 50, 14 missing; twice 200 s count for 258: $1.08, 72 more.

    Fees on the bonuses: a fifth of 14 is 2.8 and of 72 is 14.4, both rounded up: 3 and 15.
    """
    reservation = with_budget(session, batch, 500, aside=200)
    owe_everything(session, batch.id, reservation, PAPER, MTURK)
    fast, middling, slow = top_ups.hourly(session, batch.id, PAPER).raters.tolist()
    assert top_ups.hourly(session, batch.id, PAPER).hourly.tolist() == [3240, 1080, 502]
    made = top_ups.top_up(session, reservation, rule=PAPER, fees=MTURK, now=NOW)
    assert made == {middling: Money(14), slow: Money(72)}
    assert sums(session) == {
        Purpose.REWARD: 108,
        Purpose.REWARD_FEE: 24,
        Purpose.TOP_UP: 86,
        Purpose.TOP_UP_FEE: 18,
    }
    assert top_ups.top_up(session, reservation, rule=PAPER, fees=MTURK, now=NOW) == {}
    found = top_ups.hourly(session, batch.id, PAPER)
    assert (found.hourly.tolist(), found.median) == ([3240, 1500, 1506], 1506)
    assert [entry.amount for entry in ledger.entries_of(session, batch.id, fast)] == [18, 4, 18, 4]


def test_work_after_a_top_up_is_topped_up_too(session: Session, batch: Batch) -> None:
    """One more answer of 100 s, at a check: 358 s in all earn $1.4917, of which $1.08 and 18 cents are there."""
    reservation = with_budget(session, batch, 900, aside=200)
    owe_everything(session, batch.id, reservation, PAPER, NO_FEES)
    top_ups.top_up(session, reservation, rule=PAPER, fees=NO_FEES, now=NOW)
    slow = int(top_ups.hourly(session, batch.id, PAPER).raters[-1])
    check = session.execute(written(batch)).scalar_one()
    at = session.execute(given(batch, check, slow)).scalar_one()
    session.execute(becoming(at, "answered"))
    session.execute(answer_of(at, slow, receipt="R-check", active_ms=100_000))
    owe_everything(session, batch.id, reservation, PAPER, NO_FEES)
    assert top_ups.top_up(session, reservation, rule=PAPER, fees=NO_FEES, now=NOW) == {slow: Money(24)}
    assert top_ups.top_up(session, reservation, rule=PAPER, fees=NO_FEES, now=NOW) == {}


def test_time_that_is_unknown_counts_as_the_pilots_median(session: Session) -> None:
    batch = worked(session, prompts=1, people=3, active_ms=[None])
    reservation = with_budget(session, batch, 500, aside=200)
    owe_everything(session, batch.id, reservation, PAPER, NO_FEES)
    assert top_ups.top_up(session, reservation, rule=PAPER, fees=NO_FEES, now=NOW) == {}
    assert top_ups.hourly(session, batch.id, PAPER).counted_ms.tolist() == [43_000] * 3
