"""The words of jobs, and how one is run. Knows no queue, no worker and no clock."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from backend.domain.asking import EngineKind
from backend.domain.records import Json


class JobKind(StrEnum):
    """What a job does: outputs of a system, a judge's verdicts, new questions made from a few, or a trained model."""

    GENERATE = "generate"
    JUDGE = "judge"
    SYNTHESIZE = "synthesize"
    TRAIN = "train"


class JobState(StrEnum):
    """queued ⇄ running → done; running → failed or cancelled, and from there back to queued by a person's retry."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_live(self) -> bool:
        """Whether somebody may still work on it."""
        return self in (JobState.QUEUED, JobState.RUNNING)


class JobEventKind(StrEnum):
    """What can become of a job. lost: its worker gave no sign of life any more. ended: in a state that is not live."""

    QUEUED = "queued"
    BEGUN = "begun"
    LOST = "lost"
    HANDED_BACK = "handed_back"
    ASKED_TO_STOP = "asked_to_stop"
    TRIED_AGAIN = "tried_again"
    ENDED = "ended"


class Queue(StrEnum):
    """io: waits for others' servers. gpu: fills a machine's accelerator, so one at a time a worker."""

    IO = "io"
    GPU = "gpu"


OF_THIS_MACHINE = frozenset({EngineKind.VLLM, EngineKind.TRANSFORMERS})


def queue_of(engine: EngineKind, url: str) -> Queue:
    """Where a job of this engine waits; one with an address asks a server that runs already."""
    return Queue.GPU if engine in OF_THIS_MACHINE and not url else Queue.IO


@dataclass(frozen=True, slots=True)
class Manner:
    """How a job asks, which changes how fast and how dear it is, and never what it gives.

    concurrency: questions at the engine at one time. requests_a_minute, tokens_a_minute: None for no limit.
    price_in, price_out: of a million tokens of the question and of the answer, in millionths of a dollar.
    Raises ValueError, in words that follow “how it asks: ”, for what can't be.
    """

    concurrency: int = 16
    requests_a_minute: int | None = None
    tokens_a_minute: int | None = None
    price_in: int = 0
    price_out: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.concurrency <= 1024:
            raise ValueError(f"concurrency is {self.concurrency}; it must be between 1 and 1024")
        for name in ("requests_a_minute", "tokens_a_minute"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise ValueError(f"{name} is {limit}; it must be at least 1")
        if min(self.price_in, self.price_out) < 0:
            raise ValueError("a price is never negative")

    def to_json(self) -> dict[str, Json]:
        """As it is stored with its job."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, int | None]) -> "Manner":
        """From what was stored."""
        return cls(
            concurrency=stored["concurrency"] or 1,
            requests_a_minute=stored["requests_a_minute"],
            tokens_a_minute=stored["tokens_a_minute"],
            price_in=stored["price_in"] or 0,
            price_out=stored["price_out"] or 0,
        )
