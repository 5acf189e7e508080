"""Prolific's notifications: signed over the raw bytes, fresh, and delivered over a real socket."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from backend.crowd.prolific import Event, read_event
from backend.crowd.prolific.events import signature
from backend.crowd.protocol import Refused
from tests.prolific import House, Listener, listener

SECRET = "hush"
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
# Not as Python would write it again: the signature is over these very bytes.
BODY = b'{"event_type":"submission.status.change",  "resource_id":"s1","status":"AWAITING REVIEW"}'


def headers(body: bytes = BODY, *, sent: datetime = NOW, secret: str = SECRET, **more: str) -> dict[str, str]:
    timestamp = str(int(sent.timestamp()))
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return {
        "X-Prolific-Request-Timestamp": timestamp,
        "X-Prolific-Request-Signature": base64.b64encode(digest).decode(),
        "X-Event-ID": "e1",
        "X-Timestamp": "17",
    } | more


def test_a_signed_notification_is_read() -> None:
    assert read_event(headers(), BODY, SECRET, NOW) == Event(
        "e1", "submission.status.change", "s1", "AWAITING REVIEW", "17"
    )


def test_names_of_headers_may_be_written_in_any_case() -> None:
    lower = {name.lower(): value for name, value in headers().items()}
    assert read_event(lower, BODY, SECRET, NOW) == read_event(headers(), BODY, SECRET, NOW)


def test_the_signature_is_the_one_that_openssl_makes() -> None:
    # printf '1700000000{"a":1}' | openssl dgst -sha256 -hmac hush -binary | base64
    assert signature("hush", "1700000000", b'{"a":1}') == "aS+vX2jErVh+tYdWkhqieqcuFTLvnsFKBxt6Oi5xrlU="


@pytest.mark.parametrize(
    "given",
    [
        headers(secret="guess"),
        headers(BODY + b" "),
        headers() | {"X-Prolific-Request-Signature": ""},
        headers() | {"X-Prolific-Request-Signature": "ü"},
        headers() | {"X-Prolific-Request-Timestamp": str(int(NOW.timestamp()) + 1)},
        {},
    ],
    ids=["another secret", "another body", "no signature", "no ASCII", "another time", "no headers"],
)
def test_what_was_not_signed_so_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(Refused, match="not signed"):
        read_event(given, BODY, SECRET, NOW)


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(Refused, match="not signed"):
        read_event(headers(secret=""), BODY, "", NOW)


@pytest.mark.parametrize("minutes", [-6, 6, 60])
def test_what_is_stale_or_from_the_future_is_refused(minutes: int) -> None:
    with pytest.raises(Refused, match="too far apart"):
        read_event(headers(), BODY, SECRET, NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-5, 5])
def test_clocks_may_differ_by_five_minutes(minutes: int) -> None:
    assert read_event(headers(), BODY, SECRET, NOW + timedelta(minutes=minutes)).id == "e1"


@pytest.mark.parametrize("timestamp", ["", "now", "-5", "1e9", "９９９", "9" * 12])
def test_a_timestamp_that_is_no_time_is_refused(timestamp: str) -> None:
    signed = {"X-Prolific-Request-Signature": signature(SECRET, timestamp, BODY)}
    with pytest.raises(Refused, match="no time"):
        read_event(headers() | signed | {"X-Prolific-Request-Timestamp": timestamp}, BODY, SECRET, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"event_type":"x"}', b'{"event_type":1,"resource_id":"s"}'])
def test_a_signed_notification_without_sense_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="lacks"):
        read_event(headers(body), body, SECRET, NOW)


def test_a_notification_without_an_id_can_not_be_told_from_its_repetition() -> None:
    with pytest.raises(Refused, match="lacks its id"):
        read_event(headers() | {"X-Event-ID": ""}, BODY, SECRET, NOW)


@pytest.fixture
def ear() -> Iterator[Listener]:
    with listener() as made:
        yield made


def read_all(at: House, ear: Listener) -> list[Event]:
    return [read_event(given, body, SECRET, at.clock()) for given, body in ear.heard]


def test_what_a_participant_does_is_heard(at: House, ear: Listener) -> None:
    hooks = at.vendor.subscribe(ear.url, secret=SECRET)
    submission = at.handed_in(at.published(places=1))
    assert hooks.deliver() == [204] * 6
    assert [(one.kind, one.status) for one in read_all(at, ear) if one.resource_id == submission] == [
        ("submission.status.change", "RESERVED"),
        ("submission.status.change", "ACTIVE"),
        ("submission.status.change", "AWAITING REVIEW"),
    ]


def test_a_notification_that_comes_twice_has_one_id(at: House, ear: Listener) -> None:
    hooks = at.vendor.subscribe(ear.url, secret=SECRET)
    at.handed_in(at.published())
    hooks.deliver(lambda waiting: [waiting[-1]] * 2)
    first, second = read_all(at, ear)
    assert first.id == second.id


def test_notifications_out_of_order_can_be_put_in_order(at: House, ear: Listener) -> None:
    hooks = at.vendor.subscribe(ear.url, secret=SECRET)
    study_id = at.published()
    at.clock.advance(seconds=1)
    at.crowd.pause(study_id)
    at.clock.advance(seconds=1)
    at.crowd.resume(study_id)
    hooks.deliver(lambda waiting: waiting[:0:-1])
    assert [one.status for one in read_all(at, ear)] == ["ACTIVE", "PAUSED", "ACTIVE"]
    assert [one.status for one in sorted(read_all(at, ear), key=lambda one: int(one.happened))][1] == "PAUSED"


def test_a_missing_notification_is_made_up_for_by_reading(at: House, ear: Listener) -> None:
    hooks = at.vendor.subscribe(ear.url, secret=SECRET)
    study_id = at.published()
    at.handed_in(study_id)
    assert hooks.deliver(lambda waiting: []) == []
    assert ear.heard == []
    assert [one.state.value for one in at.crowd.submissions(study_id)] == ["submitted"]


def test_a_late_delivery_is_signed_anew_and_says_when_it_happened(at: House, ear: Listener) -> None:
    hooks = at.vendor.subscribe(ear.url, secret=SECRET)
    at.published()
    happened = at.clock()
    at.clock.advance(hours=3)
    hooks.deliver(lambda waiting: waiting[-1:])
    (event,) = read_all(at, ear)
    assert int(event.happened) == int(happened.timestamp() * 1_000_000)


def test_a_vendor_whose_clock_is_wrong_is_not_believed(at: House, ear: Listener) -> None:
    hooks = at.vendor.subscribe(ear.url, secret=SECRET)
    at.published()
    hooks.deliver(skew=timedelta(minutes=-10))
    with pytest.raises(Refused, match="too far apart"):
        read_all(at, ear)
