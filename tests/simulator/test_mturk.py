"""The stand-in for Mechanical Turk keeps to botocore's model, to the documents' rules, and to its own books."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from backend.crowd import mturk_forms as forms
from backend.simulator.mturk import fees, pages, passing, requester, wire, workers
from backend.simulator.mturk.market import Market, State, Worker
from backend.simulator.mturk.server import Server
from backend.simulator.mturk.wire import RequestError
from backend.simulator.mturk.workers import Turned
from backend.simulator.raters import Browser

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MODEL = wire.service()
TYPE = {"AssignmentDurationInSeconds": 1800, "Reward": "0.25", "Title": "Compare", "Description": "Choose."}
HIT = {
    "LifetimeInSeconds": 86_400,
    "MaxAssignments": 3,
    "Question": forms.question("https://rate.example.org/?a=1&b=2"),
}


@pytest.fixture
def market() -> Market:
    """A market in which it is noon until time is made to pass."""
    made = Market(balance=10_000, clock=lambda: NOON)
    for number in range(5):
        workers.enrol(made, Worker(f"AWORKER{number}"))
    return made


@pytest.fixture
def server(market: Market) -> Iterator[Server]:
    with Server(market) as running:
        yield running


def said(market: Market, name: str, **fields: object) -> wire.Answer:
    """What an operation answers to a request that the model allows."""
    operation = MODEL.operation_model(name)
    request = wire.request(operation, json.dumps(fields).encode())
    answer = requester.acted(market, name, request)
    return json.loads(wire.response(operation, answer))


def refusal(market: Market, name: str, **fields: object) -> str:
    """The code with which an operation is refused."""
    with pytest.raises(RequestError) as caught:
        said(market, name, **fields)
    return caught.value.code


def new_hit(market: Market, **changes: object) -> str:
    hit = said(market, "CreateHIT", **(TYPE | HIT | changes))["HIT"]
    return hit["HITId"]


def handed_in(market: Market, hit_id: str, worker_id: str = "AWORKER0") -> str:
    return workers.submit(market, workers.accept(market, worker_id, hit_id).id, [("receipt", "r")]).id


# The wire


def test_every_operation_is_one_of_mturks() -> None:
    assert set(requester.OPERATIONS) <= set(MODEL.operation_names)
    assert set(requester.OPERATIONS) >= {"CreateHITWithHITType", "SendBonus"}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "HITTypeId is missing; LifetimeInSeconds is missing"),
        ({"HITTypeId": "3A", "LifetimeInSeconds": "60"}, "LifetimeInSeconds is no long"),
        ({"HITTypeId": "3A", "LifetimeInSeconds": True}, "LifetimeInSeconds is no long"),
        ({"HITTypeId": "3a", "LifetimeInSeconds": 60}, "HITTypeId '3a' does not match"),
        ({"HITTypeId": "3" * 65, "LifetimeInSeconds": 60}, "HITTypeId is longer or larger than 64"),
        ({"HITTypeId": "3A", "LifetimeInSeconds": 60, "UniqueRequestToken": ""}, "shorter or smaller than 1"),
        ({"HITTypeId": "3A", "LifetimeInSeconds": 60, "Colour": 1}, "Colour is unknown"),
        ({"HITTypeId": "3A", "LifetimeInSeconds": 60, "HITLayoutParameters": {}}, "HITLayoutParameters is no list"),
        (
            {"HITTypeId": "3A", "LifetimeInSeconds": 60, "HITLayoutParameters": [{"Name": "x"}]},
            r"HITLayoutParameters\[0\]\.Value is missing",
        ),
        ({"HITTypeId": "3A", "LifetimeInSeconds": 60, "HITReviewPolicy": 3}, "HITReviewPolicy is no structure"),
    ],
)
def test_a_request_that_the_model_does_not_allow_is_refused(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        wire.request(MODEL.operation_model("CreateHITWithHITType"), json.dumps(fields).encode())


def test_a_choice_that_is_not_in_the_model_and_a_body_that_is_not_json_are_refused() -> None:
    operation = MODEL.operation_model("CreateQualificationType")
    fields = {"Name": "a", "Description": "b", "QualificationTypeStatus": "Sleeping"}
    with pytest.raises(RequestError, match="'Sleeping' is none of Active, Inactive"):
        wire.request(operation, json.dumps(fields).encode())
    with pytest.raises(RequestError, match="not JSON"):
        wire.request(operation, b"{")


def test_an_answer_that_mturk_would_never_give_is_a_fault_of_the_simulator() -> None:
    with pytest.raises(ValueError, match="GetAccountBalance would answer what MTurk never does"):
        wire.response(MODEL.operation_model("GetAccountBalance"), {"AvailableBalance": "1.234"})


def test_times_are_seconds_since_1970_both_ways(market: Market) -> None:
    hit_id = new_hit(market)
    assert said(market, "GetHIT", HITId=hit_id)["HIT"]["Expiration"] == NOON.timestamp() + 86_400
    said(market, "UpdateExpirationForHIT", HITId=hit_id, ExpireAt=NOON.timestamp() + 60)
    assert market.hits[hit_id].expires == NOON + timedelta(minutes=1)


def test_boto3_gets_the_code_and_an_operation_that_is_not_simulated_says_so(market: Market) -> None:
    market.clock = lambda: datetime.now(UTC)
    with Server(market) as server:
        client = boto3.client(
            "mturk",
            region_name="us-east-1",
            endpoint_url=server.url,
            aws_access_key_id=market.access_key,
            aws_secret_access_key=market.secret_key,
            config=Config(retries={"total_max_attempts": 1}),
        )
        with pytest.raises(ClientError) as caught:
            client.get_hit(HITId="3NONE")
        assert caught.value.response["Error"]["Code"] == "RequestError"
        assert caught.value.response["TurkErrorCode"] == "AWS.MechanicalTurk.HITDoesNotExist"
        with pytest.raises(ClientError, match="does not know how to GetFileUploadURL"):
            client.get_file_upload_url(AssignmentId="3A", QuestionIdentifier="q")
        client.close()


def test_a_call_without_a_signature_or_of_no_operation_is_refused(market: Market) -> None:
    headers = {"x-amz-target": f"{wire.TARGET}GetAccountBalance"}
    status, body = requester.answer(market, MODEL, "http://here/", headers, b"{}")
    assert (status, json.loads(body)["__type"]) == (400, "UnrecognizedClientException")


# Money


def test_fees_are_those_of_the_price_page() -> None:
    """20 % of 25 cents are 5; 40 % are 10; with Masters 25 % are 6.25 and 45 % are 11.25; parts count whole."""
    assert fees.of_reward(25, assignments=9, masters=False) == 5
    assert fees.of_reward(25, assignments=10, masters=False) == 10
    assert fees.of_reward(25, assignments=9, masters=True) == 7
    assert fees.of_reward(25, assignments=10, masters=True) == 12
    assert fees.of_reward(1, assignments=3, masters=False) == fees.of_bonus(1) == fees.of_bonus(5) == 1
    assert fees.of_bonus(6) == 2
    assert fees.of_bonus(104) == 21


@given(st.integers(1, 10**6), st.integers(1, 20), st.booleans())
def test_a_fee_is_its_share_with_a_part_of_a_cent_counted_whole(cents: int, assignments: int, masters: bool) -> None:
    share = 20 + 20 * (assignments >= 10) + 5 * masters
    fee = fees.of_reward(cents, assignments=assignments, masters=masters)
    assert 0 <= 100 * fee - cents * share < 100


STEPS = st.lists(st.tuples(st.sampled_from("asrxjbed"), st.integers(0, 4)), max_size=40)


@given(STEPS)
def test_whatever_happens_the_books_agree_to_the_cent(steps: list[tuple[str, int]]) -> None:
    """Accept, submit, return, approve, reject, bonus, expire, a day goes by: money left only for what was paid."""
    market = Market(balance=10_000, clock=lambda: NOON)
    for number in range(5):
        workers.enrol(market, Worker(f"AWORKER{number}"))
    hit_id = new_hit(market)
    for step, number in steps:
        try:
            act(market, hit_id, step, number)
        except (Turned, RequestError):
            continue
    approved = market.of_hit(market.hits[hit_id], State.APPROVED)
    bonuses = sum(bonus.amount + fees.of_bonus(bonus.amount) for bonus in market.bonuses)
    assert market.balance == 10_000 - 30 * len(approved) - bonuses
    assert market.places_left(market.hits[hit_id]) >= 0
    assert 0 <= market.on_hold() <= 30 * 3


def act(market: Market, hit_id: str, step: str, number: int) -> None:
    ids = list(market.assignments)
    one = ids[number % len(ids)] if ids else "3NONE"
    match step:
        case "a":
            workers.accept(market, f"AWORKER{number}", hit_id)
        case "s":
            workers.submit(market, one, [])
        case "r":
            workers.give_back(market, one)
        case "x":
            said(market, "ApproveAssignment", AssignmentId=one)
        case "j":
            said(market, "RejectAssignment", AssignmentId=one, RequesterFeedback="…")
        case "b":
            by = market.assignments[one].worker_id if ids else "ANOBODY"
            said(market, "SendBonus", AssignmentId=one, WorkerId=by, BonusAmount=f"0.0{number}", Reason="…")
        case "e":
            said(market, "UpdateExpirationForHIT", HITId=hit_id, ExpireAt=0)
        case "d":
            passing.advance(market, timedelta(days=1))


def test_a_rejection_can_be_overruled_within_thirty_days_and_is_paid(market: Market) -> None:
    one = handed_in(market, new_hit(market))
    said(market, "RejectAssignment", AssignmentId=one, RequesterFeedback="…")
    assert refusal(market, "ApproveAssignment", AssignmentId=one) == "InvalidAssignmentState"
    passing.advance(market, timedelta(days=30))
    said(market, "ApproveAssignment", AssignmentId=one, OverrideRejection=True)
    assert (market.balance, market.workers["AWORKER0"].rejected) == (10_000 - 30, 0)


def test_what_waits_is_approved_by_itself_when_its_time_is_over(market: Market) -> None:
    one = handed_in(market, new_hit(market, AutoApprovalDelayInSeconds=3600))
    passing.advance(market, timedelta(minutes=59))
    assert market.assignments[one].state is State.SUBMITTED
    passing.advance(market, timedelta(minutes=1))
    assert market.assignments[one].state is State.APPROVED


# HITs


def test_a_hit_goes_from_assignable_to_disposed(market: Market) -> None:
    hit_id = new_hit(market, MaxAssignments=1)
    status = lambda: said(market, "GetHIT", HITId=hit_id)["HIT"]["HITStatus"]  # noqa: E731
    assert status() == "Assignable"
    one = workers.accept(market, "AWORKER0", hit_id)
    assert status() == "Unassignable"
    assert refusal(market, "DeleteHIT", HITId=hit_id) == "InvalidHITState"
    workers.submit(market, one.id, [])
    assert status() == "Reviewable"
    assert [hit["HITId"] for hit in said(market, "ListReviewableHITs")["HITs"]] == [hit_id]
    assert refusal(market, "DeleteHIT", HITId=hit_id) == "InvalidHITState"
    said(market, "ApproveAssignment", AssignmentId=one.id)
    said(market, "DeleteHIT", HITId=hit_id)
    assert refusal(market, "GetHIT", HITId=hit_id) == "HITDoesNotExist"
    assert said(market, "ListHITs")["NumResults"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Question": "<a>"}, "XMLParseError"),
        ({"Question": "<a/>"}, "XMLParseError"),
        ({"Question": forms.question("http://rate.example.org/")}, "ParameterValidationError"),
        ({"Question": forms.question("https://rate.example.org/" + "x" * 65_535)}, "QuestionTooLong"),
        ({"LifetimeInSeconds": 29}, "ParameterValidationError"),
        ({"AssignmentDurationInSeconds": 29}, "ParameterValidationError"),
        ({"MaxAssignments": 0}, "ParameterValidationError"),
        ({"MaxAssignments": 1000}, "InsufficientFunds"),
        ({"Title": "x" * 129}, "ParameterValidationError"),
        ({"RequesterAnnotation": "x" * 256}, "ParameterValidationError"),
        ({"AutoApprovalDelayInSeconds": 30 * 86_400 + 1}, "ParameterValidationError"),
    ],
)
def test_a_hit_that_mturk_does_not_take_is_refused(market: Market, changes: dict[str, object], code: str) -> None:
    assert refusal(market, "CreateHIT", **(TYPE | HIT | changes)) == code
    assert (market.hits, market.available()) == ({}, 10_000)


def test_a_token_is_forgotten_after_a_day(market: Market) -> None:
    hit_id = new_hit(market, UniqueRequestToken="t")
    with pytest.raises(RequestError, match=hit_id):
        new_hit(market, UniqueRequestToken="t")
    passing.advance(market, timedelta(hours=24))
    assert new_hit(market, UniqueRequestToken="t") != hit_id


def test_lists_come_in_pages(market: Market) -> None:
    made = [new_hit(market, MaxAssignments=1) for _ in range(12)]
    first = said(market, "ListHITs")
    rest = said(market, "ListHITs", NextToken=first["NextToken"])
    assert [hit["HITId"] for hit in [*first["HITs"], *rest["HITs"]]] == made
    assert (first["NumResults"], rest["NumResults"], "NextToken" in rest) == (10, 2, False)
    assert refusal(market, "ListHITs", NextToken="x") == "ParameterValidationError"


def test_requirements_have_the_values_that_their_comparator_takes(market: Market) -> None:
    def with_requirement(**fields: object) -> str:
        return refusal(market, "CreateHIT", **TYPE, **HIT, QualificationRequirements=[fields])

    number, place = forms.NUMBER_APPROVED, forms.LOCALE
    assert with_requirement(QualificationTypeId=number, Comparator="EqualTo") == "ParameterValidationError"
    assert with_requirement(QualificationTypeId=number, Comparator="In") == "ParameterValidationError"
    exists = {"QualificationTypeId": number, "Comparator": "Exists", "IntegerValues": [1]}
    assert with_requirement(**exists) == "ParameterValidationError"
    many = {"QualificationTypeId": place, "Comparator": "In", "LocaleValues": [{"Country": "US"}] * 16}
    assert with_requirement(**many) == "ParameterValidationError"
    assert with_requirement(QualificationTypeId="3X", Comparator="Exists") == "QualificationTypeDoesNotExist"


@pytest.mark.parametrize(
    ("requirement", "is_met"),
    [
        ({"QualificationTypeId": forms.NUMBER_APPROVED, "Comparator": "LessThan", "IntegerValues": [1000]}, False),
        ({"QualificationTypeId": forms.NUMBER_APPROVED, "Comparator": "In", "IntegerValues": [1, 1000]}, True),
        ({"QualificationTypeId": forms.NUMBER_APPROVED, "Comparator": "NotIn", "IntegerValues": [1, 1000]}, False),
        ({"QualificationTypeId": forms.LOCALE, "Comparator": "NotEqualTo", "LocaleValues": [{"Country": "US"}]}, False),
        ({"QualificationTypeId": forms.LOCALE, "Comparator": "EqualTo", "LocaleValues": [{"Country": "US"}]}, True),
        ({"QualificationTypeId": forms.MASTERS_OF_SANDBOX, "Comparator": "DoesNotExist"}, True),
        ({"QualificationTypeId": forms.MASTERS_OF_SANDBOX, "Comparator": "EqualTo", "IntegerValues": [1]}, False),
    ],
)
def test_a_worker_meets_a_requirement_or_not(market: Market, requirement: dict[str, object], is_met: bool) -> None:
    """An American with 1,000 approved assignments, who is no Master."""
    hit_id = new_hit(market, QualificationRequirements=[requirement])
    assert [hit.id for hit in workers.offers(market, "AWORKER0")] == ([hit_id] if is_met else [])
    assert said(market, "GetHIT", HITId=hit_id)["HIT"]["QualificationRequirements"][0].items() >= requirement.items()


def test_a_rejection_lowers_a_workers_approval_and_a_beginner_has_all_of_it() -> None:
    assert Worker("A1", approved=0).approval == 100
    assert Worker("A1", approved=94, rejected=6).approval == 94
    assert Worker("A1", approved=949, rejected=51).approval == 94


def test_a_requester_reads_its_qualifications_workers_and_blocks(market: Market) -> None:
    made = said(market, "CreateQualificationType", Name="Passed", Description="…", QualificationTypeStatus="Active")
    type_id = made["QualificationType"]["QualificationTypeId"]
    assert said(market, "GetQualificationType", QualificationTypeId=type_id) == made
    said(market, "AssociateQualificationWithWorker", QualificationTypeId=type_id, WorkerId="AWORKER1", IntegerValue=80)
    score = said(market, "GetQualificationScore", QualificationTypeId=type_id, WorkerId="AWORKER1")["Qualification"]
    assert (score["IntegerValue"], score["Status"]) == (80, "Granted")
    listed = said(market, "ListWorkersWithQualificationType", QualificationTypeId=type_id)
    assert listed["Qualifications"] == [score]
    said(market, "DeleteQualificationType", QualificationTypeId=type_id)
    assert refusal(market, "GetQualificationType", QualificationTypeId=type_id) == "QualificationTypeDoesNotExist"
    said(market, "CreateWorkerBlock", WorkerId="AWORKER1", Reason="…")
    assert said(market, "ListWorkerBlocks")["WorkerBlocks"] == [{"WorkerId": "AWORKER1", "Reason": "…"}]


def test_limits_of_letters_bonuses_and_lists_are_kept(market: Market) -> None:
    one = handed_in(market, new_hit(market))
    crowd = [f"A{number}" for number in range(101)]
    letter = {"Subject": "s", "MessageText": "t", "WorkerIds": ["AWORKER0"]}
    assert refusal(market, "NotifyWorkers", **(letter | {"WorkerIds": crowd})) == "ParameterValidationError"
    assert refusal(market, "NotifyWorkers", **(letter | {"Subject": "s" * 201})) == "ParameterValidationError"
    bonus = {"AssignmentId": one, "WorkerId": "AWORKER0", "Reason": "…"}
    assert refusal(market, "SendBonus", **bonus, BonusAmount="0") == "ParameterValidationError"
    assert refusal(market, "ListBonusPayments") == "ParameterValidationError"
    market.balance = 29
    assert refusal(market, "ApproveAssignment", AssignmentId=one) == "InsufficientFunds"
    assert refusal(market, "CreateHITWithHITType", **HIT, HITTypeId="3NONE") == "HITTypeDoesNotExist"


def test_events_are_sent_while_a_type_is_watched_and_a_test_event_always(market: Market) -> None:
    hit_id = new_hit(market)
    type_id = market.hits[hit_id].type.id
    wanted = {"Destination": "q", "Transport": "SQS", "Version": "2014-08-15", "EventTypes": ["HITExpired"]}
    said(market, "UpdateNotificationSettings", HITTypeId=type_id, Notification=wanted, Active=True)
    passing.advance(market, timedelta(days=1))
    assert [json.loads(body)["Events"][0]["EventType"] for body in market.queue] == ["HITExpired"]
    said(market, "UpdateNotificationSettings", HITTypeId=type_id, Active=False)
    said(market, "UpdateExpirationForHIT", HITId=hit_id, ExpireAt=(market.now() + timedelta(hours=1)).timestamp())
    passing.advance(market, timedelta(days=1))
    assert len(market.queue) == 1
    said(market, "SendTestEventNotification", Notification=wanted, TestEventType="Ping")
    assert json.loads(market.queue[1])["Events"][0]["EventType"] == "Ping"
    assert refusal(market, "UpdateNotificationSettings", HITTypeId="3NONE") == "HITTypeDoesNotExist"


# Workers


def test_a_second_tab_has_the_same_assignment_and_hands_in_nothing_new(market: Market) -> None:
    hit_id = new_hit(market)
    one = workers.accept(market, "AWORKER0", hit_id)
    assert workers.accept(market, "AWORKER0", hit_id) is one
    workers.submit(market, one.id, [("receipt", "first")])
    with pytest.raises(Turned, match="is submitted; it can't be submitted"):
        workers.submit(market, one.id, [("receipt", "second")])
    with pytest.raises(Turned, match="accepted this HIT already"):
        workers.accept(market, "AWORKER0", hit_id)
    assert forms.receipt(one.answer) == "first"


def test_places_run_out_and_come_back_with_a_return_or_a_timeout(market: Market) -> None:
    hit_id = new_hit(market, MaxAssignments=1)
    one = workers.accept(market, "AWORKER0", hit_id)
    with pytest.raises(Turned, match="no more of these"):
        workers.accept(market, "AWORKER1", hit_id)
    workers.give_back(market, one.id)
    two = workers.accept(market, "AWORKER1", hit_id)
    passing.advance(market, timedelta(minutes=30))
    assert two.state is State.WORKING
    passing.advance(market, timedelta(seconds=1))
    assert two.state is State.ABANDONED
    with pytest.raises(Turned, match="is abandoned"):
        workers.submit(market, two.id, [])
    three = workers.accept(market, "AWORKER0", hit_id)
    assert three.state is State.WORKING
    assert one.id == two.id == three.id


def test_the_id_of_an_assignment_that_was_left_is_the_next_workers_of_that_hit_alone(market: Market) -> None:
    hit_id, other_hit = new_hit(market), new_hit(market)
    left = workers.accept(market, "AWORKER0", hit_id)
    workers.give_back(market, left.id)
    assert workers.accept(market, "AWORKER1", other_hit).id != left.id
    second = workers.accept(market, "AWORKER1", hit_id)
    assert (second.id, second.worker_id) == (left.id, "AWORKER1")
    assert workers.accept(market, "AWORKER2", hit_id).id != left.id
    assert workers.submit(market, left.id, []) is second
    assert left.state is State.RETURNED


def test_strangers_and_unknown_ids_are_turned_away(market: Market) -> None:
    with pytest.raises(Turned, match="sign in"):
        workers.accept(market, "ASTRANGER", new_hit(market))
    with pytest.raises(Turned, match="no such HIT"):
        workers.accept(market, "AWORKER0", "3NONE")
    with pytest.raises(Turned, match="no such assignment"):
        workers.submit(market, "3NONE", [])


@given(st.dictionaries(st.text(), st.text(), max_size=3))
def test_whatever_a_form_holds_its_answer_is_xml_without_the_reserved_names(fields: dict[str, str]) -> None:
    answer = workers.answers([*fields.items(), ("assignmentId", "3A"), ("workerId", "A1"), ("receipt", "r<&>")])
    assert "3A" not in answer or any("3A" in part for part in [*fields, *fields.values()])
    if "receipt" not in fields:
        assert forms.receipt(answer) == "r<&>"


# Pages


class Frame(HTMLParser):
    """The frame of a page and the fields of its form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "iframe":
            self.attributes = named
        elif tag == "input":
            self.fields[str(named["name"])] = str(named["value"])


