"""An engine that is asked patiently: again after a pause, never too fast, and not at all once it is out of order.

Knows no server: what is worth asking again the engine says by its errors. All threads that ask through one Patient
share its limits, its circuit and the pauses that the server names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import TypeVar

from backend.domain.asking import Reply, Request
from worker.engines.circuit import Circuit
from worker.engines.limits import Limit, Share
from worker.engines.protocol import Engine, Hopeless, Identity, Stopped, TooFast, Transient
from worker.engines.waits import Waits

Heard = TypeVar("Heard")


@dataclass(frozen=True, slots=True)
class Patience:
    """attempts: how often one thing is asked at most. Pauses are in seconds and double from the first to the longest.

    longest_named: of a pause that the server names; for a longer one the job had better be resumed later. Limits are
    over all threads, None for none. failures, cooling: so many in a row, and nobody asks for so many seconds.
    """

    attempts: int = 6
    first_pause: float = 1.0
    longest_pause: float = 60.0
    longest_named: float = 900.0
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    failures: int = 20
    cooling: float = 60.0

    def __post_init__(self) -> None:
        positive = (self.attempts, self.failures, self.requests_a_minute or 1, self.tokens_a_minute or 1)
        if min(positive) < 1 or 0 in (self.requests_a_minute, self.tokens_a_minute):
            raise ValueError("attempts, failures and limits are at least 1")
        if not 0 < self.first_pause <= self.longest_pause:
            raise ValueError("the first pause is above 0 and not above the longest")


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to ask once: a share of the requests and one of the tokens."""

    request: Share
    tokens: Share


class Patient:
    """Wraps an engine, and is one. random: of the pauses' jitter, so that threads don't come back all at once."""

    def __init__(self, engine: Engine, patience: Patience, *, random: Random, waits: Waits | None = None) -> None:
        self.engine, self.patience, self.random = engine, patience, random
        self.waits = waits or Waits()
        self.requests = Limit(patience.requests_a_minute, self.waits.clock)
        self.tokens = Limit(patience.tokens_a_minute, self.waits.clock)
        self.circuit = Circuit(patience.failures, patience.cooling, self.waits.clock)
        self.lock = Lock()
        self.held_until = 0.0

    def ask(self, request: Request) -> Reply:
        """The answer. Raises Hopeless, Stopped, or after the last attempt the Transient that it met."""

        def once() -> Reply:
            admission = self.admitted(request.tokens)
            reply = self.heard(lambda: self.engine.ask(request))
            if used := reply.prompt_tokens + reply.completion_tokens:
                self.tokens.correct(admission.tokens, used)
            return reply

        return self.patiently(once)

    def identity(self, *, on_pause: Callable[[str], None] = lambda _: None) -> Identity:
        """What answers, asked for as patiently. on_pause: is told what went wrong and when it is asked again."""

        def once() -> Identity:
            self.admitted(0)
            return self.heard(self.engine.identity)

        return self.patiently(once, on_pause=on_pause)

    def close(self) -> None:
        self.engine.close()

    def patiently(self, once: Callable[[], Heard], *, on_pause: Callable[[str], None] = lambda _: None) -> Heard:
        for number in range(1, self.patience.attempts):
            try:
                return once()
            except Transient as error:
                pause = self.pause_after(error, number)
                on_pause(f"{error} Asking again in {pause:.0f} s ({number + 1} of {self.patience.attempts}).")
                self.waits.pause(pause)
        return once()

    def heard(self, ask: Callable[[], Heard]) -> Heard:
        """Ask once, and tell the circuit how it went. Being refused, or too fast, is a sign of life."""
        try:
            found = ask()
        except (Hopeless, TooFast):
            self.circuit.worked()
            raise
        except Transient as error:
            self.circuit.failed(str(error))
            raise
        else:
            self.circuit.worked()
            return found
        finally:
            self.circuit.left()

    def admitted(self, tokens: int) -> Admission:
        """Wait until this thread may ask. Raises Stopped when cancelled, or when the engine is out of order."""
        while isinstance(admission := self.tried(tokens), float):
            self.waits.pause(admission)
        return admission

    def tried(self, tokens: int) -> Admission | float:
        """Leave to ask, or the seconds after which to try again; what was taken meanwhile is given back."""
        self.waits.check()
        if (left := self.held_until - self.waits.clock()) > 0:
            return left
        request = self.requests.take(1)
        if isinstance(request, float):
            return request
        share = self.tokens.take(tokens)
        wait = share if isinstance(share, float) else self.circuit.enter()
        if isinstance(share, float) or wait > 0:
            self.requests.correct(request, 0)
            if isinstance(share, Share):
                self.tokens.correct(share, 0)
            return wait
        return Admission(request, share)

    def pause_after(self, error: Transient, number: int) -> float:
        """Seconds: what the server named, kept by all threads, or twice as long each time; with jitter on top."""
        jitter = self.random.random()
        if error.pause is None:
            longest = min(self.patience.first_pause * 2.0 ** (number - 1), self.patience.longest_pause)
            return longest * (1 + jitter) / 2
        if error.pause > self.patience.longest_named:
            raise Stopped(
                f"The engine wants to be left alone for {error.pause / 60:.0f} minutes; resume the job then. {error}"
            )
        with self.lock:
            self.held_until = max(self.held_until, self.waits.clock() + error.pause)
        return error.pause + jitter * self.patience.first_pause
