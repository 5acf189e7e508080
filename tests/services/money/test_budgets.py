"""Budgets and reservations: what is set aside, refused in a sentence, given back, and asked for by many at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.session import Database
from backend.domain.money import Money
from backend.errors import Conflict, Invalid, NotFound
from backend.services.money import budgets
from backend.services.money.budgets import Standing
from tests import factories
from tests.factories import NOW


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session, seats=3)


def test_what_is_set_aside_is_no_longer_free(session: Session, batch: Batch) -> None:
    assert budgets.set_budget(session, batch.id, allowed=Money(500)).free == Money(500)
    budgets.reserve(session, batch.id, amount=Money(300), key="posting 1", now=NOW)
    assert budgets.standing(session, batch.id) == Standing(Money(500), Money(300), Money(0), Money(200))


def test_a_refusal_says_how_much_is_missing(session: Session, batch: Batch) -> None:
    budgets.set_budget(session, batch.id, allowed=Money(49_000))
    with pytest.raises(Conflict, match=r"needs \$498\.96, but \$490\.00 .* are free: \$8\.96 are missing"):
        budgets.reserve(session, batch.id, amount=Money(49_896), key="posting 1", now=NOW)
    assert budgets.standing(session, batch.id).reserved == Money(0)


def test_the_same_intent_reserves_once(session: Session, batch: Batch) -> None:
    budgets.set_budget(session, batch.id, allowed=Money(500))
    first = budgets.reserve(session, batch.id, amount=Money(300), key="posting 1", now=NOW)
    assert budgets.reserve(session, batch.id, amount=Money(300), key="posting 1", now=NOW).id == first.id
    assert budgets.standing(session, batch.id).reserved == Money(300)
    with pytest.raises(Conflict, match=r"has reserved \$3\.00 already"):
        budgets.reserve(session, batch.id, amount=Money(301), key="posting 1", now=NOW)


def test_a_release_gives_back_what_remains_once(session: Session, batch: Batch) -> None:
    budgets.set_budget(session, batch.id, allowed=Money(500))
    reservation = budgets.reserve(session, batch.id, amount=Money(300), key="posting 1", now=NOW)
    assert [budgets.release(session, reservation.id) for _ in range(2)] == [Money(300), Money(0)]
    assert budgets.standing(session, batch.id).free == Money(500)


def test_a_budget_may_rise_and_fall_but_not_below_what_is_committed(session: Session, batch: Batch) -> None:
    budgets.set_budget(session, batch.id, allowed=Money(500))
    reservation = budgets.reserve(session, batch.id, amount=Money(300), key="posting 1", now=NOW)
    assert budgets.set_budget(session, batch.id, allowed=Money(300)).free == Money(0)
    with pytest.raises(Conflict, match=r"\$3\.00 are reserved or spent already"):
        budgets.set_budget(session, batch.id, allowed=Money(299))
    budgets.set_budget(session, batch.id, allowed=Money(400))
    budgets.grow(session, reservation, by=100)
    with pytest.raises(Conflict, match=r"\$0\.01 are missing"):
        budgets.grow(session, reservation, by=1)
    assert budgets.standing(session, batch.id).reserved == Money(400)


def test_amounts_of_another_currency_or_below_zero_are_refused(session: Session, batch: Batch) -> None:
    with pytest.raises(Invalid, match="zero or more"):
        budgets.set_budget(session, batch.id, allowed=Money(-1))
    budgets.set_budget(session, batch.id, allowed=Money(500))
    with pytest.raises(Conflict, match="is in USD, not in EUR"):
        budgets.set_budget(session, batch.id, allowed=Money(500, "EUR"))
    with pytest.raises(Conflict, match="is in USD, not in EUR"):
        budgets.reserve(session, batch.id, amount=Money(5, "EUR"), key="posting 1", now=NOW)
    with pytest.raises(Invalid, match="zero or more"):
        budgets.reserve(session, batch.id, amount=Money(-5), key="posting 1", now=NOW)


def test_what_is_not_there_is_not_found(session: Session, batch: Batch) -> None:
    with pytest.raises(NotFound, match="no batch 99"):
        budgets.set_budget(session, 99, allowed=Money(1))
    with pytest.raises(NotFound, match="no budget yet"):
        budgets.standing(session, batch.id)
    with pytest.raises(NotFound, match="no budget yet"):
        budgets.reserve(session, batch.id, amount=Money(1), key="posting 1", now=NOW)
    with pytest.raises(NotFound, match="no reservation 7"):
        budgets.release(session, 7)


def test_32_threads_share_a_budget_and_each_other_is_told_what_is_missing(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session).id
        budgets.set_budget(session, batch, allowed=Money(1_000))

    def refusal(number: int) -> str:
        try:
            with database.transaction() as session:
                budgets.reserve(session, batch, amount=Money(100), key=f"thread {number}", now=NOW)
        except Conflict as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(32) as crowd:
        refusals = [why for why in crowd.map(refusal, range(32)) if why]
    assert len(refusals) == 22
    assert all("$1.00 are missing" in why for why in refusals)
    with database.reading() as session:
        assert budgets.standing(session, batch) == Standing(Money(1_000), Money(1_000), Money(0), Money(0))
