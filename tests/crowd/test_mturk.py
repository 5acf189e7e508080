"""The Mechanical Turk adapter against the simulator, over a real socket. Nothing here has been near the real one."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.crowd.mturk import MTurk, connect
from backend.crowd.mturk_account import Account, client_of
from backend.crowd.protocol import (
    Crowd,
    NoMoney,
    Qualifications,
    Refused,
    Unreachable,
)
from backend.domain.money import Money
from backend.domain.submissions import SubmissionState
from backend.simulator.mturk import pages, passing, workers
from backend.simulator.mturk.faults import Fault
from backend.simulator.mturk.market import Market, State, Worker
from backend.simulator.mturk.server import Server
from backend.simulator.mturk.workers import Turned
from tests.crowd.hits import POSTING, done, pay


def test_the_adapter_is_a_crowd(mturk: MTurk) -> None:
    crowd: Crowd = mturk
    assert crowd.balance() == Money(100_000)


# Publishing


def test_a_posting_is_a_hit_with_its_places_reward_time_and_address(mturk: MTurk, market: Market) -> None:
    hit = market.hits[mturk.publish(POSTING).id]
    assert (hit.type.title, hit.type.description) == (POSTING.title, POSTING.description)
    assert (hit.places, hit.type.reward, hit.type.time_allowed) == (3, 25, timedelta(minutes=30))
    assert hit.expires - hit.created == timedelta(days=3)
    url = urlsplit(pages.address(market, hit, {"assignmentId": "X"}))
    assert parse_qs(url.query) == {"study": ["7"], "channel": ["mturk"], "assignmentId": ["X"]}


def test_the_same_token_is_the_same_posting_and_holds_its_money_once(mturk: MTurk, market: Market) -> None:
    first = mturk.publish(POSTING)
    assert mturk.publish(POSTING) == first
    assert list(market.hits) == [first.id]
    assert mturk.balance() == Money(100_000 - 3 * (25 + 5))


def test_equal_values_make_one_hit_type_and_another_token_another_hit(mturk: MTurk, market: Market) -> None:
    first, second = mturk.publish(POSTING), mturk.publish(replace(POSTING, token="batch-2"))
    assert first.id != second.id
    assert len(market.hit_types) == 1


def test_a_token_of_somebody_elses_hit_is_not_taken_for_ours(mturk: MTurk, market: Market) -> None:
    hit = market.hits[mturk.publish(POSTING).id]
    hit.annotation = "made by another tool"
    with pytest.raises(Refused, match="already exists"):
        mturk.publish(POSTING)


def test_rewards_are_dollars_of_a_cent_or_more(mturk: MTurk, market: Market) -> None:
    with pytest.raises(Refused, match=r"US dollars only, and this is £0\.25"):
        mturk.publish(replace(POSTING, reward=Money(25, "GBP")))
    with pytest.raises(Refused, match="one cent at least"):
        mturk.publish(replace(POSTING, reward=Money(0)))
    assert not market.hits


def test_an_address_without_https_is_refused(mturk: MTurk) -> None:
    with pytest.raises(Refused, match="https"):
        mturk.publish(replace(POSTING, url="http://rate.example.org/"))


def test_more_than_the_account_can_pay_is_not_published(mturk: MTurk, market: Market) -> None:
    market.balance = 3 * 30 - 1
    with pytest.raises(NoMoney, match="nothing was spent"):
        mturk.publish(POSTING)
    assert not market.hits
    market.balance += 1
    mturk.publish(POSTING)
    assert mturk.balance() == Money(0)


# Qualifications


def test_the_papers_raters_are_let_in_and_others_are_turned_away(mturk: MTurk, market: Market) -> None:
    """At least 95 % of at least 100 HITs approved, in English-speaking countries."""
    wanted = Qualifications(min_approval=95, min_approved=100, countries=("US", "GB", "CA", "AU", "NZ", "IE"))
    hit_id = mturk.publish(replace(POSTING, qualifications=wanted)).id
    for worker in (
        Worker("AFEW", approved=99),
        Worker("AOFTENREJECTED", approved=949, rejected=51),
        Worker("AELSEWHERE", country="FR"),
    ):
        workers.enrol(market, worker)
        with pytest.raises(Turned, match="You lack a qualification"):
            workers.accept(market, worker.id, hit_id)
    workers.enrol(market, Worker("AJUSTENOUGH", country="NZ", approved=950, rejected=50))
    assert workers.accept(market, "AJUSTENOUGH", hit_id).state is State.WORKING


@pytest.mark.parametrize("sandbox", [False, True])
def test_masters_are_asked_for_by_the_id_of_their_market(sandbox: bool) -> None:
    market = Market(sandbox=sandbox)
    workers.enrol(market, Worker("AMASTER", is_master=True))
    workers.enrol(market, Worker("ANOVICE"))
    with Server(market) as server:
        account = Account(market.access_key, market.secret_key, endpoint_url=server.url, sandbox=sandbox)
        mturk = connect(account, attempts=1)
        hit_id = mturk.publish(replace(POSTING, qualifications=Qualifications(masters=True))).id
        assert mturk.balance() == Money(1_000_000 - 3 * (25 + 7))  # 25 % of 25 cents are 6.25, and parts count whole
        wrong = connect(replace(account, sandbox=not sandbox), attempts=1)
        with pytest.raises(Refused, match="does not exist"):
            wrong.publish(replace(POSTING, token="other", qualifications=Qualifications(masters=True)))
        mturk.client.close()
        wrong.client.close()
    with pytest.raises(Turned, match="qualification"):
        workers.accept(market, "ANOVICE", hit_id)
    workers.accept(market, "AMASTER", hit_id)


def test_groups_let_in_and_keep_out(mturk: MTurk, market: Market) -> None:
    trained = mturk.create_group("Passed the training", description="They passed it.")
    seen = mturk.create_group("Rated before", description="They were in an earlier study.")
    mturk.add_to_group(trained, "AWORKER1")
    mturk.add_to_group(trained, "AWORKER2")
    mturk.add_to_group(seen, "AWORKER2")
    wanted = Qualifications(include=(trained,), exclude=(seen,))
    hit_id = mturk.publish(replace(POSTING, qualifications=wanted)).id
    assert [one for one in market.workers if workers.offers(market, one)] == ["AWORKER1"]
    mturk.remove_from_group(seen, "AWORKER2")
    assert workers.accept(market, "AWORKER2", hit_id).worker_id == "AWORKER2"


def test_a_group_is_made_once_scored_anew_and_left_twice(mturk: MTurk, market: Market) -> None:
    group = mturk.create_group("Passed", description="…")
    assert mturk.create_group("Passed", description="…") == group
    mturk.add_to_group(group, "AWORKER1", score=70)
    mturk.add_to_group(group, "AWORKER1", score=90)
    assert market.qualification_types[group].scores["AWORKER1"][0] == 90
    mturk.remove_from_group(group, "AWORKER1")
    mturk.remove_from_group(group, "AWORKER1")
    assert not market.qualification_types[group].scores
    with pytest.raises(Refused, match="does not exist"):
        mturk.remove_from_group("3NOSUCHGROUP", "AWORKER1")
    with pytest.raises(Refused, match="does not exist"):
        mturk.add_to_group(group, "ANOBODY")


def test_wishes_that_mturk_does_not_know_are_named(mturk: MTurk) -> None:
    posted = mturk.publish(replace(POSTING, qualifications=Qualifications(languages=("en", "fr"))))
    assert posted.ignored == ("Mechanical Turk does not know who speaks en, fr.",)


def test_more_than_mturk_takes_is_refused_in_a_sentence(mturk: MTurk, market: Market) -> None:
    with pytest.raises(Refused, match="15 countries at most, and these are 16"):
        mturk.publish(replace(POSTING, qualifications=Qualifications(countries=tuple(["US"] * 16))))
    with pytest.raises(Refused, match="10 qualifications at most, and these are 11"):
        mturk.publish(replace(POSTING, qualifications=Qualifications(include=tuple(["3A"] * 11))))
    assert not market.hit_types


# Places and time


def test_an_extension_adds_places_once_for_a_token(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    mturk.extend(hit_id, places=5, token="more-1")
    mturk.extend(hit_id, places=5, token="more-1")
    assert market.hits[hit_id].places == 8
    mturk.extend(hit_id, places=1, token="more-2")
    assert market.hits[hit_id].places == 9


def test_a_repeated_extension_up_to_nine_is_no_crossing(mturk: MTurk, market: Market) -> None:
    """8 + 5 would cross ten, but 8 is what the first call of this token made of 3."""
    hit_id = mturk.publish(POSTING).id
    mturk.extend(hit_id, places=5, token="more-1")
    mturk.extend(hit_id, places=5, token="more-1")
    with pytest.raises(Refused, match="this one has 8, and 5 more would make 13"):
        mturk.extend(hit_id, places=5, token="more-2")


def test_a_posting_does_not_grow_across_ten_places(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    with pytest.raises(Refused, match=r"this one has 3, and 7 more would make 10\. Publish another posting"):
        mturk.extend(hit_id, places=7, token="more-1")
    market.faults.plan("CreateAdditionalAssignmentsForHIT", Fault.BEFORE_ACTING)
    with pytest.raises(Refused, match="would make 103"):
        mturk.extend(hit_id, places=100, token="more-2")
    assert market.faults.planned  # it was not even asked
    big = mturk.publish(replace(POSTING, token="big", places=10)).id
    market.faults.planned.clear()
    mturk.extend(big, places=5, token="more-3")
    assert market.hits[big].places == 15


def test_a_pause_offers_it_to_nobody_new_and_those_at_work_go_on(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    one = workers.accept(market, "AWORKER1", hit_id)
    mturk.pause(hit_id)
    with pytest.raises(Turned, match="expired"):
        workers.accept(market, "AWORKER2", hit_id)
    workers.submit(market, one.id, [])
    mturk.resume(hit_id)
    assert workers.accept(market, "AWORKER2", hit_id).state is State.WORKING
    assert market.hits[hit_id].expires - market.now() > timedelta(days=2, hours=23)


def test_a_close_returns_once_the_vendor_shows_it(mturk: MTurk, market: Market, looks: list[float]) -> None:
    hit_id = mturk.publish(POSTING).id
    market.faults.stale_reads = 2
    mturk.close(hit_id)
    assert looks == [0.2, 0.5]
    mturk.close(hit_id)


def test_a_close_that_is_never_confirmed_is_no_close(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    market.faults.stale_reads = 100
    with pytest.raises(Unreachable, match="not confirmed"):
        mturk.close(hit_id)


def test_a_vendors_clock_that_is_ahead_or_behind_does_not_confuse_a_close(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    market.passed = timedelta(minutes=-4)
    mturk.close(hit_id)
    market.passed = timedelta(minutes=4)
    mturk.resume(hit_id)
    assert market.hits[hit_id].expires - market.now() > timedelta(days=2, hours=23)


def test_a_posting_of_another_tool_is_not_resumed_for_an_unknown_time(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    market.hits[hit_id].annotation = ""
    with pytest.raises(Refused, match="not made here"):
        mturk.resume(hit_id)


def test_a_submission_after_the_close_is_listed_and_paid(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    one = workers.accept(market, "AWORKER1", hit_id)
    mturk.close(hit_id)
    workers.submit(market, one.id, [("receipt", "r.late")])
    (found,) = mturk.submissions(hit_id)
    mturk.approve(found.id)
    assert market.balance == 100_000 - 30


# Submissions


def test_submissions_are_listed_over_many_pages_with_their_receipts(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(replace(POSTING, places=130)).id
    for number in range(120):
        workers.enrol(market, Worker(f"AMANY{number}"))
        done(market, hit_id, f"AMANY{number}", f"<r & {number}>")
    found = list(mturk.submissions(hit_id))
    assert [one.code for one in found] == [f"<r & {number}>" for number in range(120)]
    assert {one.state for one in found} == {SubmissionState.SUBMITTED}
    assert {one.posting_id for one in found} == {hit_id}
    assert all(one.submitted_at is not None and one.accepted_at <= one.submitted_at for one in found)
    assert {one.accepted_at.tzinfo for one in found} == {UTC}


def test_a_submission_without_our_receipt_or_without_xml_has_no_code(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    one = workers.accept(market, "AWORKER1", hit_id)
    workers.submit(market, one.id, [("note", "hello")])
    broken = workers.accept(market, "AWORKER2", hit_id)
    workers.submit(market, broken.id, []).answer = "<no xml"
    assert [found.code for found in mturk.submissions(hit_id)] == [None, None]


def test_work_in_hand_returned_or_abandoned_is_not_listed(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    workers.give_back(market, workers.accept(market, "AWORKER1", hit_id).id)
    workers.accept(market, "AWORKER2", hit_id)
    passing.advance(market, timedelta(minutes=31))
    workers.accept(market, "AWORKER3", hit_id)
    assert list(mturk.submissions(hit_id)) == []


# Paying


def test_approving_twice_pays_once(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    mturk.approve(one)
    mturk.approve(one)
    assert market.balance == 100_000 - 25 - 5


def test_what_is_approved_is_not_asked_for_again(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    mturk.approve(one)
    market.faults.plan("ApproveAssignment", Fault.BEFORE_ACTING)
    mturk.approve(one)
    assert market.faults.planned


def test_rejecting_pays_nothing_and_is_not_overruled_by_approving(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    mturk.reject(one, reason="A person looked and found no answer.")
    mturk.reject(one, reason="Again.")
    assert market.assignments[one].feedback == "A person looked and found no answer."
    with pytest.raises(Refused, match="is rejected at Mechanical Turk, so it can't be approved"):
        mturk.approve(one)
    assert market.balance == 100_000


def test_what_is_approved_can_not_be_rejected(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    mturk.approve(one)
    with pytest.raises(Refused, match="is approved at Mechanical Turk"):
        mturk.reject(one, reason="…")


def test_work_in_hand_can_not_be_approved(mturk: MTurk, market: Market) -> None:
    one = workers.accept(market, "AWORKER1", mturk.publish(POSTING).id)
    with pytest.raises(Refused, match="does not exist"):
        mturk.approve(one.id)


def test_what_nobody_judges_is_paid_by_the_vendor_after_thirty_days(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    one = done(market, hit_id)
    passing.advance(market, timedelta(days=30))
    mturk.approve(one)
    assert [payment.submission_id for payment in mturk.payments(hit_id)] == [one]
    assert market.balance == 100_000 - 30


def test_a_bonus_is_paid_once_for_a_token_even_after_the_vendor_has_forgotten_it(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    pay(mturk, one)
    pay(mturk, one)
    passing.advance(market, timedelta(hours=25))
    pay(mturk, one)
    assert [bonus.amount for bonus in market.bonuses] == [104]
    assert market.balance == 100_000 - 104 - 21  # 20 % of 104 cents are 20.8
    pay(mturk, one, token="top-up-2", cents=1)
    assert market.balance == 100_000 - 125 - 1 - 1  # a fee is one cent at least


def test_a_bonus_of_another_raters_work_or_in_another_currency_is_refused(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    with pytest.raises(Refused, match="did not do assignment"):
        mturk.pay_bonus(one, rater_id="AWORKER2", amount=Money(5), reason="…", token="t")
    with pytest.raises(Refused, match="US dollars only"):
        mturk.pay_bonus(one, rater_id="AWORKER1", amount=Money(5, "EUR"), reason="…", token="t")
    assert not market.bonuses


def test_payments_are_what_the_account_lost_but_for_the_fees(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    first, second = done(market, hit_id, "AWORKER1"), done(market, hit_id, "AWORKER2")
    mturk.approve(first)
    mturk.reject(second, reason="A person decided so.")
    pay(mturk, first)
    reward, bonus = mturk.payments(hit_id)
    assert (reward.amount, reward.is_bonus, reward.rater_id, reward.token) == (Money(25), False, "AWORKER1", None)
    assert (bonus.amount, bonus.is_bonus, bonus.submission_id, bonus.token) == (Money(104), True, first, "top-up-1")
    assert market.balance == 100_000 - (25 + 5) - (104 + 21)


def test_the_balance_is_exact_after_a_whole_posting(mturk: MTurk, market: Market) -> None:
    """Three at 25 cents cost 30 each; ten at 25 cents cost 25 + 40 % = 35 each."""
    small, large = mturk.publish(POSTING).id, mturk.publish(replace(POSTING, token="ten", places=10)).id
    assert mturk.balance() == Money(100_000 - 3 * 30 - 10 * 35)
    for number in range(2):
        mturk.approve(done(market, small, f"AWORKER{number}"))
    for number in range(10):
        mturk.approve(done(market, large, f"AWORKER{number}"))
    mturk.close(small)
    assert mturk.balance() == Money(100_000 - 2 * 30 - 10 * 35) == Money(market.balance)


# Raters


def test_messages_go_out_a_hundred_at_a_time_and_once_to_each(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(replace(POSTING, places=250)).id
    everyone = [workers.enrol(market, Worker(f"AMANY{number}")).id for number in range(250)]
    for worker_id in everyone:
        workers.accept(market, worker_id, hit_id)
    mturk.message([*everyone, *everyone], subject="Thank you", text="The study has begun.")
    assert [one.worker_id for one in market.messages] == everyone
    with pytest.raises(Refused, match="did not deliver this message to ASTRANGER"):
        mturk.message(["ASTRANGER", "AMANY1"], subject="…", text="…")
    assert market.messages[-1].worker_id == "AMANY1"
    mturk.message([], subject="…", text="…")


def test_a_blocked_rater_is_turned_away_until_unblocked(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    mturk.block("AWORKER1", reason="Pasted the same answer everywhere.")
    mturk.block("AWORKER1", reason="Pasted the same answer everywhere.")
    with pytest.raises(Turned, match="can't work for this requester"):
        workers.accept(market, "AWORKER1", hit_id)
    mturk.unblock("AWORKER1")
    mturk.unblock("AWORKER1")
    workers.accept(market, "AWORKER1", hit_id)


def test_a_bonus_that_mturk_refuses_for_another_reason_is_an_error_each_time(mturk: MTurk, market: Market) -> None:
    one = workers.accept(market, "AWORKER1", mturk.publish(POSTING).id).id
    for _ in range(2):
        with pytest.raises(Refused, match="does not exist"):
            pay(mturk, one)
    assert not market.bonuses


# Where it calls


def test_without_an_address_it_is_amazons_own_and_the_sandbox_has_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", "http://127.0.0.1:9")
    for sandbox, host in ((False, "mturk-requester."), (True, "mturk-requester-sandbox.")):
        client = client_of(Account("AKID", "secret", sandbox=sandbox), attempts=1, timeout=1)
        assert client.meta.endpoint_url == f"https://{host}us-east-1.amazonaws.com"
        assert client.meta.region_name == "us-east-1"
        client.close()


def test_secrets_are_not_shown_with_an_account() -> None:
    assert "hidden" not in repr(Account("AKID", "hidden", session_token="hidden"))


def test_without_the_extra_everything_else_is_there() -> None:
    """The base install has no boto3; a child finds none."""
    script = "import sys; sys.modules |= dict.fromkeys(['boto3', 'botocore']); import backend.cli.main"
    subprocess.run([sys.executable, "-c", script], check=True)
