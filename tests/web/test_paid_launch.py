"""A launch that pays: what it costs is said before it, and it opens channels with a budget that is enough."""

import re
from dataclasses import replace
from html import unescape

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from backend.db.batches import Batch
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.channels import defaults
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.services.money import budgets, by_hand, quotes, spending
from backend.services.studies import batches, channels
from tests import factories, paid
from tests.web.test_studies import outputs, upload

PAID = {
    "pay": "1",
    "baseline": "theirs",
    "channel": "mturk",
    "seconds": "43",
    "per_hour": "15",
    "currency": "usd",
}


@pytest.fixture
def unlaunched(researcher: TestClient) -> str:
    """A study of three prompts that nobody has rated."""
    upload(researcher, ("mine.jsonl", outputs("a", "b", "c")), ("theirs.jsonl", outputs("d", "e", "f")))
    return "/studies/1"


def test_what_a_paid_launch_costs_is_shown_before_it(researcher: TestClient, unlaunched: str) -> None:
    """Nine ratings at 18 cents with 4 of fee each; at worst 36 more with 8 of fee: 9 · 22 = 198, and 9 · 44 more."""
    html = researcher.get(unlaunched, params=PAID).text
    assert "9 ratings</strong>, about 0.1 hours of raters’ time, about <strong" in html
    said = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "about $1.98 with fees and at most $5.94 ." in said
    for line in ("Rewards 9 $0.18 $1.62", "Fees on rewards 9 $0.04 $0.36", "Top-ups at worst 9 $0.36 $3.24"):
        assert line in said
    assert "Fees on top-ups at worst 9 $0.08 $0.72" in said
    assert 'name="channel" value="mturk" checked' in html
    assert "from the lengths of the texts, since nobody has rated this study" in said
    assert "at most" not in researcher.get(unlaunched, params={**PAID, "pay": ""}).text.split("Pay raters")[0]


def test_a_paid_launch_opens_its_channels_with_a_budget_of_what_they_set_aside(
    researcher: TestClient, unlaunched: str, database: Database
) -> None:
    assert researcher.post(f"{unlaunched}/batches", data={**PAID, "channel": ["mturk", "link"]}).status_code == 200
    with database.reading() as session:
        standing = budgets.standing(session, 1)
        assert (standing.free, standing.reserved) == (Money(594), Money(9 * 54))
        declared = {one.channel: channels.settings_of(one) for one in channels.of_batch(session, 1)}
    assert set(declared) == {"link", "mturk"}
    assert [one.pay.reward for one in declared.values() if one.pay] == [Money(18)] * 2


def test_what_a_launch_quotes_for_links_is_set_aside_before_anybody_is_invited(
    researcher: TestClient, unlaunched: str, database: Database
) -> None:
    researcher.post(f"{unlaunched}/batches", data={**PAID, "channel": "link", "budget": "5.00"})
    with database.transaction() as session:
        assert budgets.standing(session, 1).reserved == Money(9 * 54)
        row = channels.get(session, 1, Channel.LINK)
        aside = by_hand.set_aside(session, row, now=factories.NOW)
        assert aside is not None
        assert aside.remaining == 9 * 54
        assert budgets.standing(session, 1).reserved == Money(9 * 54)


def test_checks_and_extra_seats_are_set_aside_with_what_a_launch_quotes(database: Database) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=2, checks={"attention": 0.1}, split_rule="extra")
        settings = replace(defaults(Channel.LINK), pay=PayRule(median_ms=43_000), places=2)
        quotes.declare(session, batch, {Channel.LINK: settings}, budget=None, now=factories.NOW)
        found = quotes.of_batch(session, batch)
        assert found is not None
        assert budgets.standing(session, batch.id).reserved == found.aside
        assert found.aside.minor > 10 * 54  # ten seats, and the checks


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget": "5"}, "can cost $5.94 at most, and the budget is $5.00: $0.94 are missing"),
        ({"budget": "a lot"}, "This budget can't be used: 'a lot' is no amount of USD."),
        ({"seconds": "long"}, "the time of a comparison is a number, not 'long'"),
        ({"seconds": "0"}, "a comparison takes between 0 and 86,400 seconds"),
        ({"seconds": "nan"}, "the time of a comparison is a number"),
        ({"per_hour": "-1"}, "'-1' is no amount of USD"),
        ({"currency": "dollars"}, "a currency is three letters"),
        ({"channel": "panel"}, "Choose at least one channel"),
        ({"channel": "prolific", "prolific_fee": "x"}, "the fee is a number, not 'x'"),
        ({"raters": "0"}, "places and seats are at least 1"),
        ({"prompts": "x"}, "prompts must be a whole number"),
    ],
)
def test_a_paid_launch_that_can_not_be_says_why_and_launches_nothing(
    researcher: TestClient, unlaunched: str, database: Database, changes: dict[str, str], said: str
) -> None:
    looked = researcher.get(unlaunched, params={**PAID, **changes})
    assert looked.status_code == 200
    assert said in unescape(looked.text)
    refused = researcher.post(f"{unlaunched}/batches", data={**PAID, **changes})
    assert refused.status_code in (409, 422)
    assert said in unescape(refused.text)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 0


