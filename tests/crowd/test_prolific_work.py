"""Prolific's submissions: read, approved, rejected, and what was paid for them."""

from datetime import timedelta
from math import ceil

import pytest

from backend.crowd.protocol import (
    NoMoney,
    Payment,
    Refused,
    Unreachable,
)
from backend.domain.money import Money
from backend.domain.submissions import SubmissionState
from backend.simulator.prolific import Person, When
from tests.prolific import BONUS, REWARD, START, House, pay

REASON = "You chose the first answer in every one of forty comparisons, each in less than a second; please write to us."


def test_those_at_work_go_on_when_a_study_closes(at: House) -> None:
    study_id = at.published()
    at.participants.sign_up(Person("ada"))
    work = at.participants.reserve("ada", study_id)
    at.participants.start(work.id)
    at.crowd.close(study_id)
    at.participants.submit(work.id, "DONE")
    at.crowd.approve(work.id)
    assert work.status == "APPROVED"


def test_submissions_are_read_whatever_became_of_them(at: House) -> None:
    study_id = at.published(places=9)
    handed_in = at.handed_in(study_id, "ada")
    for name in ("ben", "cem", "dov"):
        at.participants.sign_up(Person(name))
    gave_back = at.participants.reserve("ben", study_id)
    at.participants.give_back(gave_back.id)
    started = at.participants.reserve("cem", study_id)
    at.participants.start(started.id)
    reserved = at.participants.reserve("dov", study_id)
    found = {one.id: one for one in at.crowd.submissions(study_id)}
    assert {key: one.state for key, one in found.items()} == {
        handed_in: SubmissionState.SUBMITTED,
        gave_back.id: SubmissionState.RETURNED,
        started.id: SubmissionState.ACTIVE,
        reserved.id: SubmissionState.ACTIVE,
    }
    one = found[handed_in]
    assert (one.rater_id, one.posting_id, one.code) == ("ada", study_id, "DONE")
    assert one.accepted_at == one.submitted_at == START
    assert found[reserved.id].submitted_at is None
    at.clock.advance(minutes=31)
    states = {one.id: one.state for one in at.crowd.submissions(study_id)}
    assert states[started.id] == SubmissionState.TIMED_OUT
    assert states[reserved.id] == SubmissionState.RETURNED


@pytest.mark.parametrize("people", [199, 200, 201, 400])
def test_long_lists_come_whole_also_at_the_edge_of_a_page(at: House, people: int) -> None:
    at.account.balance = 1_000_000
    study_id = at.published(places=people)
    for number in range(people):
        at.handed_in(study_id, f"p{number}")
    found = [one.rater_id for one in at.crowd.submissions(study_id)]
    assert len(found) == len(set(found)) == people


def test_a_vendor_that_gives_less_than_it_was_asked_for_is_asked_on(at: House) -> None:
    study_id = at.published(places=25)
    for number in range(25):
        at.handed_in(study_id, f"p{number}")
    at.account.longest_page = 10
    assert len({one.id for one in at.crowd.submissions(study_id)}) == 25


def test_an_approval_pays_once(at: House) -> None:
    submission = at.handed_in(at.published())
    at.crowd.approve(submission)
    at.another_process().approve(submission)
    assert at.account.balance == 100_000 - 200
    assert at.counted("POST", f"/submissions/{submission}/transition/") == 1


def test_an_approval_that_was_not_answered_is_found_out_by_reading(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.AFTER, "POST", "/transition/")
    at.crowd.approve(submission)
    assert at.account.balance == 100_000 - 200


def test_an_approval_that_did_not_happen_can_be_asked_for_again(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.BEFORE, "POST", "/transition/")
    with pytest.raises(Unreachable):
        at.crowd.approve(submission)
    assert at.account.balance == 100_000
    at.crowd.approve(submission)
    assert at.account.balance == 100_000 - 200


def test_an_approval_without_money_says_so_and_works_once_there_is_some(at: House) -> None:
    submission = at.handed_in(at.published())
    at.account.balance = 199
    with pytest.raises(NoMoney, match="balance"):
        at.crowd.approve(submission)
    at.account.balance = 1_000
    at.crowd.approve(submission)
    assert at.account.balance == 800


