"""Prolific's bonuses: a second pay call would pay twice, so there is none but in the window that is documented."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from backend.crowd.journal import Remembered
from backend.crowd.prolific import Prolific
from backend.crowd.protocol import (
    NoMoney,
    Refused,
    Unreachable,
)
from backend.domain.money import Money
from backend.simulator.prolific import When, Work
from backend.simulator.prolific.request import Wrong
from tests.prolific import BONUS, REWARD, House, pay


def test_a_token_pays_one_bonus_to_the_penny(at: House) -> None:
    submission = at.handed_in(at.published())
    pay(at.crowd, submission)
    pay(at.crowd, submission)
    pay(at.crowd, submission, token="bonus-2", amount=Money(205, "GBP"))
    assert at.account.works[submission].bonuses == [30, 205]
    assert at.account.balance == 100_000 - 40 - (205 + 69)
    assert at.counted("POST", "/pay/") == 2


def test_the_vendor_itself_would_pay_a_second_time(at: House) -> None:
    submission = at.handed_in(at.published())
    pay(at.crowd, submission)
    (bonus,) = at.account.bonuses.values()
    at.crowd.calls.post(f"/bulk-bonus-payments/{bonus.id}/pay/")
    assert (bonus.paid, at.account.balance) == (2, 100_000 - 2 * 40)


@pytest.mark.parametrize("when", [When.AFTER, When.BEFORE])
def test_a_failed_set_up_moves_no_money(at: House, when: When) -> None:
    submission = at.handed_in(at.published())
    at.fail(when, "POST", "/submissions/bonus-payments/")
    with pytest.raises(Unreachable):
        pay(at.crowd, submission)
    assert at.account.balance == 100_000
    pay(at.crowd, submission)
    assert at.account.balance == 100_000 - 40


def test_a_pay_call_that_failed_after_paying_is_found_out_by_reading(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.AFTER, "POST", "/pay/")
    pay(at.crowd, submission)
    pay(at.crowd, submission)
    assert (at.account.balance, at.counted("POST", "/pay/")) == (100_000 - 40, 1)


def test_while_it_is_unknown_whether_a_bonus_was_paid_nothing_is_paid(at: House) -> None:
    submission = at.handed_in(at.published())
    at.account.slow_bonuses = True
    at.fail(When.AFTER, "POST", "/pay/")
    for _ in range(2):
        with pytest.raises(Unreachable, match="known at 10:00 UTC"):
            pay(at.crowd, submission)
    with pytest.raises(Unreachable, match="known at 10:00 UTC"):
        pay(at.crowd, submission, token="bonus-2")
    at.account.show_bonuses()
    pay(at.crowd, submission)
    assert (at.account.balance, at.counted("POST", "/pay/")) == (100_000 - 40, 1)
    pay(at.crowd, submission, token="bonus-2")
    assert at.account.balance == 100_000 - 80


def test_a_pay_call_that_failed_before_paying_is_made_again_an_hour_later(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.BEFORE, "POST", "/pay/")
    with pytest.raises(Unreachable):
        pay(at.crowd, submission)
    at.clock.advance(minutes=59)
    with pytest.raises(Unreachable):
        pay(at.crowd, submission)
    at.clock.advance(minutes=1)
    pay(at.crowd, submission)
    assert (at.account.balance, at.account.works[submission].bonuses) == (100_000 - 40, [30])


def test_two_tokens_of_one_amount_are_two_bonuses_though_the_first_is_not_shown_yet(at: House) -> None:
    submission = at.handed_in(at.published())
    at.account.slow_bonuses = True
    pay(at.crowd, submission, token="bonus-1")
    at.fail(When.BEFORE, "POST", "/pay/")
    with pytest.raises(Unreachable):
        pay(at.crowd, submission, token="bonus-2")
    at.account.show_bonuses()
    at.clock.advance(hours=1)
    pay(at.crowd, submission, token="bonus-2")
    assert at.account.balance == 100_000 - 80


def test_a_stored_journal_makes_a_killed_process_harmless(at: House) -> None:
    submission = at.handed_in(at.published())
    stored = Remembered()
    first = Prolific("a token", "a-project", at.vendor.base_url, stored, at.clock.sleep, at.clock)
    at.account.slow_bonuses = True
    at.fail(When.AFTER, "POST", "/pay/")
    with pytest.raises(Unreachable):
        pay(first, submission)
    at.account.show_bonuses()
    pay(Prolific("a token", "a-project", at.vendor.base_url, stored, at.clock.sleep, at.clock), submission)
    assert at.account.balance == 100_000 - 40


def test_of_two_threads_with_one_token_one_pays(at: House) -> None:
    submission = at.handed_in(at.published())
    barrier = Barrier(2)

    def go(_: int) -> bool:
        barrier.wait()
        try:
            pay(at.crowd, submission)
        except Unreachable:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert any(list(pool.map(go, range(2))))
    assert (at.account.balance, at.counted("POST", "/pay/")) == (100_000 - 40, 1)


def test_a_bonus_that_surely_was_not_paid_is_left_to_its_own_token(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.BEFORE, "POST", "/pay/")
    with pytest.raises(Unreachable):
        pay(at.crowd, submission, token="bonus-1")
    at.clock.advance(hours=1)
    pay(at.crowd, submission, token="bonus-2")
    assert at.account.balance == 100_000 - 40
    pay(at.crowd, submission, token="bonus-1")
    assert at.account.balance == 100_000 - 80


def test_a_refused_pay_call_leaves_nothing_in_doubt(at: House) -> None:
    submission = at.handed_in(at.published())
    pay_bonus, at.account.pay_bonus = at.account.pay_bonus, refuse
    with pytest.raises(NoMoney):
        pay(at.crowd, submission)
    at.account.pay_bonus = pay_bonus
    pay(at.crowd, submission)
    assert at.account.balance == 100_000 - 40


def refuse(work: Work, amount: int) -> None:
    raise Wrong(400, "Your balance does not cover this bonus")


def test_a_bonus_in_another_currency_is_refused(at: House) -> None:
    with pytest.raises(Refused, match="pays in GBP, not in USD"):
        pay(at.crowd, at.handed_in(at.published()), amount=Money(30))


def test_the_window_left_is_a_process_that_forgot(at: House) -> None:
    submission = at.handed_in(at.published())
    pay(at.crowd, submission)
    pay(at.another_process(), submission)
    assert at.account.balance == 100_000 - 80


def test_a_bonus_without_money_is_refused_before_the_pay_call(at: House) -> None:
    submission = at.handed_in(at.published())
    at.crowd.close(at.account.works[submission].study_id)
    at.account.balance = 200 + 39
    with pytest.raises(NoMoney, match=r"£0\.40; £0\.39"):
        pay(at.crowd, submission)
    assert at.counted("POST", "/pay/") == 0
    at.account.balance += 1
    pay(at.crowd, submission)
    assert at.account.balance == 200


def test_a_bonus_goes_to_whose_submission_it_is(at: House) -> None:
    submission = at.handed_in(at.published(), "ben")
    with pytest.raises(Refused, match="another rater's"):
        pay(at.crowd, submission)
    with pytest.raises(Refused, match="another rater's"):
        at.crowd.pay_bonus(submission, rater_id="ada", amount=BONUS, reason="", token="x")
    assert at.account.bonuses == {}


def test_a_token_stands_for_one_payment(at: House) -> None:
    submission = at.handed_in(at.published())
    pay(at.crowd, submission)
    with pytest.raises(Refused, match="another payment"):
        pay(at.crowd, submission, amount=REWARD)


def test_a_pay_call_that_was_too_fast_is_made_again_and_pays_once(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.TOO_FAST, "POST", "/pay/", times=2, retry_after=1)
    pay(at.crowd, submission)
    assert at.account.balance == 100_000 - 40
