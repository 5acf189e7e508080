"""What raters are told that they earned: by the ledger where it knows, by the reward where it does not yet."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.ledger import Purpose
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.channels import Panel, defaults, from_json
from backend.domain.choices import Choice
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.services.money import earnings, ledger, unowed
from backend.services.money.ledger import Due
from backend.services.rating import assignments, facts, links, ratings, visitors
from backend.services.rating.facts import Facts, Remembered
from backend.services.rating.ratings import Vote
from tests import factories, paid, ways
from tests.factories import NOW
from tests.ways import PAID

RULE = PayRule(60_000)  # at $15 an hour: 25 cents a comparison


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def rated(session: Session, *, prompts: int = 3, times: int = 2) -> tuple[int, int]:
    """A batch that pays by link, and the link of a rater who has judged so often."""
    batch = factories.launched(session, prompts=prompts)
    ways.channel(session, batch)
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    for _ in range(times):
        who = visitors.visitor(session, link_id=link.id)
        number = assignments.claim(session, who, now=NOW)
        assert number is not None
        ratings.submit(session, rater_id=who.rater_id, assignment_id=number, vote=Vote(Choice.TIE), now=NOW)
    return batch.id, link.id


def earned(session: Session, batch_id: int, link_id: int) -> Money | None:
    rules = facts.read(session, batch_id).rules
    return earnings.so_far(session, visitors.visitor(session, link_id=link_id), rules)


def test_what_is_not_in_the_ledger_yet_counts_by_the_reward(session: Session) -> None:
    assert earned(session, *rated(session)) == Money(50)


def test_what_is_in_the_ledger_counts_once_with_its_top_up_and_without_fees(session: Session) -> None:
    batch_id, link_id = rated(session)
    reservation = paid.with_budget(session, session.get_one(Batch, batch_id), 10_000, aside=1_000)
    (first, _) = unowed.work(session, batch_id)
    amounts = {Purpose.REWARD: 25, Purpose.TOP_UP: 7, Purpose.REWARD_FEE: 5}
    dues = [Due(first, purpose, Money(amount)) for purpose, amount in amounts.items()]
    ledger.owe(session, reservation, dues, now=NOW)
    assert earned(session, batch_id, link_id) == Money(57)


def test_an_entry_test_earns_as_many_rewards_as_it_has_exercises(session: Session) -> None:
    batch_id, link_id = rated(session, times=0)
    who = visitors.visitor(session, link_id=link_id)
    assert earned(session, batch_id, link_id) == Money(0)
    paid.took_test(session, batch_id, who.rater_id, "entry")
    assert (earnings.of_test(RULE, 4), earned(session, batch_id, link_id)) == (Money(100), Money(25))
    reservation = paid.with_budget(session, session.get_one(Batch, batch_id), 10_000, aside=0)
    ((piece, exercises),) = unowed.entry_tests(session, batch_id)
    assert (piece.rater_id, exercises) == (who.rater_id, 1)
    ledger.owe(session, reservation, [Due(piece, Purpose.REWARD, earnings.of_test(RULE, exercises))], now=NOW)
    assert unowed.entry_tests(session, batch_id) == []
    assert earned(session, batch_id, link_id) == Money(25)


def test_a_channel_that_pays_nothing_says_nothing_of_pay(session: Session) -> None:
    batch = factories.launched(session)
    ways.channel(session, batch, Channel.PROLIFIC)
    ways.channel(session, batch, Channel.LINK, title="t", description="d")
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    assert earned(session, batch.id, link.id) is None
    unpaying = factories.launched(session)
    (other,) = links.create_personal(session, unpaying.id, count=1, now=NOW)
    assert earned(session, unpaying.id, other.id) is None


def test_the_code_of_an_outcome_is_the_channels_and_a_panels_own_comes_first() -> None:
    offer = from_json(PAID)
    assert (offer.code("screened_out"), offer.code("other")) == ("SCREEN", None)
    panel = replace(offer, panel=Panel("id", code="SONA"))
    assert (panel.code("completed"), panel.code("screened_out")) == ("SONA", "SCREEN")
    assert defaults(Channel.LINK).code("completed") is None


def test_the_facts_of_a_batch_are_asked_once_in_half_a_minute(database: Database) -> None:
    now = 0.0
    remembered = Remembered(lambda: now)
    asked: list[str] = []
    with database.transaction() as session:
        batch = factories.launched(session, prompts=4)
        event.listen(session.connection().engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert remembered.of(session, batch.id) == Facts(4, {})
        ways.channel(session, batch)
        asked.clear()
        assert (remembered.of(session, batch.id), asked) == (Facts(4, {}), [])
        now = 31.0
        assert remembered.of(session, batch.id) == Facts(4, {Channel.LINK: RULE})
