"""Prolific's adapter over a real socket, against the simulator: never run against the vendor itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.crowd.http import Answer, Record, seconds
from backend.crowd.journal import Remembered
from backend.crowd.prolific import Prolific
from backend.crowd.prolific.calls import meaning
from backend.crowd.prolific.studies import with_placeholders
from backend.crowd.protocol import (
    Crowd,
    NoMoney,
    NotAllowed,
    Payment,
    Qualifications,
    Refused,
    SubmissionState,
    Unreachable,
)
from backend.domain.money import Money
from backend.simulator.prolific import Person, When, Work
from backend.simulator.prolific.request import Wrong
from tests.prolific import BONUS, REWARD, START, House, house, posting

REASON = "You chose the first answer in every one of forty comparisons, each in less than a second; please write to us."


@pytest.fixture
def at() -> Iterator[House]:
    with house() as made:
        yield made


def test_an_account_is_a_crowd_and_shows_its_token_to_nobody(at: House) -> None:
    crowd: Crowd = at.crowd
    assert "a token" not in repr(crowd)


def test_the_balance_is_what_open_studies_leave(at: House) -> None:
    assert at.crowd.balance() == Money(100_000, "GBP")
    at.published()
    assert at.crowd.balance() == Money(100_000 - 3 * 200, "GBP")
    assert at.account.balance == 100_000


def test_a_posting_becomes_a_study_that_is_offered(at: House) -> None:
    study = at.account.studies[at.published()]
    assert study.status == "ACTIVE"
    assert (study.reward, study.places, study.minutes) == (150, 3, 30)
    assert study.fields["estimated_completion_time"] == 10
    assert study.fields["completion_codes"] == [
        {"code": "DONE", "code_type": "COMPLETED", "actions": [{"action": "MANUALLY_REVIEW"}]},
        {"code": "OUT", "code_type": "OTHER", "actions": [{"action": "MANUALLY_REVIEW"}]},
        {"code": "NO", "code_type": "NO_CONSENT", "actions": [{"action": "REQUEST_RETURN"}]},
    ]


def test_a_participant_comes_to_our_page_with_the_three_ids(at: House) -> None:
    study_id = at.published()
    at.participants.sign_up(Person("ada"))
    work = at.participants.reserve("ada", study_id)
    query = parse_qs(urlsplit(at.participants.start(work.id)).query)
    assert query == {"lang": ["en"], "PROLIFIC_PID": ["ada"], "STUDY_ID": [study_id], "SESSION_ID": [work.id]}


def test_an_address_without_a_query_gets_one_and_keeps_its_fragment() -> None:
    assert with_placeholders("https://a.example/p#x") == (
        "https://a.example/p?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}#x"
    )


def test_the_same_token_twice_is_one_study(at: House) -> None:
    assert at.crowd.publish(posting()) == at.another_process().publish(posting())
    assert len(at.account.studies) == 1
    assert at.counted("POST", "/transition/") == 1


@pytest.mark.parametrize("path", ["/studies/", "/transition/"])
@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_publication_that_failed_half_way_is_finished_by_asking_again(at: House, path: str, when: When) -> None:
    at.crowd.groups.blocked()
    at.fail(when, "POST", path)
    if (path, when) == ("/transition/", When.AFTER):
        at.published()
    else:
        with pytest.raises(Unreachable):
            at.published()
    assert at.account.studies[at.another_process().publish(posting()).id].status == "ACTIVE"
    assert len(at.account.studies) == 1


@pytest.mark.parametrize("publishing", [timedelta(0), timedelta(seconds=2)])
def test_of_two_processes_that_publish_one_token_one_study_stays(at: House, publishing: timedelta) -> None:
    at.crowd.groups.blocked()
    at.account.publishing = publishing
    barrier = Barrier(2)

    class Crowded(Prolific):
        def find(self, token: str) -> Record | None:
            """Both look before either has made anything."""
            found = super().find(token)
            if found is None:
                barrier.wait(10)
            return found

    crowds = [Crowded("a token", "a-project", at.vendor.base_url, sleep=at.clock.sleep, now=at.clock) for _ in "ab"]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda crowd: crowd.publish(posting()).id, crowds)
    assert first == second
    assert {one.id: one.status for one in at.account.studies.values()} == {first: "ACTIVE"}
    assert at.crowd.balance() == Money(100_000 - 3 * 200, "GBP")


def test_a_publication_that_takes_its_time_is_waited_for(at: House) -> None:
    at.account.publishing = timedelta(seconds=3)
    assert at.account.studies[at.published()].status == "ACTIVE"
    assert at.clock.slept == [1, 2]


def test_a_publication_that_takes_too_long_is_found_by_asking_again(at: House) -> None:
    at.account.publishing = timedelta(minutes=5)
    with pytest.raises(Unreachable, match="not confirmed"):
        at.published()
    (study,) = at.account.studies.values()
    assert (at.crowd.publish(posting()).id, study.status) == (study.id, "PUBLISHING")
    at.clock.advance(minutes=5)
    at.crowd.pause(study.id)
    assert study.status == "PAUSED"


def test_a_cost_with_parts_of_a_penny_is_rounded_up() -> None:
    costs = Record({"whole": 40.0, "part": 40.0001, "none": None, "text": "40"})
    assert [costs.at_most(name) for name in ("whole", "part", "none", "text", "absent")] == [40, 41, None, None, None]


def test_a_study_is_not_published_without_the_money_for_it() -> None:
    with house(balance=599) as at:
        with pytest.raises(NoMoney, match=r"£6\.00 with fees; £5\.99 are left"):
            at.published()
        assert [study.status for study in at.account.studies.values()] == ["UNPUBLISHED"]
        at.account.balance = 600
        at.published()
        assert at.crowd.balance() == Money(0, "GBP")


def test_another_currency_is_refused(at: House) -> None:
    with pytest.raises(Refused, match="pays in GBP, not in USD"):
        at.published(reward=Money(150))


def test_a_posting_without_a_code_is_refused(at: House) -> None:
    with pytest.raises(Refused, match="completion code"):
        at.published(codes=())


def test_qualifications_become_filters(at: House) -> None:
    group = at.crowd.create_group("passed", description="the entry test")
    asked = Qualifications(95, 100, ("GB", "US"), ("en",), include=(group,), exclude=())
    study = at.account.studies[at.published(qualifications=asked)]
    (blocked,) = at.crowd.groups.blocked()
    assert study.fields["filters"] == [
        {"filter_id": "approval_rate", "selected_range": {"lower": 95, "upper": 100}},
        {"filter_id": "approval_numbers", "selected_range": {"lower": 100, "upper": 1_000_000}},
        {"filter_id": "current-country-of-residence", "selected_values": ["0", "1"]},
        {"filter_id": "fluent-languages", "selected_values": ["0"]},
        {"filter_id": "participant_group_allowlist", "selected_values": [group]},
        {"filter_id": "participant_group_blocklist", "selected_values": [blocked]},
    ]


def test_what_has_no_counterpart_is_named(at: House) -> None:
    asked = Qualifications(countries=("GB", "XX"), masters=True)
    assert at.crowd.publish(posting(qualifications=asked)).ignored == (
        "masters: Prolific has no such mark",
        "countries: Prolific does not know XX",
        "open_for: Prolific shows a study until it is closed",
    )


def test_a_list_of_which_nothing_is_known_is_refused_and_not_ignored(at: House) -> None:
    with pytest.raises(Refused, match="none of these countries: XX, QQ"):
        at.published(qualifications=Qualifications(countries=("XX", "QQ")))
    assert at.account.studies == {}


def test_places_are_added_once_for_a_token(at: House) -> None:
    study_id = at.published()
    at.crowd.extend(study_id, places=2, token="more")
    at.crowd.extend(study_id, places=2, token="more")
    at.crowd.extend(study_id, places=1, token="still more")
    assert at.account.studies[study_id].places == 6
    with pytest.raises(Refused, match="another posting"):
        at.crowd.extend("another", places=1, token="more")


@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_an_extension_in_doubt_is_finished_before_the_next(at: House, when: When) -> None:
    study_id = at.published()
    at.fail(when, "PATCH", study_id)
    with pytest.raises(Unreachable):
        at.crowd.extend(study_id, places=2, token="more")
    at.crowd.extend(study_id, places=1, token="still more")
    at.crowd.extend(study_id, places=2, token="more")
    assert at.account.studies[study_id].places == 6


def test_places_that_a_person_added_meanwhile_are_not_taken_away(at: House) -> None:
    study_id = at.published()
    at.fail(When.BEFORE, "PATCH", study_id)
    with pytest.raises(Unreachable):
        at.crowd.extend(study_id, places=2, token="more")
    at.account.studies[study_id].places = 9
    at.crowd.extend(study_id, places=2, token="more")
    assert (at.account.studies[study_id].places, at.counted("PATCH", study_id)) == (9, 1)


def test_an_extension_without_money_is_refused_and_forgotten(at: House) -> None:
    study_id = at.published()
    with pytest.raises(NoMoney):
        at.crowd.extend(study_id, places=1_000, token="many")
    at.crowd.extend(study_id, places=1, token="one")
    assert at.account.studies[study_id].places == 4


def test_a_study_pauses_goes_on_and_closes_for_good(at: House) -> None:
    study_id = at.published()
    for verb, status in (
        (at.crowd.pause, "PAUSED"),
        (at.crowd.pause, "PAUSED"),
        (at.crowd.resume, "ACTIVE"),
        (at.crowd.close, "AWAITING REVIEW"),
        (at.crowd.close, "AWAITING REVIEW"),
        (at.crowd.pause, "AWAITING REVIEW"),
    ):
        verb(study_id)
        assert at.account.studies[study_id].status == status
    with pytest.raises(Refused):
        at.crowd.resume(study_id)


@pytest.mark.parametrize("when", [When.AFTER, When.GIBBERISH])
def test_a_close_that_was_done_but_not_answered_is_found_out_by_reading(at: House, when: When) -> None:
    study_id = at.published()
    at.fail(when, "POST", "/transition/")
    at.crowd.close(study_id)
    assert at.account.studies[study_id].status == "AWAITING REVIEW"


def test_a_close_that_was_not_done_is_not_taken_for_done(at: House) -> None:
    study_id = at.published()
    at.fail(When.BEFORE, "POST", "/transition/")
    with pytest.raises(Unreachable):
        at.crowd.close(study_id)
    assert at.account.studies[study_id].status == "ACTIVE"


def test_a_closed_draft_can_never_be_published(at: House) -> None:
    at.crowd.groups.blocked()
    at.fail(When.BEFORE, "POST", "/transition/")
    with pytest.raises(Unreachable):
        at.published()
    (draft,) = at.account.studies
    at.crowd.close(draft)
    assert at.account.studies == {}


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


def pay(crowd: Prolific, submission: str, *, token: str = "bonus-1", amount: Money = BONUS) -> None:
    crowd.pay_bonus(submission, rater_id="ada", amount=amount, reason="up to the target", token=token)


def test_a_token_pays_one_bonus_to_the_penny(at: House) -> None:
    submission = at.handed_in(at.published())
    pay(at.crowd, submission)
    pay(at.crowd, submission)
    pay(at.crowd, submission, token="bonus-2", amount=Money(205, "GBP"))
    assert at.account.works[submission].bonuses == [30, 205]
    assert at.account.balance == 100_000 - 40 - (205 + 68)
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


def test_a_message_reaches_each_rater_once_in_a_study_of_theirs(at: House) -> None:
    first, second = at.published(), at.published(token="batch-8")
    at.handed_in(first, "ada")
    at.handed_in(second, "ben")
    at.crowd.message(["ada", "ben"], subject="Thank you", text="You were paid.")
    assert {(one.person_id, one.study_id, one.text) for one in at.account.letters} == {
        ("ada", first, "Thank you\n\nYou were paid."),
        ("ben", second, "Thank you\n\nYou were paid."),
    }
    with pytest.raises(Refused, match="stranger"):
        at.crowd.message(["stranger"], subject="Hello", text="Do you want to rate?")


def test_a_blocked_rater_is_shown_no_study_not_even_one_that_is_open(at: House) -> None:
    study_id = at.published()
    at.participants.sign_up(Person("ada"))
    at.crowd.block("ada", reason="planted answers")
    at.crowd.block("ada", reason="planted answers")
    assert at.participants.unfit(at.account.people["ada"], at.account.studies[study_id]) is not None
    at.crowd.unblock("ada")
    at.crowd.unblock("ada")
    assert at.participants.unfit(at.account.people["ada"], at.account.studies[study_id]) is None


def test_a_group_is_made_once_and_holds_whom_it_was_given(at: House) -> None:
    group = at.crowd.create_group("passed", description="the entry test")
    assert at.another_process().create_group("passed", description="the entry test") == group
    at.crowd.add_to_group(group, "ada", score=3)
    at.crowd.add_to_group(group, "ada", score=4)
    assert at.account.groups[group].members == ["ada"]
    at.crowd.remove_from_group(group, "ada")
    at.crowd.remove_from_group(group, "ada")
    assert at.account.groups[group].members == []
    with pytest.raises(Refused, match="no such participant group"):
        at.crowd.remove_from_group("nothing", "ada")


def test_too_fast_is_asked_again_after_the_pause_that_was_named(at: House) -> None:
    at.fail(When.TOO_FAST, "GET", "/users/me/", retry_after=7)
    at.fail(When.TOO_FAST, "GET", "/users/me/", times=2)
    assert at.crowd.balance() == Money(100_000, "GBP")
    assert at.clock.slept == [7, 2, 4]


def test_patience_ends(at: House) -> None:
    at.fail(When.TOO_FAST, "GET", "/users/me/", times=100, retry_after=3_600)
    with pytest.raises(Unreachable, match="429"):
        at.crowd.balance()
    assert at.clock.slept == [60] * 4


def test_a_pay_call_that_was_too_fast_is_made_again_and_pays_once(at: House) -> None:
    submission = at.handed_in(at.published())
    at.fail(When.TOO_FAST, "POST", "/pay/", times=2, retry_after=1)
    pay(at.crowd, submission)
    assert at.account.balance == 100_000 - 40


def test_reading_is_repeated_after_a_failure_and_acting_is_not(at: House) -> None:
    at.fail(When.BEFORE, "GET", "/users/me/", times=2)
    at.crowd.balance()
    assert at.clock.slept == [1, 2]
    at.fail(When.BEFORE, "POST", "/participant-groups/")
    with pytest.raises(Unreachable):
        at.crowd.create_group("passed", description="")
    assert at.counted("POST", "/participant-groups/") == 1


def test_an_expired_token_is_not_allowed_and_a_new_one_goes_on(at: House) -> None:
    submission = at.handed_in(at.published())
    at.account.token = "a new token"
    for ask in (at.crowd.balance, lambda: at.crowd.approve(submission), lambda: pay(at.crowd, submission)):
        with pytest.raises(NotAllowed, match="does not accept the token"):
            ask()
    renewed = Prolific("a new token", "a-project", at.vendor.base_url, sleep=at.clock.sleep, now=at.clock)
    pay(renewed, submission)
    assert at.account.balance == 100_000 - 40


@pytest.mark.parametrize("forged", ["", "..", "a/../b", "a?b=c", "a#", "x" * 65, "a b", "ä", "1/transition"])
def test_a_forged_id_chooses_no_path(at: House, forged: str) -> None:
    for ask in (at.crowd.approve, at.crowd.close, lambda one: pay(at.crowd, one)):
        with pytest.raises(Refused, match="is no id"):
            ask(forged)
    assert at.vendor.asked == []


def test_a_token_is_not_sent_in_the_clear(at: House) -> None:
    with pytest.raises(NotAllowed, match="use https"):
        Prolific("a token", "a-project", "http://prolific.example/api/v1", sleep=at.clock.sleep).balance()


def test_a_money_error_is_told_from_others_however_deep_its_words_lie(at: House) -> None:
    body = Record({"error": {"detail": {"amount": ["Insufficient funds", "top up"]}}})
    assert isinstance(meaning(Answer(400, None, body)), NoMoney)
    assert str(meaning(Answer(400, None, body))).endswith("amount: Insufficient funds top up")
    assert type(meaning(Answer(400, None, Record({"detail": "no such balanced thing"})))) is Refused
    assert isinstance(meaning(Answer(402, None, Record({}))), NoMoney)


def test_a_study_that_never_confirms_is_not_taken_for_published(at: House) -> None:
    at.crowd.groups.blocked()
    at.fail(When.GIBBERISH, "POST", "/transition/")
    at.account.set_study = lambda study, status: None
    with pytest.raises(Unreachable, match="not confirmed"):
        at.published()
    assert at.clock.slept == [1, 2, 4, 8]


def test_a_pause_named_as_a_date_counts_as_not_named() -> None:
    assert [seconds(given) for given in (None, "7", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "٧")] == [
        None,
        7,
        *[None] * 3,
    ]


def test_an_unknown_id_is_refused(at: House) -> None:
    for ask in (at.crowd.approve, at.crowd.close, lambda one: list(at.crowd.submissions(one))):
        with pytest.raises(Refused, match="no such"):
            ask("nothing")


def test_a_page_instead_of_an_answer_is_no_answer(at: House) -> None:
    at.fail(When.GIBBERISH, "GET", "/users/me/")
    with pytest.raises(Unreachable, match="available_balance"):
        at.crowd.balance()


def test_nobody_at_the_other_end_is_unreachable(at: House) -> None:
    gone = Prolific("a token", "a-project", "http://127.0.0.1:1/api/v1", sleep=at.clock.sleep)
    with pytest.raises(Unreachable, match="did not answer"):
        gone.balance()


def test_what_was_sent_and_not_answered_is_sent_once_and_what_only_reads_is_read_again(at: House) -> None:
    class Silent(BaseRequestHandler):
        def handle(self) -> None:
            came.append(self.request.recv(4096).split()[0])

    came: list[bytes] = []
    with ThreadingTCPServer(("127.0.0.1", 0), Silent) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        deaf = Prolific("a token", "a-project", f"http://127.0.0.1:{server.server_address[1]}", sleep=at.clock.sleep)
        with pytest.raises(Unreachable, match="did not answer"):
            deaf.calls.post("/bulk-bonus-payments/b1/pay/")
        with pytest.raises(Unreachable, match="did not answer"):
            deaf.balance()
        server.shutdown()
        thread.join()
    assert came == [b"POST"] + [b"GET"] * 5
    assert at.clock.slept == [1, 2, 4, 8]


def test_a_state_that_is_new_to_us_is_said_and_not_guessed(at: House) -> None:
    study_id = at.published()
    at.account.works[at.handed_in(study_id)].status = "PONDERED"
    with pytest.raises(Refused, match="'PONDERED'"):
        list(at.crowd.submissions(study_id))


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
    fees = 20 * 50 + sum(round((7 * number + 1) / 3) for number in range(20))
    assert at.crowd.balance() == Money(100_000 - paid - fees, "GBP")
    assert at.account.studies[study_id].status == "AWAITING REVIEW"
