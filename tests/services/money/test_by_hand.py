"""Pay where there is no vendor: noted once, and paid when a person says so."""

from dataclasses import replace

import pytest

from backend.crowd.link import Links
from backend.db.ledger import Account
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.channels import defaults
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.errors import NotFound
from backend.services.approval import rounds
from backend.services.approval.rounds import Kept
from backend.services.money import budgets, by_hand, ledger
from backend.services.studies import batches, channels
from tests import factories
from tests.channels import DOOR
from tests.factories import NOW
from tests.paid import took_test, worked
from tests.vendor import Clock

RULE = PayRule(median_ms=43_200)


def made(database: Database, *, allowed: int = 10_000, pay: PayRule | None = RULE) -> int:
    """A batch of six ratings by three raters of links, two of them slow."""
    with database.transaction() as session:
        batch = worked(session, prompts=2, people=3, active_ms=[43_200, 86_400, 43_200])
        budgets.set_budget(session, batch.id, allowed=Money(allowed))
        settings = replace(defaults(Channel.LINK), pay=pay)
        channels.declare(session, batch.id, Channel.LINK, settings, now=NOW)
        return batch.id


def keep(database: Database, batch: int) -> Kept:
    return rounds.keep(database, Links(), batch, Channel.LINK, door=DOOR, clock=Clock())


def balances(database: Database, batch: int) -> dict[Account, int]:
    with database.reading() as session:
        return {account: amount.minor for account, amount in ledger.balances(session, batch).items()}


def test_each_rater_is_noted_once_and_paid_when_a_person_says_so(database: Database) -> None:
    batch = made(database)
    assert keep(database, batch).noted == 3
    assert keep(database, batch).noted == 0
    with database.reading() as session:
        found = by_hand.dues(session, batch)
    assert [(one.rater, one.amount.minor) for one in found] == [("w1", 36), ("w2", 72), ("w3", 36)]
    assert balances(database, batch)[Account.PAID] == 0
    for _ in range(2):
        with database.transaction() as session:
            assert by_hand.mark(session, found[1].token, now=NOW) == Money(72)
    assert balances(database, batch)[Account.PAID] == 72
    with database.reading() as session:
        assert [one.rater for one in by_hand.dues(session, batch)] == ["w1", "w3"]
        assert [one.paid_at for one in by_hand.dues(session, batch, paid=True)] == [None, NOW, None]
    with database.transaction() as session, pytest.raises(NotFound, match="no such payment"):
        by_hand.mark(session, "another", now=NOW)


def test_an_entry_test_is_noted_too(database: Database) -> None:
    batch = made(database)
    with database.transaction() as session:
        took_test(session, batch, 1, "entry")
    keep(database, batch)
    with database.reading() as session:
        assert by_hand.dues(session, batch)[0].amount.minor == 36 + 18


def test_money_is_set_aside_while_raters_come(database: Database) -> None:
    with database.transaction() as session:
        later = factories.launched(session, prompts=2, session_size=2).id
        budgets.set_budget(session, later, allowed=Money(400))
        settings = replace(defaults(Channel.LINK), pay=RULE, places=2)
        channels.declare(session, later, Channel.LINK, settings, now=NOW)
    done = keep(database, later)
    assert (done.noted, done.troubles, done.is_over) == (0, [], False)
    assert keep(database, later).troubles == []
    with database.reading() as session:
        assert budgets.standing(session, later).reserved == Money(4 * 54)


def test_what_is_missing_in_the_budget_is_said(database: Database) -> None:
    poor = made(database, allowed=10)
    assert "are missing" in keep(database, poor).troubles[0]


def test_who_is_not_paid_is_not_noted(database: Database) -> None:
    batch = made(database, pay=None)
    assert keep(database, batch).noted == 0
    with database.transaction() as session:
        batches.close(session, batches.get(session, batch))
    assert balances(database, batch)[Account.OWED] == 0


def test_what_a_person_grants_is_noted_where_work_earns_nothing(database: Database) -> None:
    batch = made(database, pay=None)
    with database.transaction() as session:
        ledger.compensate(
            session, batch, rater_id=2, amount=Money(300), fee=Money(0), reason="The page had failed.", key="k", now=NOW
        )
    assert keep(database, batch).noted == 1
    with database.reading() as session:
        assert [(one.rater, one.amount) for one in by_hand.dues(session, batch)] == [("w2", Money(300))]


def test_what_is_set_aside_and_not_needed_comes_back_at_the_end(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=2, session_size=2)
        budgets.set_budget(session, batch.id, allowed=Money(400))
        channels.declare(session, batch.id, Channel.LINK, replace(defaults(Channel.LINK), pay=RULE), now=NOW)
    assert keep(database, batch.id).troubles == []
    with database.transaction() as session:
        assert budgets.standing(session, batch.id).reserved == Money(324)
        batches.close(session, batches.get(session, batch.id))
    for _ in range(2):
        assert keep(database, batch.id).troubles == []
    with database.reading() as session:
        assert budgets.standing(session, batch.id).reserved == Money(0)
