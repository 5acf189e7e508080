"""The simulated Prolific by itself: asked over its socket without our adapter, and moved as participants would."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from fractions import Fraction
from http.client import HTTPConnection
from threading import Barrier
from urllib.parse import urlsplit

import pytest

from backend.simulator.prolific import Account, Fees, Participants, Person, Simulator, TooLate, Unwelcome, When, Work
from backend.simulator.prolific.faults import Fault
from tests.prolific import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor(clock: Clock) -> Iterator[Simulator]:
    with Simulator(Account(10_000, clock)) as running:
        yield running


def ask(vendor: Simulator, method: str, path: str, body: object = None, token: str = "a token") -> tuple[int, dict]:
    """A request as any client would make it."""
    parts = urlsplit(vendor.base_url)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=10)
    connection.request(method, parts.path + path, json.dumps(body), {"Authorization": f"Token {token}"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content) if content else {}


def study(vendor: Simulator, *, publish: bool = True, **changes: object) -> str:
    body = {
        "name": "Which is better?",
        "description": "Read and choose.",
        "external_study_url": "https://rate.example.org/?pid={{%PROLIFIC_PID%}}&sid={{%SESSION_ID%}}",
        "prolific_id_option": "url_parameters",
        "completion_codes": [
            {"code": "DONE", "code_type": "COMPLETED", "actions": [{"action": "MANUALLY_REVIEW"}]},
            {"code": "AUTO", "code_type": "OTHER", "actions": [{"action": "AUTOMATICALLY_APPROVE"}]},
            {"code": "NO", "code_type": "NO_CONSENT", "actions": [{"action": "REQUEST_RETURN"}]},
        ],
        "project": "p",
        "reward": 150,
        "total_available_places": 2,
        "maximum_allowed_time": 30,
    }
    _, made = ask(vendor, "POST", "/studies/", body | changes)
    if publish:
        ask(vendor, "POST", f"/studies/{made['id']}/transition/", {"action": "PUBLISH"})
    return made["id"]


def started(vendor: Simulator, study_id: str, name: str = "ada") -> Work:
    vendor.participants.sign_up(Person(name))
    work = vendor.participants.reserve(name, study_id)
    vendor.participants.start(work.id)
    return work


def available(vendor: Simulator) -> int:
    return ask(vendor, "GET", "/users/me/")[1]["available_balance"]


def test_only_the_token_opens_it(vendor: Simulator) -> None:
    assert ask(vendor, "GET", "/users/me/")[0] == 200
    status, body = ask(vendor, "GET", "/users/me/", token="another")
    assert (status, body["error"]["status"]) == (401, 401)


def test_a_path_that_the_vendor_lacks_is_not_found(vendor: Simulator) -> None:
    assert ask(vendor, "GET", "/nothing/")[0] == 404
    assert ask(vendor, "DELETE", "/users/me/")[0] == 404


def test_a_study_without_a_needed_field_is_refused(vendor: Simulator) -> None:
    status, body = ask(vendor, "POST", "/studies/", {"name": "x"})
    assert (status, body["error"]["detail"]) == (400, "description: this field is required")
    assert ask(vendor, "POST", "/participant-groups/", {})[0] == 400


@pytest.mark.parametrize(
    ("share", "tax", "amount", "fee"),
    # By hand: a third of 150 is 50, of 31 is 10.33; 42.8 % of 150 is 64.2, and 20 % tax on 65 is 13; parts count whole.
    [
        (Fraction(1, 3), Fraction(0), 150, 50),
        (Fraction(1, 3), Fraction(0), 31, 11),
        (Fraction(428, 1000), Fraction(1, 5), 150, 78),
        (Fraction(1, 2), Fraction(0), 1, 1),
        (Fraction(0), Fraction(1, 5), 150, 0),
    ],
)
def test_fees_are_a_setting_and_are_rounded_up(share: Fraction, tax: Fraction, amount: int, fee: int) -> None:
    assert Fees(share, tax).on(amount) == fee


def test_the_balance_follows_a_study_to_the_penny(vendor: Simulator) -> None:
    study_id = study(vendor, publish=False)
    assert available(vendor) == 10_000
    ask(vendor, "POST", f"/studies/{study_id}/transition/", {"action": "PUBLISH"})
    assert available(vendor) == 9_600
    work = started(vendor, study_id)
    vendor.participants.submit(work.id, "DONE")
    assert available(vendor) == 9_600
    ask(vendor, "POST", f"/submissions/{work.id}/transition/", {"action": "APPROVE"})
    assert (vendor.account.balance, available(vendor)) == (9_800, 9_600)
    ask(vendor, "POST", f"/studies/{study_id}/transition/", {"action": "STOP"})
    assert (vendor.account.balance, available(vendor)) == (9_800, 9_800)


def test_a_second_pay_call_pays_twice(vendor: Simulator) -> None:
    study_id = study(vendor)
    work = started(vendor, study_id)
    _, bulk = ask(
        vendor, "POST", "/submissions/bonus-payments/", {"study_id": study_id, "csv_bonuses": f"{work.id},0.30"}
    )
    assert (bulk["amount"], bulk["fees"], bulk["total_amount"]) == (30, 10, 40)
    assert vendor.account.balance == 10_000
    for paid in (1, 2):
        assert ask(vendor, "POST", f"/bulk-bonus-payments/{bulk['id']}/pay/")[0] == 202
        assert vendor.account.balance == 10_000 - 40 * paid
    assert ask(vendor, "GET", f"/submissions/{work.id}/")[1]["bonus_payments"] == [30, 30]


@pytest.mark.parametrize("row", ["stranger,0.30", "ada,0.305", "ada,-1", "ada,0", "ada,much", "ada"])
def test_a_bonus_that_makes_no_sense_is_refused(vendor: Simulator, row: str) -> None:
    study_id = study(vendor)
    started(vendor, study_id)
    body = {"study_id": study_id, "csv_bonuses": row}
    assert ask(vendor, "POST", "/submissions/bonus-payments/", body)[0] == 400


def test_nothing_is_paid_beyond_the_balance(vendor: Simulator) -> None:
    study_id = study(vendor)
    work = started(vendor, study_id)
    body = {"study_id": study_id, "csv_bonuses": f"{work.id},72.01"}
    _, bulk = ask(vendor, "POST", "/submissions/bonus-payments/", body)
    assert bulk["total_amount"] == 9_602
    status, answer = ask(vendor, "POST", f"/bulk-bonus-payments/{bulk['id']}/pay/")
    assert status == 400
    assert "balance" in answer["error"]["detail"]
    assert vendor.account.balance == 10_000


def test_lists_come_in_pages(vendor: Simulator) -> None:
    study_id = study(vendor, total_available_places=5)
    for number in range(5):
        started(vendor, study_id, f"p{number}")
    pages = [ask(vendor, "GET", f"/studies/{study_id}/submissions/?limit=2&offset={n}")[1] for n in (0, 2, 4, 6)]
    assert [[one["participant_id"] for one in page["results"]] for page in pages] == [
        ["p0", "p1"],
        ["p2", "p3"],
        ["p4"],
        [],
    ]
    assert {page["meta"]["count"] for page in pages} == {5}


def test_a_place_is_reserved_for_ten_minutes(vendor: Simulator, clock: Clock) -> None:
    study_id = study(vendor, total_available_places=1)
    for name in ("ada", "ben"):
        vendor.participants.sign_up(Person(name))
    work = vendor.participants.reserve("ada", study_id)
    clock.advance(minutes=9, seconds=59)
    with pytest.raises(Unwelcome, match="taken"):
        vendor.participants.reserve("ben", study_id)
    clock.advance(seconds=1)
    vendor.participants.reserve("ben", study_id)
    assert work.status == "RETURNED"
    with pytest.raises(TooLate):
        vendor.participants.start(work.id)


def test_work_runs_out_of_time(vendor: Simulator, clock: Clock) -> None:
    work = started(vendor, study(vendor))
    clock.advance(minutes=30)
    with pytest.raises(TooLate, match="TIMED-OUT"):
        vendor.participants.submit(work.id, "DONE")


def test_two_tabs_are_one_submission(vendor: Simulator) -> None:
    study_id = study(vendor)
    work = started(vendor, study_id)
    assert vendor.participants.reserve("ada", study_id).id == work.id
    assert vendor.participants.start(work.id) == vendor.participants.start(work.id)
    vendor.participants.submit(work.id, "DONE")
    with pytest.raises(TooLate):
        vendor.participants.submit(work.id, "DONE")
    with pytest.raises(Unwelcome, match="their one"):
        vendor.participants.reserve("ada", study_id)
    assert len(vendor.account.works) == 1


def test_of_a_return_and_a_submission_at_once_exactly_one_happens(vendor: Simulator) -> None:
    study_id = study(vendor, total_available_places=20)
    for number in range(20):
        work = started(vendor, study_id, f"p{number}")
        barrier = Barrier(2)

        def race(act: Callable[[], object], barrier: Barrier = barrier) -> bool:
            barrier.wait()
            try:
                act()
            except TooLate:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            acts = (
                lambda at=vendor.participants, one=work.id: at.submit(one, "DONE"),
                lambda at=vendor.participants, one=work.id: at.give_back(one),
            )
            handed_in, given_back = pool.map(race, acts)
        assert handed_in != given_back
        assert work.status == ("AWAITING REVIEW" if handed_in else "RETURNED")


def test_a_returned_place_is_free_for_somebody_else(vendor: Simulator) -> None:
    study_id = study(vendor, total_available_places=1)
    work = started(vendor, study_id)
    vendor.participants.give_back(work.id)
    started(vendor, study_id, "ben")
    assert available(vendor) == 10_000 - 200


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("DONE", "AWAITING REVIEW"),
        ("AUTO", "APPROVED"),
        ("NO", "RETURNED"),
        ("made up", "AWAITING REVIEW"),
        (None, "AWAITING REVIEW"),
    ],
)
def test_a_code_does_what_the_study_says(vendor: Simulator, code: str | None, status: str) -> None:
    work = started(vendor, study(vendor))
    assert vendor.participants.submit(work.id, code) == status
    assert vendor.account.balance == 10_000 - 200 * (status == "APPROVED")


def test_a_code_from_somebody_who_never_opened_the_study_is_too_early(vendor: Simulator) -> None:
    vendor.participants.sign_up(Person("ada"))
    work = vendor.participants.reserve("ada", study(vendor))
    with pytest.raises(TooLate, match="not opened"):
        vendor.participants.submit(work.id, "DONE")


def test_a_study_whose_places_are_done_awaits_review_and_opens_again_with_more(vendor: Simulator) -> None:
    study_id = study(vendor, total_available_places=1)
    vendor.participants.submit(started(vendor, study_id).id, "DONE")
    assert vendor.account.studies[study_id].status == "AWAITING REVIEW"
    ask(vendor, "PATCH", f"/studies/{study_id}/", {"total_available_places": 2})
    assert vendor.account.studies[study_id].status == "ACTIVE"
    assert ask(vendor, "PATCH", f"/studies/{study_id}/", {"total_available_places": 1})[0] == 400


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person("a"), None),
        (Person("a", approval_rate=94), "approval_rate"),
        (Person("a", approvals=99), "approval_numbers"),
        (Person("a", country="France"), "current-country-of-residence"),
        (Person("a", languages=("French",)), "fluent-languages"),
        (Person("outsider"), "participant_group_allowlist"),
        (Person("b"), "participant_group_blocklist"),
    ],
    ids=str,
)
def test_a_study_is_shown_to_whom_its_filters_let_through(vendor: Simulator, person: Person, why: str | None) -> None:
    groups = [ask(vendor, "POST", "/participant-groups/", {"name": n, "project_id": "p"})[1]["id"] for n in "xy"]
    for group_id, members in zip(groups, (["a", "b"], ["b"]), strict=True):
        ask(vendor, "POST", f"/participant-groups/{group_id}/participants/", {"participant_ids": members})
    filters = [
        {"filter_id": "approval_rate", "selected_range": {"lower": 95, "upper": 100}},
        {"filter_id": "approval_numbers", "selected_range": {"lower": 100, "upper": 9_999}},
        {"filter_id": "current-country-of-residence", "selected_values": ["0", "1"]},
        {"filter_id": "fluent-languages", "selected_values": ["0"]},
        {"filter_id": "participant_group_allowlist", "selected_values": groups[:1]},
        {"filter_id": "participant_group_blocklist", "selected_values": groups[1:]},
    ]
    study_id = study(vendor, filters=filters)
    vendor.participants.sign_up(person)
    if why is None:
        assert vendor.participants.reserve(person.id, study_id).status == "RESERVED"
    else:
        with pytest.raises(Unwelcome, match=why):
            vendor.participants.reserve(person.id, study_id)


def test_a_study_may_take_a_while_to_be_published(vendor: Simulator, clock: Clock) -> None:
    vendor.account.publishing = timedelta(minutes=1)
    study_id = study(vendor)
    vendor.participants.sign_up(Person("ada"))
    with pytest.raises(Unwelcome, match="PUBLISHING"):
        vendor.participants.reserve("ada", study_id)
    assert available(vendor) == 10_000 - 400
    clock.advance(minutes=1)
    assert vendor.participants.reserve("ada", study_id).status == "RESERVED"


def test_a_paused_study_takes_nobody_new(vendor: Simulator) -> None:
    study_id = study(vendor)
    ask(vendor, "POST", f"/studies/{study_id}/transition/", {"action": "PAUSE"})
    vendor.participants.sign_up(Person("ada"))
    with pytest.raises(Unwelcome, match="PAUSED"):
        vendor.participants.reserve("ada", study_id)
    assert ask(vendor, "POST", f"/studies/{study_id}/transition/", {"action": "PUBLISH"})[0] == 400


def test_a_last_place_goes_to_one_of_many_who_come_at_once(vendor: Simulator) -> None:
    study_id = study(vendor, total_available_places=1)
    names = [f"p{number}" for number in range(16)]
    for name in names:
        vendor.participants.sign_up(Person(name))

    def came(name: str, everybody: Participants = vendor.participants) -> bool:
        try:
            everybody.reserve(name, study_id)
        except Unwelcome:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(came, names)) == 1


@pytest.mark.parametrize(
    ("when", "status", "was_done"),
    [(When.TOO_FAST, 429, False), (When.BEFORE, 500, False), (When.AFTER, 500, True)],
)
def test_a_fault_strikes_as_often_as_it_was_told(vendor: Simulator, when: When, status: int, was_done: bool) -> None:
    vendor.faults.append(Fault(when, "POST", "/participant-groups/"))
    body = {"name": "x", "project_id": "p"}
    assert ask(vendor, "GET", "/participant-groups/?project_id=p")[0] == 200
    assert ask(vendor, "POST", "/participant-groups/", body)[0] == status
    assert len(vendor.account.groups) == was_done
    assert ask(vendor, "POST", "/participant-groups/", body)[0] == 201


def test_a_rejection_wants_a_reason_and_a_category(vendor: Simulator) -> None:
    work = started(vendor, study(vendor))
    vendor.participants.submit(work.id, "DONE")
    path, reason = f"/submissions/{work.id}/transition/", "x" * 100
    assert ask(vendor, "POST", path, {"action": "REJECT", "message": reason})[0] == 400
    assert ask(vendor, "POST", path, {"action": "REJECT", "message": "x", "rejection_category": "OTHER"})[0] == 400
    assert ask(vendor, "POST", path, {"action": "REJECT", "message": reason, "rejection_category": "OTHER"})[0] == 200
    assert (work.status, vendor.account.balance) == ("REJECTED", 10_000)
