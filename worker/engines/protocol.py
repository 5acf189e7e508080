"""What every engine can be asked, and how it says that it could not answer. Knows no server and no library.

EngineError
├── Transient    worth asking again: too fast, a failure of the server's, no answer, an answer that can't be read
│   └── TooFast  it is there, but asked too often
├── Hopeless     this request will be refused however often it is asked: too long, a setting that it does not know
│   └── Unusable so will every other one: wrong key, address or model
└── Stopped      nothing is asked any more: the job was cancelled, or the engine is out of order
"""

from dataclasses import dataclass
from typing import Protocol

from backend.domain.asking import EngineKind, Reply, Request
from backend.errors import AppError


class EngineError(AppError):
    """An engine did not answer. The message is a sentence for the researcher."""


class Transient(EngineError):
    """Worth asking again. pause: seconds that the server wants to be left alone, None where it named none."""

    def __init__(self, message: str, *, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


class TooFast(Transient):
    """It is there, but was asked too often."""


class Hopeless(EngineError):
    """This request will be refused however often it is asked."""


class TooLong(Hopeless):
    """It is longer than the model takes; a part of it may be answered."""


class Unusable(Hopeless):
    """Every request will be refused until somebody changes the key, the address or the model."""


class Stopped(EngineError):
    """Nothing is asked any more; what is missing can be asked for later."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What answered, as it is stored with each output. Version and revision are empty where the engine tells none."""

    engine: EngineKind
    engine_version: str
    model_revision: str
    url: str


class Engine(Protocol):
    """Answers requests, several at a time: `ask` waits for its answer, and may be called from many threads."""

    def ask(self, request: Request) -> Reply:
        """The answer. Raises EngineError."""

    def identity(self) -> Identity:
        """What answers. Raises EngineError where it is not there."""

    def close(self) -> None:
        """Let go of connections or memory."""
