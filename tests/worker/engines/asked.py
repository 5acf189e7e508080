"""What tests of engines share: a request in short, and a clock on which waiting costs no time."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

from backend.domain.asking import EngineKind, Request, Sampling
from backend.domain.records import Turn
from tests.openai import Scripted, Step, scripted
from worker.engines.openai import OpenAIEngine
from worker.engines.waits import Waits

MODEL = "a-model"


def chat(text: str = "Why is the sky blue?", *, logprobs: int = 0, sample: int = 0, **sampling: object) -> Request:
    turns = (Turn("user", text),)
    return Request(EngineKind.OPENAI, "", MODEL, Sampling(**sampling), turns=turns, sample=sample, logprobs=logprobs)


def completion(text: str = "The sky is", *, logprobs: int = 0, sample: int = 0, **sampling: object) -> Request:
    return Request(EngineKind.OPENAI, "", MODEL, Sampling(**sampling), text=text, sample=sample, logprobs=logprobs)


@dataclass
class Clock:
    """Seconds that pass when somebody waits; every wait is remembered. cancel_at: a moment at which the job is."""

    moment: float = 1000.0
    waited: list[float] = field(default_factory=list)
    cancel_at: float | None = None
    lock: Lock = field(default_factory=Lock)

    def __call__(self) -> float:
        return self.moment

    def wait(self, cancelled: Event, seconds: float) -> bool:
        with self.lock:
            self.waited.append(seconds)
            self.moment += seconds
            if self.cancel_at is not None and self.moment >= self.cancel_at:
                cancelled.set()
        return cancelled.is_set()

    def waits(self, cancelled: Event | None = None) -> Waits:
        return Waits(cancelled or Event(), self, self.wait)


@contextmanager
def house(
    *steps: Step, server: dict[str, object] | None = None, **engine: object
) -> Iterator[tuple[Scripted, OpenAIEngine]]:
    """A scripted server and an engine that asks it."""
    with scripted(*steps, **server or {}) as served, closing(OpenAIEngine(served.url, MODEL, **engine)) as asking:
        yield served, asking
