"""Prolific too fast, down, silent, senseless, or with another token."""

from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from backend.crowd.http import Answer, Record, seconds
from backend.crowd.prolific import Prolific
from backend.crowd.prolific.calls import meaning
from backend.crowd.protocol import (
    NoMoney,
    NotAllowed,
    Refused,
    Unreachable,
)
from backend.domain.money import Money
from backend.simulator.prolific import When
from tests.prolific import House, pay


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
