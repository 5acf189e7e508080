"""A clock, and waits that end at once when the job is cancelled. Knows nobody who waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from worker.engines.protocol import Stopped

CANCELLED = "The job was cancelled; what is missing can be asked for by resuming it."


@dataclass(frozen=True, slots=True)
class Waits:
    """cancelled: set by whoever cancels. clock: seconds. wait: waits so long for the event, and says if it is set."""

    cancelled: Event = field(default_factory=Event)
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[Event, float], bool] = Event.wait

    def check(self) -> None:
        """Raise Stopped once the job is cancelled."""
        if self.cancelled.is_set():
            raise Stopped(CANCELLED)

    def pause(self, seconds: float) -> None:
        """Wait so long. Raises Stopped as soon as the job is cancelled."""
        if self.wait(self.cancelled, max(0.0, seconds)):
            raise Stopped(CANCELLED)