def test_a_preview_names_neither_worker_nor_assignment_to_the_framed_page(market: Market, server: Server) -> None:
    hit_id = new_hit(market)
    with Browser(server.url) as browser:
        assert hit_id in browser.get("/?workerId=AWORKER0")[1]
        frame = Frame(browser.get(f"/mturk/preview?hitId={hit_id}&workerId=AWORKER0")[1])
    url = urlsplit(str(frame.attributes["src"]))
    given = {"a": ["1"], "b": ["2"], "assignmentId": [pages.PREVIEW], "hitId": [hit_id]}
    assert (url.netloc, parse_qs(url.query)) == ("rate.example.org", given)
    assert market.assignments == {}


@pytest.mark.parametrize(("guards", "status"), [("Accept", 200), ("PreviewAndAccept", 409)])
def test_a_qualification_guards_the_preview_where_it_says_so(
    market: Market, server: Server, guards: str, status: int
) -> None:
    asked = {"QualificationTypeId": forms.LOCALE, "Comparator": "In", "LocaleValues": [{"Country": "GB"}]}
    hit_id = new_hit(market, QualificationRequirements=[asked | {"ActionsGuarded": guards}])
    workers.enrol(market, Worker("ABRITON", country="GB"))
    with Browser(server.url) as browser:
        for worker_id, expected in (("AWORKER0", status), ("ASTRANGER", status), ("ABRITON", 200)):
            assert browser.get(f"/mturk/preview?hitId={hit_id}&workerId={worker_id}")[0] == expected


