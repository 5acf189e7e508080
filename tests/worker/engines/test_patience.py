"""Patience: pauses, limits, the circuit and cancellation, on a clock on which waiting costs no time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random

import pytest

from backend.domain.asking import EngineKind, Reply, Request
from tests import openai as script
from tests.openai import scripted
from tests.worker.engines.asked import MODEL, Clock, chat
from tests.worker.engines.moody import BROKEN, REPLY, Moody, patient
from worker.engines.openai import OpenAIEngine
from worker.engines.patience import Patience, Patient
from worker.engines.protocol import EngineError, Hopeless, Identity, Stopped, TooFast, Transient, Unusable


def test_what_works_is_asked_once_and_nobody_waits() -> None:
    clock = Clock()
    engine = Moody(clock)
    assert patient(clock, engine).ask(chat()) == REPLY
    assert (len(engine.asked), clock.waited) == (1, [])


def test_pauses_double_up_to_the_longest_with_jitter_below() -> None:
    clock = Clock()
    engine = Moody(clock, [BROKEN] * 5)
    assert patient(clock, engine, first_pause=2, longest_pause=10).ask(chat()) == REPLY
    for waited, most in zip(clock.waited, (2, 4, 8, 10, 10), strict=True):
        assert most / 2 <= waited < most
    assert len({round(waited / most, 6) for waited, most in zip(clock.waited, (2, 4, 8, 10, 10), strict=True)}) == 5


def test_who_waits_for_an_engine_to_answer_at_all_is_told_why_and_how_long() -> None:
    clock, told = Clock(), list[str]()
    engine = Moody(clock, [BROKEN] * 2)
    patient(clock, engine, attempts=3, first_pause=4).identity(on_pause=told.append)
    assert [words.rpartition(" Asking again in ")[0] for words in told] == [str(BROKEN)] * 2
    assert [words.rpartition("(")[2] for words in told] == ["2 of 3).", "3 of 3)."]
    assert [f"in {waited:.0f} s" in words for waited, words in zip(clock.waited, told, strict=True)] == [True] * 2


def test_the_same_seed_makes_the_same_pauses() -> None:
    waited = []
    for _ in range(2):
        clock = Clock()
        patient(clock, Moody(clock, [BROKEN] * 3)).ask(chat())
        waited.append(clock.waited)
    assert waited[0] == waited[1]


def test_after_the_last_attempt_the_failure_is_told_as_it_was() -> None:
    clock = Clock()
    engine = Moody(clock, otherwise=BROKEN)
    with pytest.raises(Transient, match=r"It burns\."):
        patient(clock, engine, attempts=3).ask(chat())
    assert (len(engine.asked), len(clock.waited)) == (3, 2)


@pytest.mark.parametrize("error", [Hopeless("Too long."), Unusable("No key.")])
def test_what_is_hopeless_is_asked_once(error: Hopeless) -> None:
    clock = Clock()
    engine = Moody(clock, [error])
    with pytest.raises(type(error), match=str(error)):
        patient(clock, engine).ask(chat())
    assert len(engine.asked) == 1


def test_a_pause_that_the_server_names_is_kept_in_full_and_by_all_threads() -> None:
    clock = Clock()
    engine = Moody(clock, [TooFast("Slow down.", pause=30)])
    asking = patient(clock, engine)
    asking.ask(chat())
    assert 30 <= engine.asked[1] - engine.asked[0] <= 31
    engine.moods = [TooFast("Slow down.", pause=30)]
    with pytest.raises(TooFast):
        Patient.heard(asking, lambda: engine.ask(chat()))
    asking.pause_after(TooFast("Slow down.", pause=30), 1)  # as another thread does
    before = clock()
    asking.ask(chat())
    assert engine.asked[-1] - before == pytest.approx(30)


def test_a_pause_too_long_to_wait_for_ends_the_job_with_its_length() -> None:
    clock = Clock()
    asking = patient(clock, Moody(clock, [TooFast("Daily limit.", pause=7200)]))
    with pytest.raises(Stopped, match=r"left alone for 120 minutes; resume the job then\. Daily limit\."):
        asking.ask(chat())
    assert clock.waited == []


def test_requests_a_minute_hold_over_all_threads() -> None:
    clock = Clock()
    engine = Moody(clock)
    asking = patient(clock, engine, requests_a_minute=10)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: asking.ask(chat()), range(45)))
    moments = sorted(engine.asked)
    assert len(moments) == 45
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[10:], strict=False))


def test_tokens_a_minute_are_guessed_before_and_put_right_after() -> None:
    """By hand: a request is guessed at 7 + 93 = 100 tokens and takes 15; ten have taken 150, and an eleventh fits."""
    clock = Clock()
    engine = Moody(clock)
    request = chat(max_tokens=93)
    assert request.tokens == 100
    asking = patient(clock, engine, tokens_a_minute=250)
    for _ in range(11):
        asking.ask(request)
    assert clock.waited == []
    asking.ask(request)
    assert clock.waited == [pytest.approx(60, abs=0.01)]


def test_where_tokens_are_short_no_request_is_counted_meanwhile() -> None:
    clock = Clock()
    engine = Moody(clock, otherwise=Reply("", "stop", MODEL, 0, 0))
    asking = patient(clock, engine, requests_a_minute=5, tokens_a_minute=100)
    for _ in range(4):
        asking.ask(chat(max_tokens=91))
    assert [round(later - engine.asked[0]) for later in engine.asked] == [0, 60, 120, 180]
    assert asking.requests.total == 1


def test_the_circuit_opens_over_requests_and_one_probe_closes_it() -> None:
    clock = Clock()
    engine = Moody(clock, [BROKEN] * 4)
    asking = patient(clock, engine, attempts=2, failures=4, cooling=300)
    for _ in range(2):
        with pytest.raises(Transient):
            asking.ask(chat())
    assert asking.ask(chat()) == REPLY
    assert engine.asked[4] - engine.asked[3] == pytest.approx(300)


def test_an_engine_that_is_still_broken_after_the_pause_stops_all_threads_with_the_reason() -> None:
    clock = Clock()
    engine = Moody(clock, otherwise=BROKEN)
    asking = patient(clock, engine, attempts=50, failures=10)
    heard: list[str] = []

    def ask(_: int) -> None:
        with pytest.raises(Stopped) as raised:
            asking.ask(chat())
        heard.append(str(raised.value))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(8)))
    assert len(heard) == 8
    assert all("put it right, then resume the job. It burns." in one for one in heard)
    assert len(engine.asked) <= 10 + 7 + 1  # those that opened it, those under way by then, and the probe


def test_being_refused_or_too_fast_is_a_sign_of_life() -> None:
    clock = Clock()
    signs: list[EngineError | Reply] = [Hopeless("Too long."), TooFast("Slow down."), Unusable("No key.")]
    for sign in signs:
        engine = Moody(clock, [BROKEN, sign, BROKEN, REPLY])
        asking = patient(clock, engine, attempts=1, failures=2)
        for _ in range(3):
            with pytest.raises(EngineError):
                asking.ask(chat())
        assert asking.ask(chat()) == REPLY


def test_what_is_no_trouble_of_the_engine_s_goes_through_and_leaves_the_probe_to_others() -> None:
    clock = Clock()

    class Purseless(Moody):
        def ask(self, request: Request) -> Reply:
            raise LookupError("The budget is spent.")

    engine = Purseless(clock)
    asking = patient(clock, engine, failures=1)
    asking.circuit.failed("It burns.")
    for _ in range(2):
        with pytest.raises(LookupError):
            asking.ask(chat())
    assert clock.waited == [60.0]


def test_an_identity_is_asked_for_as_patiently() -> None:
    clock = Clock()
    engine = Moody(clock, [BROKEN])
    assert patient(clock, engine).identity() == Identity(EngineKind.ECHO, "1", "", "")
    assert len(clock.waited) == 1


def test_closing_closes_the_engine() -> None:
    engine = Moody(Clock())
    patient(Clock(), engine).close()
    assert engine.closed


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"failures": 0},
        {"requests_a_minute": 0},
        {"tokens_a_minute": 0},
        {"requests_a_minute": -1},
        {"first_pause": 0.0},
        {"first_pause": 61.0},
    ],
)
def test_patience_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|first pause"):
        Patience(**wrong)


def test_every_failure_there_is_over_a_real_socket_ends_in_an_answer() -> None:
    """Nine failures, one after the other, for one thread and one question each."""
    failures = [
        script.too_fast("2"),
        script.breaks(500),
        script.breaks(503, Retry_After="1"),
        script.truncated(),
        script.cut_off(),
        script.hangs_up(),
        script.sends({"choices": []}),
        script.too_fast(),
        script.hangs(),
    ]
    clock = Clock()
    with scripted(*failures) as server, closing(OpenAIEngine(server.url, MODEL, timeout=2)) as engine:
        asking = Patient(engine, Patience(attempts=10), random=Random(1), waits=clock.waits())
        assert asking.ask(chat()).text == "An answer."
    assert len(server.asked) == 10
    assert len({str(body) for body in server.bodies}) == 1
