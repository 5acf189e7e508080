"""Prolific's adapter publishes, extends, pauses and closes; over a real socket, never against the vendor itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest

from backend.crowd.http import Record
from backend.crowd.prolific import Prolific
from backend.crowd.prolific.studies import with_placeholders
from backend.crowd.protocol import (
    Crowd,
    NoMoney,
    Qualifications,
    Refused,
    Unreachable,
)
from backend.domain.money import Money
from backend.simulator.prolific import Person, When
from tests.prolific import House, house, posting


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


def test_a_study_that_never_confirms_is_not_taken_for_published(at: House) -> None:
    at.crowd.groups.blocked()
    at.fail(When.GIBBERISH, "POST", "/transition/")
    at.account.set_study = lambda study, status: None
    with pytest.raises(Unreachable, match="not confirmed"):
        at.published()
    assert at.clock.slept == [1, 2, 4, 8]
