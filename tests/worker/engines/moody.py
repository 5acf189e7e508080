"""An engine in memory that is well or ill by a list, for tests of patience."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock

from backend.domain.asking import EngineKind, Reply, Request
from tests.worker.engines.asked import MODEL, Clock, chat
from worker.engines.patience import Patience, Patient
from worker.engines.protocol import EngineError, Identity, Transient

REPLY = Reply("Blue.", "stop", MODEL, 10, 5)
BROKEN = Transient("It burns.")


@dataclass
class Moody:
    """An engine in memory whose moods are its answers, one after the other; keeps the moments at which it was asked."""

    clock: Callable[[], float]
    moods: list[EngineError | Reply] = field(default_factory=list)
    otherwise: EngineError | Reply = REPLY
    asked: list[float] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def ask(self, request: Request) -> Reply:
        with self.lock:
            self.asked.append(self.clock())
            mood = self.moods.pop(0) if self.moods else self.otherwise
        if isinstance(mood, EngineError):
            raise mood
        return mood

    def identity(self) -> Identity:
        self.ask(chat())
        return Identity(EngineKind.ECHO, "1", "", "")

    def close(self) -> None:
        self.closed = True


def patient(clock: Clock, engine: Moody, *, cancelled: Event | None = None, **patience: object) -> Patient:
    return Patient(engine, Patience(**patience), random=Random(1), waits=clock.waits(cancelled))
