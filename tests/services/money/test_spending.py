"""A batch's money as people read it: it adds up to the ledger to the cent, and every rater's row to the batch.

Four raters with three pieces each at 18 cents; of 60, 129, 180 and 387 counted seconds. At $15 an hour that earns 25,
54, 75 and 162 cents: 21 and 108 are missing to the last two, whose vendor takes 4 cents on each reward.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.ledger import Account, LedgerEntry, Purpose
from backend.db.payments import PaymentState
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.errors import Invalid, NotFound
from backend.services.money import budgets, by_hand, entries, ledger, paysheet, spending, top_ups, why_unowed
from backend.services.money.entries import Wanted
from backend.services.money.why_unowed import Unowed, Why
from backend.services.pseudonyms import pseudonyms
from tests import factories, paid
from tests.factories import NOW
from tests.paid import PAPER, Paid


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def made(session: Session) -> Paid:
    """Money in every account."""
    return paid.everywhere(session)


def test_a_batchs_money_adds_up_to_the_ledger(session: Session, made: Paid) -> None:
    found = spending.of_batch(session, made.batch.id)
    assert found is not None
    assert found.accounts == ledger.balances(session, made.batch.id)
    assert found.accounts == {
        Account.RESERVED: Money(1_131),
        Account.OWED: Money(87),
        Account.PAYING: Money(174 + 54),
        Account.PAID: Money(54),
        Account.FEES: Money(0),
    }
    assert (found.whole.of_rewards, found.whole.of_top_ups, found.whole.of_fees) == (
        Money(216),
        Money(129),
        Money(24),
    )
    assert found.whole.earned == found.standing.spent == Money(369)
    assert found.standing.free == Money(500)


def test_its_channels_add_up_to_the_whole(session: Session, made: Paid) -> None:
    found = spending.of_batch(session, made.batch.id)
    assert found is not None
    assert list(found.channels) == [Channel.LINK, Channel.MTURK]
    assert [one.raters for one in found.channels.values()] == [2, 2]
    for account in Account:
        if account != Account.RESERVED:
            parts = [one.amount(account).minor for one in found.channels.values()]
            assert sum(parts) == found.whole.amount(account).minor
    assert found.channels["mturk"].earned == Money(261)


def test_a_batch_without_a_budget_has_no_money_to_show(session: Session) -> None:
    batch = factories.launched(session)
    assert spending.of_batch(session, batch.id) is None
    assert spending.standings(session, [batch.id]) == {}
    assert paysheet.of_batch(session, batch.id, {}, pseudonyms("k", 1)).rows == ()


def test_fees_end_with_the_vendor_and_pay_with_the_rater(session: Session, made: Paid) -> None:
    payment = paid.intended(session, ledger.owed(session, made.batch.id))
    paid.settled(session, payment.id)
    found = spending.of_batch(session, made.batch.id)
    assert found is not None
    assert found.accounts == ledger.balances(session, made.batch.id)
    assert (found.accounts[Account.PAID], found.accounts[Account.FEES]) == (Money(54 + 75), Money(12))
    assert spending.troubles(session, made.batch.id)[0].state == PaymentState.SENT
    assert len(spending.troubles(session, made.batch.id)) == 1


def test_payments_that_did_not_go_through_are_listed_with_what_the_vendor_said(session: Session, made: Paid) -> None:
    unknown, refused = spending.troubles(session, made.batch.id)
    assert (unknown.rater_id, unknown.state, unknown.answer) == (made.raters[3], PaymentState.SENT, None)
    assert (refused.rater_id, refused.state) == (made.raters[2], PaymentState.REFUSED)
    assert refused.answer == "This worker can't be paid any more."
    assert refused.amount == Money(75)


def sheet(session: Session, made: Paid) -> paysheet.Paysheet:
    rules = spending.rules(session, made.batch.id)
    return paysheet.of_batch(session, made.batch.id, rules, pseudonyms("k", made.batch.id))


def test_each_rater_has_a_row_and_the_least_an_hour_comes_first(session: Session, made: Paid) -> None:
    rows = sheet(session, made).rows
    first, second, third, fourth = made.raters
    assert [one.rater_id for one in rows] == [third, second, fourth, first]
    assert [one.hourly for one in rows] == [Money(1_500), Money(1_506), Money(1_506), Money(3_240)]
    assert [one.counted_ms for one in rows] == [180_000, 129_000, 387_000, 60_000]
    assert [one.earned for one in rows] == [Money(75), Money(54), Money(162), Money(54)]
    assert [(one.owed.minor, one.paying.minor, one.paid.minor) for one in rows] == [
        (75, 0, 0),
        (0, 54, 0),
        (0, 162, 0),
        (0, 0, 54),
    ]
    assert {one.pieces for one in rows} == {3}
    assert sheet(session, made).median == Money(1_506)


def test_the_median_alone_is_that_of_the_rows_with_the_targets_and_none_where_nobody_is_paid(
    session: Session, made: Paid
) -> None:
    rules = spending.rules(session, made.batch.id)
    found = paysheet.in_the_median(session, made.batch.id, rules)
    assert found == paysheet.MedianPay(Money(1_506), (PAPER.per_hour,))
    assert paysheet.in_the_median(session, made.batch.id, {}) is None
    assert paysheet.in_the_median(session, factories.launched(session).id, rules) is None


def test_rows_say_the_same_as_the_rule_that_pays(session: Session, made: Paid) -> None:
    by_rule = top_ups.hourly(session, made.batch.id, PAPER)
    rows = sorted(sheet(session, made).rows, key=lambda one: one.rater_id)
    assert [one.rater_id for one in rows] == by_rule.raters.tolist()
    assert [one.counted_ms for one in rows] == by_rule.counted_ms.tolist()
    assert [one.for_time.minor for one in rows] == by_rule.earned.tolist()
    assert [one.hourly.minor for one in rows if one.hourly] == by_rule.hourly.tolist()


def test_raters_rows_add_up_to_the_ledger_without_fees(session: Session, made: Paid) -> None:
    rows = sheet(session, made).rows
    without_fees = select(func.sum(LedgerEntry.amount)).where(
        LedgerEntry.from_account == Account.RESERVED,
        LedgerEntry.purpose.in_([Purpose.REWARD, Purpose.TOP_UP]),
    )
    assert sum(one.earned.minor for one in rows) == session.execute(without_fees).scalar_one() == 345


def test_what_is_missing_to_the_target_is_seen_before_it_is_topped_up(session: Session) -> None:
    batch = paid.worked(session, prompts=2, people=3, active_ms=[20_000, 60_000, None])
    paid.declared(session, batch.id, Channel.LINK)
    reservation = paid.with_budget(session, batch, 500, aside=200)
    paid.owe_everything(session, batch.id, reservation, PAPER, paid.NO_FEES)
    found = paysheet.of_batch(session, batch.id, spending.rules(session, batch.id), pseudonyms("k", 1))
    assert found.missing == (1, Money(14))
    assert sorted(one.counted_ms for one in found.rows) == [40_000, 86_000, 120_000]


def test_a_channel_that_pays_nothing_from_here_counts_the_time_that_was_measured(session: Session) -> None:
    batch = paid.worked(session, prompts=1, people=3, active_ms=[None, 600_000, 43_000])
    reservation = paid.with_budget(session, batch, 500, aside=200)
    paid.owe_everything(session, batch.id, reservation, PAPER, paid.NO_FEES)
    rows = paysheet.of_batch(session, batch.id, {}, pseudonyms("k", 1)).rows
    assert [(one.hourly, one.missing) for one in rows] == [
        (Money(108), Money(0)),
        (Money(1_506), Money(0)),
        (None, Money(0)),
    ]


def test_pages_call_a_vendors_rater_by_a_pseudonym_and_a_links_by_its_code(session: Session, made: Paid) -> None:
    names = {one.rater_id: one.name for one in sheet(session, made).rows}
    assert names[made.raters[0]] == "w1"
    assert names[made.raters[2]] == pseudonyms("k", made.batch.id)[made.raters[2]]
    assert {one.external_id for one in sheet(session, made).rows} == {"w1", "w2", "A1", "A2"}


def test_unpaid_work_says_why(session: Session) -> None:
    batch = paid.worked(session, prompts=2, people=3, active_ms=[43_000])
    who = [one.rater_id for one in paid.unowed.work(session, batch.id)][:3]
    paid.from_vendor(session, who[1:], Channel.MTURK)
    paying = {"link", "mturk"}
    assert why_unowed.of_batch(session, batch.id, channels=paying) == [
        Unowed("link", Why.NO_MONEY, 2, 1),
        Unowed("mturk", Why.UNLISTED, 4, 2),
    ]
    assert why_unowed.of_batch(session, batch.id, channels={"link"}) == [Unowed("link", Why.NO_MONEY, 2, 1)]
    budgets.set_budget(session, batch.id, allowed=Money(500))
    channel = paid.declared(session, batch.id, Channel.MTURK)
    paid.submitted(session, channel, batch.id, who[1])
    assert why_unowed.of_batch(session, batch.id, channels=paying) == [
        Unowed("link", Why.WAITS, 2, 1),
        Unowed("mturk", Why.WAITS, 2, 1),
        Unowed("mturk", Why.UNLISTED, 2, 1),
    ]
    assert why_unowed.count(session, batch.id) == len(paid.unowed.work(session, batch.id)) == 6


def test_what_a_person_has_to_pay_is_no_trouble_and_paid_once_they_say_so(session: Session, made: Paid) -> None:
    (due,) = by_hand.dues(session, made.batch.id)
    assert (due.rater_id, due.channel, due.rater, due.amount) == (made.raters[1], "link", "w2", Money(54))
    assert made.raters[1] not in {one.rater_id for one in spending.troubles(session, made.batch.id)}
    by_hand.mark(session, due.token, now=NOW)
    assert by_hand.dues(session, made.batch.id) == []
    assert ledger.balances(session, made.batch.id)[Account.PAID] == Money(108)


def pages(session: Session, made: Paid, wanted: Wanted) -> list[list[int]]:
    """Every page from the newest on, and back again."""
    names, found = pseudonyms("k", made.batch.id), list[list[int]]()
    page = entries.listing(session, made.batch.id, wanted, names)
    assert page.newer is None
    found.append([one.id for one in page.lines])
    while page.older is not None:
        before = page
        page = entries.listing(session, made.batch.id, wanted, names, before=page.older)
        found.append([one.id for one in page.lines])
        assert page.newer is not None
        assert entries.listing(session, made.batch.id, wanted, names, after=page.newer).lines == before.lines
    return found


def test_the_ledger_is_read_page_by_page_in_both_directions(
    session: Session, made: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "ENTRIES_A_PAGE", 10)
    everything = list(session.scalars(select(LedgerEntry.id).order_by(LedgerEntry.id.desc())))
    found = pages(session, made, Wanted())
    assert [number for page in found for number in page] == everything
    assert [len(page) for page in found][:-1] == [10] * (len(found) - 1)


def test_the_ledger_is_filtered_by_work_rater_and_where_the_money_is(session: Session, made: Paid) -> None:
    names = pseudonyms("k", made.batch.id)

    def total(**wanted: object) -> int:
        return sum(one.amount.minor for one in entries.listing(session, made.batch.id, Wanted(**wanted), names).lines)

    balances = ledger.balances(session, made.batch.id)
    for account in (Account.OWED, Account.PAYING, Account.PAID, Account.FEES):
        assert total(account=account) == balances[account].minor
    assert total(work="skip") == 0
    assert total(rater_id=made.raters[0]) == 3 * 54
    for wrong in ({"work": "sleep"}, {"account": "bank"}):
        with pytest.raises(Invalid, match="The ledger knows no"):
            total(**wrong)


def test_a_piece_of_work_shows_its_receipt_its_time_and_all_its_money(session: Session, made: Paid) -> None:
    names = pseudonyms("k", made.batch.id)
    entry = session.scalars(
        select(LedgerEntry).where(LedgerEntry.rater_id == made.raters[2], LedgerEntry.purpose == Purpose.TOP_UP)
    ).first()
    assert entry is not None
    found = entries.piece(session, made.batch.id, entry.id, names)
    assert (found.receipt, found.active_ms, found.done_at) == (f"R-{entry.assignment_id}", 60_000, NOW)
    assert found.place is not None
    assert {one.purpose for one in found.trail} == {Purpose.REWARD, Purpose.REWARD_FEE, Purpose.TOP_UP}
    assert [one.target for one in found.trail if one.purpose == Purpose.TOP_UP] == ["owed", "paying", "owed"]
    assert [one.answer for one in found.payments] == ["This worker can't be paid any more."]
    with pytest.raises(NotFound, match="no ledger entry 99999"):
        entries.piece(session, made.batch.id, 99_999, names)
    with pytest.raises(NotFound):
        entries.piece(session, factories.launched(session).id, entry.id, names)


def test_a_compensation_is_a_piece_of_work_with_its_reason(session: Session, made: Paid) -> None:
    ledger.compensate(
        session,
        made.batch.id,
        rater_id=made.raters[0],
        amount=Money(50),
        fee=Money(0),
        reason="The page broke.",
        key="k",
        now=NOW,
    )
    newest = session.scalars(select(func.max(LedgerEntry.id))).one()
    found = entries.piece(session, made.batch.id, newest, pseudonyms("k", made.batch.id))
    assert (found.reason, found.receipt, found.place, found.active_ms) == ("The page broke.", None, None, None)


def test_only_channels_that_pay_have_a_rule(session: Session, made: Paid) -> None:
    assert spending.rules(session, made.batch.id) == {"link": PAPER, "mturk": PAPER}
    batch = factories.launched(session)
    paid.declared(session, batch.id, Channel.LINK, None)
    assert spending.rules(session, batch.id) == {}
    assert PayRule(median_ms=43_000) == PAPER


def test_appeals_that_wait_and_budgets_are_counted_for_many_batches_at_once(session: Session, made: Paid) -> None:
    other = factories.launched(session)
    assert spending.open_appeals(session) == {made.batch.id: 1}
    assert spending.standings(session, [made.batch.id, other.id]) == {
        made.batch.id: budgets.standing(session, made.batch.id)
    }
