"""A job that is cancelled waits for nothing more, whatever its threads are waiting for."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier, Event

import pytest

from backend.domain.asking import Reply, Request
from tests.worker.engines.asked import Clock, chat
from tests.worker.engines.moody import BROKEN, Moody, patient
from worker.engines.patience import Patience, Patient
from worker.engines.protocol import Stopped, Transient
from worker.engines.waits import Waits


def test_a_cancelled_job_asks_nothing_more() -> None:
    clock, cancelled = Clock(), Event()
    engine = Moody(clock)
    cancelled.set()
    with pytest.raises(Stopped, match="The job was cancelled"):
        patient(clock, engine, cancelled=cancelled).ask(chat())
    assert engine.asked == []


def test_cancelling_ends_a_wait_for_the_next_attempt() -> None:
    clock = Clock(cancel_at=1001.0)
    engine = Moody(clock, otherwise=BROKEN)
    with pytest.raises(Stopped, match="cancelled"):
        patient(clock, engine, first_pause=100, longest_pause=100).ask(chat())
    assert len(engine.asked) == 1


def test_cancelling_ends_a_wait_for_the_limit_and_for_the_circuit() -> None:
    clock = Clock(cancel_at=1010.0)
    asking = patient(clock, Moody(clock), requests_a_minute=1)
    asking.ask(chat())
    with pytest.raises(Stopped, match="cancelled"):
        asking.ask(chat())
    clock = Clock(cancel_at=1010.0)
    asking = patient(clock, Moody(clock, otherwise=BROKEN), attempts=1, failures=1)
    with pytest.raises(Transient):
        asking.ask(chat())
    with pytest.raises(Stopped, match="cancelled"):
        asking.ask(chat())


def test_cancelling_wakes_threads_that_really_wait() -> None:
    """On the real clock: pauses of an hour, ended by the event as soon as both threads are about to wait."""
    cancelled, both = Event(), Barrier(3)

    class Meeting(Moody):
        def ask(self, request: Request) -> Reply:
            both.wait(10)
            raise BROKEN

    asking = Patient(
        Meeting(Clock()), Patience(first_pause=3600, longest_pause=3600), random=Random(1), waits=Waits(cancelled)
    )
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(asking.ask, chat()) for _ in range(2)]
        both.wait(10)
        cancelled.set()
        for one in waiting:
            with pytest.raises(Stopped, match="cancelled"):
                one.result(10)