def test_an_accepted_task_frames_the_page_with_four_ids_and_takes_its_form(market: Market, server: Server) -> None:
    hit_id = new_hit(market)
    with Browser(server.url) as browser:
        status, html, _ = browser.post("/mturk/accept", hitId=hit_id, workerId="AWORKER0")
        (one,) = market.assignments.values()
        frame = Frame(html)
        ids = {name: values[0] for name, values in parse_qs(urlsplit(str(frame.attributes["src"])).query).items()}
        expected = {"assignmentId": one.id, "hitId": hit_id, "workerId": "AWORKER0", "turkSubmitTo": server.url}
        assert (status, ids) == (200, {"a": "1", "b": "2"} | expected)
        assert "allow-forms" in str(frame.attributes["sandbox"])
        assert browser.post("/mturk/externalSubmit", assignmentId=one.id, receipt="r.7")[0] == 200
        assert browser.post("/mturk/externalSubmit", assignmentId=one.id, receipt="r.8")[0] == 409
    assert (one.state, forms.receipt(one.answer)) == (State.SUBMITTED, "r.7")


def test_a_task_is_returned_from_its_page(market: Market, server: Server) -> None:
    hit_id = new_hit(market)
    with Browser(server.url) as browser:
        frame = Frame(browser.post("/mturk/accept", hitId=hit_id, workerId="AWORKER0")[1])
        assert browser.post("/mturk/return", **frame.fields)[0] == 200
        assert browser.post("/mturk/return", **frame.fields)[0] == 409
    assert [one.state for one in market.assignments.values()] == [State.RETURNED]


def test_pages_that_are_not_there_and_strangers_get_a_sentence(market: Market, server: Server) -> None:
    with Browser(server.url) as browser:
        assert browser.get("/nowhere")[0] == 404
        assert browser.get("/mturk/preview?hitId=3NONE")[0] == 409
        assert browser.get("/?workerId=%3Cb%3E") == (409, pages.page("Sorry", "<p>Please sign in.</p>"))


def test_a_title_can_not_break_out_of_the_page(market: Market, server: Server) -> None:
    hit_id = new_hit(market, Title="<script>alert(1)</script>")
    with Browser(server.url) as browser:
        assert "<script>" not in browser.get(f"/mturk/preview?hitId={hit_id}&workerId=%22%3E%3Cscript%3E")[1]
        assert "<script>" not in browser.get("/?workerId=AWORKER0")[1]
