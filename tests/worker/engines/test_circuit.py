"""An engine that is out of order is left alone, probed once, and given up."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.worker.engines.asked import Clock
from worker.engines.circuit import LOOK_AGAIN, Circuit
from worker.engines.protocol import Stopped


def elsewhere(threads: ThreadPoolExecutor, circuit: Circuit) -> float:
    """What another thread is told."""
    return threads.submit(circuit.enter).result()


def test_so_many_failures_in_a_row_open_it_and_an_answer_in_between_starts_the_count_anew() -> None:
    circuit = Circuit(3, 60, Clock())
    circuit.failed("broken")
    circuit.failed("broken")
    circuit.worked()
    circuit.failed("broken")
    circuit.failed("broken")
    assert circuit.enter() == 0
    circuit.failed("broken")
    assert circuit.enter() == 60


def opened(clock: Clock) -> Circuit:
    circuit = Circuit(1, 60, clock)
    circuit.failed("It burns.")
    clock.moment += 60
    return circuit


def test_one_thread_probes_and_the_others_wait_until_it_has_heard_an_answer() -> None:
    circuit = opened(Clock())
    with ThreadPoolExecutor(1) as threads:
        assert circuit.enter() == 0
        assert elsewhere(threads, circuit) == LOOK_AGAIN
        circuit.worked()
        assert elsewhere(threads, circuit) == 0


def test_a_probe_that_fails_stops_everybody_with_the_last_reason() -> None:
    circuit = opened(Clock())
    circuit.enter()
    with pytest.raises(Stopped, match=r"failed 2 times in a row, .* put it right, then resume the job\. Still burns\."):
        circuit.failed("Still burns.")
    circuit.worked()  # an answer that comes late changes nothing
    with ThreadPoolExecutor(1) as threads, pytest.raises(Stopped, match=r"Still burns\."):
        elsewhere(threads, circuit)


def test_a_failure_of_what_was_asked_before_it_opened_is_not_the_probe_s() -> None:
    circuit = opened(Clock())
    with ThreadPoolExecutor(1) as threads:
        assert elsewhere(threads, circuit) == 0
        circuit.failed("late")
        circuit.left()
        assert circuit.enter() == LOOK_AGAIN
        threads.submit(circuit.worked).result()
    assert circuit.enter() == 0


def test_a_probe_that_hears_nothing_leaves_the_probe_to_another_thread() -> None:
    circuit = opened(Clock())
    assert circuit.enter() == 0
    circuit.left()
    with ThreadPoolExecutor(1) as threads:
        assert elsewhere(threads, circuit) == 0