def test_a_launch_without_pay_declares_no_channel_and_no_budget(
    researcher: TestClient, unlaunched: str, database: Database
) -> None:
    researcher.post(f"{unlaunched}/batches", data={"baseline": "theirs", "per_hour": "nonsense"})
    with database.reading() as session:
        assert channels.of_batch(session, 1) == []
        assert spending.of_batch(session, 1) is None


def test_the_next_launch_takes_its_time_from_the_pilot(
    researcher: TestClient, unlaunched: str, database: Database
) -> None:
    researcher.post(f"{unlaunched}/batches", data={"baseline": "theirs"})
    with database.transaction() as session:
        paid.rate(session, batches.get(session, 1), people=3, active_ms=[20_000, 60_000, 200_000])
    said = researcher.get(unlaunched).text
    assert 'name="seconds" inputmode="decimal" autocomplete="off" value="60.0"' in said
    assert "60.0: the median of 9 ratings in" in said


def test_prolifics_fee_is_a_setting(researcher: TestClient, unlaunched: str) -> None:
    """A fifth of 162 cents is charged piece by piece: nine times 4 cents."""
    html = researcher.get(unlaunched, params={**PAID, "channel": "prolific", "prolific_fee": "20"}).text
    assert "$5.94" in html


def test_the_dearest_channel_is_the_worst_case() -> None:
    """Ten seats of a comparison: Mechanical Turk takes 40 % of 18 cents, 8 of them rounded up, and Prolific 6."""
    rule, settings = PayRule(median_ms=43_000), factories.settings(seats=10)
    wanted = {one: replace(defaults(one), pay=rule) for one in (Channel.LINK, Channel.PROLIFIC, Channel.MTURK)}
    found = quotes.quote(settings, wanted, comparisons=2)
    assert found is not None
    assert (found.dearest, found.ratings, found.expected) == (Channel.PROLIFIC, 20, Money(20 * 24))
    alone = quotes.quote(settings, {Channel.MTURK: wanted[Channel.MTURK]}, comparisons=2)
    assert alone is not None
    assert alone.expected == Money(20 * 26)
    assert quotes.quote(settings, {Channel.LINK: defaults(Channel.LINK)}, comparisons=2) is None


def test_the_papers_study_costs_what_its_launch_says() -> None:
    """252 prompts × 3 at 43 seconds: 756 rewards of 18 cents and fees of 4, and 9.03 hours."""
    settings = replace(defaults(Channel.MTURK), pay=PayRule(median_ms=43_000))
    found = quotes.quote(factories.settings(), {Channel.MTURK: settings}, comparisons=252)
    assert found is not None
    assert (found.ratings, round(found.hours, 2), found.expected) == (756, 9.03, Money(756 * 22))


def test_checks_are_in_the_worst_case_for_as_many_raters_as_may_come() -> None:
    """6 ratings, a tenth of them attention checks: none by the rate, one more for each of two raters; 8 in all."""
    settings = factories.settings(checks={"attention": 0.1})
    limited = replace(defaults(Channel.LINK), pay=PayRule(median_ms=43_000), places=2)
    found = quotes.quote(settings, {Channel.LINK: limited}, comparisons=2)
    assert found is not None
    assert found.worst.total == Money(8 * 54)
    assert found.expected == Money(6 * 18)


def test_prolific_is_set_aside_whole_places_where_the_last_is_for_less_work() -> None:
    """Seven comparisons of three seats are 21 ratings; at four a session that takes six places."""
    settings = factories.settings(seats=3, session_size=4)
    wanted = {Channel.PROLIFIC: replace(defaults(Channel.PROLIFIC), pay=PayRule(median_ms=43_000))}
    found = quotes.quote(settings, wanted, comparisons=7)
    assert found is not None
    pieces = 24  # six places of four

    assert (found.ratings, found.worst.lines[0].count) == (21, pieces)