def test_who_ran_out_of_time_can_still_be_paid(at: House) -> None:
    study_id = at.published()
    at.participants.sign_up(Person("ada"))
    work = at.participants.reserve("ada", study_id)
    at.participants.start(work.id)
    at.clock.advance(minutes=30)
    at.crowd.approve(work.id)
    assert at.account.balance == 100_000 - 200


def test_a_rejection_carries_a_persons_reason_and_costs_nothing(at: House) -> None:
    submission = at.handed_in(at.published())
    with pytest.raises(Refused, match="100 characters"):
        at.crowd.reject(submission, reason="No.")
    at.crowd.reject(submission, reason=REASON)
    at.crowd.reject(submission, reason=REASON)
    assert at.account.works[submission].rejected_for == REASON
    assert at.account.balance == 100_000


def test_what_was_paid_can_not_be_rejected(at: House) -> None:
    submission = at.handed_in(at.published())
    at.crowd.approve(submission)
    with pytest.raises(Refused):
        at.crowd.reject(submission, reason=REASON)


def test_payments_are_everything_that_left_the_account_but_fees(at: House) -> None:
    study_id = at.published()
    paid, waiting = at.handed_in(study_id, "ada"), at.handed_in(study_id, "ben")
    at.crowd.approve(paid)
    pay(at.crowd, paid)
    assert list(at.crowd.payments(study_id)) == [
        Payment("ada", paid, REWARD, False, START, None),
        Payment("ada", paid, BONUS, True, START, None),
    ]
    assert at.account.works[waiting].status == "AWAITING REVIEW"


def test_a_screened_out_participant_was_paid_by_the_vendor_and_is_not_paid_again(at: House) -> None:
    study_id = at.published()
    at.account.studies[study_id].fields["completion_codes"] = [
        {"code": "OUT", "actions": [{"action": "FIXED_SCREEN_OUT_PAYMENT", "fixed_screen_out_reward": 15}]}
    ]
    submission = at.handed_in(study_id, code="OUT")
    assert [one.state for one in at.crowd.submissions(study_id)] == [SubmissionState.APPROVED]
    at.crowd.approve(submission)
    assert [(one.amount.minor, one.is_bonus) for one in at.crowd.payments(study_id)] == [(15, True)]
    assert at.account.balance == 100_000 - 20


def test_a_state_that_is_new_to_us_is_said_and_not_guessed(at: House) -> None:
    study_id = at.published()
    at.account.works[at.handed_in(study_id)].status = "PONDERED"
    other = at.handed_in(study_id, "bob")
    found = at.crowd.submissions(study_id)
    assert next(found).id == other
    with pytest.raises(Refused, match="'PONDERED'"):
        next(found)


def test_a_return_that_overtakes_a_submission_leaves_nothing_to_approve(at: House) -> None:
    study_id = at.published()
    at.participants.sign_up(Person("ada"))
    work = at.participants.reserve("ada", study_id)
    at.participants.start(work.id)
    at.participants.give_back(work.id)
    with pytest.raises(Refused, match="RETURNED"):
        at.crowd.approve(work.id)
    assert at.crowd.balance() == Money(100_000 - 3 * 200, "GBP")


def test_a_whole_study_ends_exact_to_the_penny(at: House) -> None:
    study_id = at.published(places=20, time_allowed=timedelta(hours=1))
    for number in range(20):
        submission = at.handed_in(study_id, f"p{number}")
        at.crowd.approve(submission)
        bonus = Money(7 * number + 1, "GBP")
        at.crowd.pay_bonus(submission, rater_id=f"p{number}", amount=bonus, reason="", token=f"b{number}")
    paid = sum(one.amount.minor for one in at.crowd.payments(study_id))
    assert paid == 20 * 150 + sum(7 * number + 1 for number in range(20))
    fees = 20 * 50 + sum(ceil((7 * number + 1) / 3) for number in range(20))
    assert at.crowd.balance() == Money(100_000 - paid - fees, "GBP")
    assert at.account.studies[study_id].status == "AWAITING REVIEW"
