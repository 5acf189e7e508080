"""Stops asking an engine that is out of order, over all threads. Knows no engine, and waits for nothing.

closed: everybody asks. After so many failures in a row it is open: nobody asks until it has cooled. Then one thread
asks, the others wait for what it hears: it closes again, or it is broken for good and everybody is Stopped.
"""

from collections.abc import Callable
from enum import StrEnum
from threading import Lock, get_ident

from worker.engines.protocol import Stopped

LOOK_AGAIN = 0.25  # seconds between looks at what the probing thread has heard


class State(StrEnum):
    """What a thread that wants to ask finds."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    BROKEN = "broken"


class Circuit:
    """most: failures in a row that open it. cooling: seconds until the probe."""

    def __init__(self, most: int, cooling: float, clock: Callable[[], float]) -> None:
        self.most, self.cooling, self.clock = most, cooling, clock
        self.lock = Lock()
        self.state = State.CLOSED
        self.failures = 0
        self.open_until = 0.0
        self.prober = 0
        self.reason = ""

    def enter(self) -> float:
        """0 for a thread that may ask now, else the seconds after which to come again. Raises Stopped once broken."""
        with self.lock:
            if self.state == State.BROKEN:
                raise self.stopped()
            if self.state == State.CLOSED:
                return 0.0
            if self.state == State.PROBING:
                return LOOK_AGAIN
            if (left := self.open_until - self.clock()) > 0:
                return left
            self.state, self.prober = State.PROBING, get_ident()
            return 0.0

    def worked(self) -> None:
        """It answered, be it with a refusal."""
        with self.lock:
            if self.state != State.BROKEN:
                self.state, self.failures = State.CLOSED, 0

    def failed(self, reason: str) -> None:
        """It did not. Raises Stopped if this thread's was the probe; others' may have been asked before it opened."""
        with self.lock:
            self.failures += 1
            self.reason = reason
            if self.is_probe:
                self.state = State.BROKEN
                raise self.stopped()
            if self.state == State.CLOSED and self.failures >= self.most:
                self.state, self.open_until = State.OPEN, self.clock() + self.cooling

    def left(self) -> None:
        """This thread is done; a probe that heard nothing, being cancelled, leaves the probe to another thread."""
        with self.lock:
            if self.is_probe:
                self.state = State.OPEN

    @property
    def is_probe(self) -> bool:
        return self.state == State.PROBING and self.prober == get_ident()

    def stopped(self) -> Stopped:
        return Stopped(
            f"The engine failed {self.failures} times in a row, at last after {self.cooling:g} seconds of rest;"
            f" put it right, then resume the job. {self.reason}"
        )
