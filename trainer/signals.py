"""Hears that a run is to end: SIGTERM from a scheduler, SIGINT from a person. Knows no process but its own."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from trainer.errors import Stopped

HEARD = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Stop:
    """Whether this process was told to end; the run does at its next step, once everybody knows."""

    told: bool = False

    def tell(self, number: int, frame: FrameType | None) -> None:
        """What happens on a signal: nothing at once, since a half-made step or checkpoint is worth nothing."""
        self.told = True

    def obey(self) -> None:
        """Stopped where this process was told to end: for what comes before the first step, and can be begun again."""
        if self.told:
            raise Stopped("Stopped before the first step: the same call begins again.")


@contextmanager
def heard() -> Iterator[Stop]:
    """While the block runs, signals to end are remembered instead of obeyed."""
    stop = Stop()
    earlier = {number: signal.signal(number, stop.tell) for number in HEARD}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
