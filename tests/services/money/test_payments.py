"""Payments through a vendor that fails at every point: nothing is paid twice, nobody stays unpaid, all sums agree."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.protocol import CrowdError, NotAllowed, Payment, Refused, Unreachable
from backend.db.ledger import FEES, Account, Purpose
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Channel, Rater
from backend.db.session import Database
from backend.domain.money import Money
from backend.domain.pay import MTURK, Offer, PayRule, preview
from backend.errors import Conflict, Invalid, NotFound
from backend.services.money import budgets, intents, ledger, payments, top_ups
from backend.services.money.payments import Differences, Settled
from tests.factories import NOW
from tests.paid import owe_everything, with_budget, worked
from tests.vendor import Clock, Vendor

PAPER = PayRule(median_ms=43_000)
LATER = NOW + intents.PATIENCE


class Killed(BaseException):
    """The process ends here, whatever is being done."""


def die() -> None:
    raise Killed


def failing(error: CrowdError, *, times: int = 1) -> Callable[[], None]:
    """Raises so many times, then no more."""
    left = [error] * times

    def trouble() -> None:
        if left:
            raise left.pop()

    return trouble


def intended(database: Database, *, prompts: int = 2, people: int = 3) -> int:
    """A batch whose payments are intended, in its small form three approvals and bonuses for the two slow raters."""
    with database.transaction() as session:
        batch = worked(session, prompts=prompts, people=people, active_ms=[60_000, 20_000, 200_000, 43_000, 31_000])
        worst = preview(PAPER, Offer(pieces=3 * prompts, fees=MTURK)).total.minor
        reservation = with_budget(session, batch, worst, aside=worst)
        owe_everything(session, batch.id, reservation, PAPER, MTURK)
        top_ups.top_up(session, reservation, rule=PAPER, fees=MTURK, now=NOW)
        intend(session, batch.id)
        return batch.id


def intend(session: Session, batch_id: int) -> None:
    """One approval a rater for all rewards, one bonus for all top-ups."""
    names = {rater.id: rater.external_id for rater in session.scalars(select(Rater))}
    purposes = {
        PaymentKind.APPROVAL: (Purpose.REWARD, Purpose.REWARD_FEE),
        PaymentKind.BONUS: (Purpose.TOP_UP, Purpose.TOP_UP_FEE),
    }
    owed = ledger.owed(session, batch_id)
    for rater in sorted({entry.rater_id for entry in owed}):
        for kind, of in purposes.items():
            if own := [entry for entry in owed if entry.rater_id == rater and entry.purpose in of]:
                intents.intend_payment(
                    session,
                    own,
                    kind=kind,
                    posting_id="P",
                    submission_id=f"S-{names[rater]}",
                    reason="To the hourly target",
                    now=NOW,
                )


def vendor(database: Database, *, keeps_tokens: bool = True) -> Vendor:
    """A vendor whose rewards are what is intended."""
    with database.reading() as session:
        rows = session.execute(
            select(PaymentIntent, Rater.external_id)
            .join(Rater, Rater.id == PaymentIntent.rater_id)
            .where(PaymentIntent.kind == PaymentKind.APPROVAL)
        )
        rewards = {one.submission_id: (name, Money(one.amount)) for one, name in rows}
    return Vendor(rewards, keeps_tokens=keeps_tokens)


def settle(database: Database, crowd: Vendor, batch: int, clock: Clock | None = None) -> Settled:
    return payments.settle(database, crowd, batch, channel=Channel.LINK, clock=clock or Clock())


def states(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(PaymentIntent.state)))


def differences(database: Database, batch: int, crowd: Vendor) -> Differences:
    with database.reading() as session:
        return payments.reconcile(session, batch, crowd.payments("P"), channel=Channel.LINK)


def assert_all_is_paid_once(database: Database, batch: int, crowd: Vendor) -> None:
    assert states(database) == {PaymentState.CONFIRMED}
    assert differences(database, batch, crowd).none
    with database.reading() as session:
        found, standing = ledger.balances(session, batch), budgets.standing(session, batch)
        intended_sum = sum(session.scalars(select(PaymentIntent.amount)))
    assert found[Account.OWED] == found[Account.PAYING] == Money(0)
    assert found[Account.PAID].minor == crowd.spent == intended_sum
    assert found[Account.PAID].minor + found[Account.FEES].minor == standing.spent.minor
    assert found[Account.RESERVED] == standing.reserved


def test_a_vendor_that_answers_pays_everything_in_one_run(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    done = settle(database, crowd, batch)
    assert (len(done.confirmed), done.refused, done.unknown, done.stopped) == (5, [], [], None)
    assert_all_is_paid_once(database, batch, crowd)
    assert settle(database, crowd, batch) == Settled()
    assert set(crowd.calls.values()) == {1}


@pytest.mark.parametrize("keeps_tokens", [True, False])
def test_a_process_killed_between_the_answer_and_the_commit_pays_nothing_twice(
    database: Database, keeps_tokens: bool
) -> None:
    batch = intended(database)
    crowd = vendor(database, keeps_tokens=keeps_tokens)
    crowd.after = die
    with pytest.raises(Killed):
        settle(database, crowd, batch)
    assert (len(crowd.paid), states(database)) == (1, {PaymentState.SENT, PaymentState.INTENDED})
    crowd.after = lambda: None
    assert len(settle(database, crowd, batch).confirmed) == 4, "the fifth may still be asked for by somebody"
    assert len(settle(database, crowd, batch, Clock(LATER)).confirmed) == 1
    assert_all_is_paid_once(database, batch, crowd)
    assert max(count for call, count in crowd.calls.items() if call != "payments") == 1


def test_a_process_killed_at_every_single_payment_pays_each_once(database: Database) -> None:
    batch = intended(database)
    crowd, clock = vendor(database, keeps_tokens=False), Clock()
    crowd.after = die
    while states(database) != {PaymentState.CONFIRMED}:
        before = len(crowd.paid)
        try:
            settle(database, crowd, batch, clock)
        except Killed:
            assert len(crowd.paid) == before + 1
        clock.now += intents.PATIENCE
    assert_all_is_paid_once(database, batch, crowd)


def test_a_process_killed_before_the_call_pays_later(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    crowd.before = die
    with pytest.raises(Killed):
        settle(database, crowd, batch)
    crowd.before = lambda: None
    settle(database, crowd, batch, Clock(LATER))
    assert_all_is_paid_once(database, batch, crowd)


@pytest.mark.parametrize("keeps_tokens", [True, False])
def test_a_vendor_that_fails_after_it_acted_is_not_asked_again(database: Database, keeps_tokens: bool) -> None:
    batch = intended(database)
    crowd = vendor(database, keeps_tokens=keeps_tokens)
    crowd.after = failing(Unreachable("500 Internal Server Error"), times=2)
    done = settle(database, crowd, batch)
    assert (len(done.confirmed), len(done.unknown)) == (3, 2)
    assert len(differences(database, batch, crowd).unconfirmed) == 2
    assert sorted(settle(database, crowd, batch).confirmed) == done.unknown
    assert_all_is_paid_once(database, batch, crowd)


def test_a_list_that_the_vendor_refuses_to_show_is_no_refusal_to_pay(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    crowd.after = failing(Unreachable("It hung up."), times=5)
    done = settle(database, crowd, batch)
    assert len(done.unknown) == 5

    def hidden(posting_id: str) -> Iterator[Payment]:
        raise Refused(f"There is no {posting_id}.")

    shown, crowd.payments = crowd.payments, hidden  # type: ignore[method-assign]
    done = settle(database, crowd, batch)
    assert (len(done.unknown), done.refused) == (5, [])
    crowd.payments = shown  # type: ignore[method-assign]
    settle(database, crowd, batch)
    assert_all_is_paid_once(database, batch, crowd)


def test_a_vendor_that_fails_before_it_acts_is_asked_again_with_the_same_token(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    crowd.before = failing(Unreachable("503 Service Unavailable"), times=5)
    assert len(settle(database, crowd, batch).unknown) == 5
    assert crowd.paid == []
    settle(database, crowd, batch)
    assert_all_is_paid_once(database, batch, crowd)
    assert {count for call, count in crowd.calls.items() if call != "payments"} == {2}


def test_an_account_without_money_stops_the_run_and_the_next_one_goes_on(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    crowd.funds = 40
    done = settle(database, crowd, batch)
    assert (len(done.confirmed), done.stopped) == (1, "The account has not enough money.")
    crowd.funds = None
    assert len(settle(database, crowd, batch).confirmed) == 4
    assert_all_is_paid_once(database, batch, crowd)


def test_expired_credentials_stop_the_run_and_lose_nothing(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    crowd.before = failing(NotAllowed("The token has expired."))
    assert settle(database, crowd, batch) == Settled(stopped="The token has expired.")
    settle(database, crowd, batch)
    assert_all_is_paid_once(database, batch, crowd)


def test_what_a_vendor_refuses_is_owed_again_and_can_be_paid_otherwise(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    crowd.before = failing(Refused("There is no such submission."))
    (refused,) = settle(database, crowd, batch).refused
    with database.transaction() as session:
        assert session.get_one(PaymentIntent, refused).answer == "There is no such submission."
        owed = ledger.owed(session, batch)
        assert sum(entry.amount for entry in owed if entry.purpose not in FEES) == 36
        intend(session, batch)
    assert settle(database, crowd, batch).stopped is None
    with database.reading() as session:
        assert ledger.balances(session, batch)[Account.PAID].minor == crowd.spent
        assert ledger.owed(session, batch) == []


def test_two_runs_at_once_ask_for_each_payment_once(database: Database) -> None:
    batch = intended(database, prompts=8, people=12)
    crowd = vendor(database)
    with ThreadPoolExecutor(4) as runs:
        list(runs.map(lambda _: settle(database, crowd, batch), range(4)))
    assert_all_is_paid_once(database, batch, crowd)
    assert set(crowd.calls.values()) == {1}


def test_another_channel_is_left_alone(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    assert payments.settle(database, crowd, batch, channel=Channel.IMPORTED, clock=Clock()) == Settled()
    assert crowd.paid == []


def test_a_call_that_is_repeated_pays_once(database: Database) -> None:
    batch = intended(database)
    with database.transaction() as session:
        (first, *_) = intents.waiting(session, batch, channel=Channel.LINK, now=NOW)
        order = intents.begin(session, first, now=NOW)
        assert order is not None
        assert intents.begin(session, first, now=NOW) is None
        for _ in range(2):
            intents.outcome(session, first, confirmed=True, now=NOW)
        assert intents.begin(session, first, now=LATER) is None
        with pytest.raises(Conflict, match="is confirmed, so it can't become refused"):
            intents.outcome(session, first, confirmed=False, now=NOW)
    with database.transaction() as session:
        with pytest.raises(Conflict, match="is intended, so it can't become confirmed"):
            intents.outcome(session, first + 1, confirmed=True, now=NOW)
        with pytest.raises(NotFound, match="no payment 99"):
            intents.stop_asking(session, 99)


def test_the_same_money_is_not_intended_twice(database: Database) -> None:
    with database.transaction() as session:
        batch = worked(session, prompts=1, people=3, active_ms=[43_000])
        owe_everything(session, batch.id, with_budget(session, batch, 500, aside=500), PAPER, MTURK)
        owed = ledger.owed(session, batch.id)
        asked = {"kind": PaymentKind.BONUS, "posting_id": "P", "submission_id": "S", "reason": "Thanks", "now": NOW}
        with pytest.raises(Invalid, match="of one rater"):
            intents.intend_payment(session, owed, **asked)
        with pytest.raises(Invalid, match="fees alone"):
            intents.intend_payment(session, [entry for entry in owed if entry.purpose in FEES][:1], **asked)
        intents.intend_payment(session, owed[:2], **asked)
        with pytest.raises(Conflict, match="is being paid already"):
            intents.intend_payment(session, owed[:2], **asked)
        assert len(ledger.owed(session, batch.id)) == 4


def test_differences_are_shown_in_both_directions(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database, keeps_tokens=False)
    settle(database, crowd, batch)
    lost, twice, bonus = crowd.paid[0], crowd.paid[1], next(one for one in crowd.paid[2:] if one.is_bonus)
    crowd.paid = [*crowd.paid[1:], twice]
    found = differences(database, batch, crowd)
    assert [one.submission_id for one in found.missing_there] == [lost.submission_id]
    assert (found.unknown_here, found.unconfirmed, found.unlike) == ((twice,), (), ())
    more = replace(bonus, amount=Money(bonus.amount.minor + 1))
    with database.reading() as session:
        found = payments.reconcile(session, batch, [more])
    assert found.unknown_here == (more,)
    assert not found.none


def test_another_amount_or_rater_under_our_token_is_a_difference(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    settle(database, crowd, batch)
    bonus = next(one for one in crowd.paid if one.is_bonus)
    crowd.paid[crowd.paid.index(bonus)] = replace(bonus, amount=Money(1), rater_id="somebody")
    found = differences(database, batch, crowd)
    assert [(one.token, there.amount) for one, there in found.unlike] == [(bonus.token, Money(1))]


def test_a_submission_that_the_vendor_approved_by_itself_is_no_stranger(database: Database) -> None:
    batch = intended(database)
    crowd = vendor(database)
    rater, reward = crowd.rewards["S-w1"]
    crowd.paid.append(Payment(rater, "S-w1", reward, False, NOW - timedelta(days=1), None))
    found = differences(database, batch, crowd)
    assert [one.submission_id for one, _ in found.unconfirmed] == ["S-w1"]
    settle(database, crowd, batch)
    assert_all_is_paid_once(database, batch, crowd)


@pytest.mark.long
def test_the_papers_study_is_paid_to_the_cent(database: Database) -> None:
    """252 prompts × 3 by 71 raters, a process killed every tenth payment: ledger, budget and vendor agree."""
    batch = intended(database, prompts=252, people=71)
    crowd, clock = vendor(database, keeps_tokens=False), Clock()
    deaths = iter(range(10**6))

    def sometimes() -> None:
        if next(deaths) % 10 == 9:
            raise Killed

    crowd.after = sometimes
    while states(database) != {PaymentState.CONFIRMED}:
        try:
            settle(database, crowd, batch, clock)
        except Killed:
            clock.now += intents.PATIENCE
    assert_all_is_paid_once(database, batch, crowd)
    with database.reading() as session:
        found = top_ups.hourly(session, batch, PAPER)
        standing = budgets.standing(session, batch)
    assert len(found.raters) == 71
    assert found.hourly.min() >= 1500
    assert found.median is not None
    assert abs(found.median - 1500) <= 75
    assert int(found.earned.sum()) == crowd.spent >= 756 * 18
    assert standing.spent.minor <= standing.allowed.minor == 49_896
