"""The doorbell of jobs: whoever rings says that there may be work, and nothing else. Knows no worker.

Rung after the commit. A bell that nobody hears loses nothing: workers look at the table by themselves too.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from backend.domain.jobs import Queue


class Doorbell(Protocol):
    """Tells workers to look now rather than soon."""

    def ring(self, queue: Queue) -> None:
        """There may be a job in this queue."""


@dataclass(frozen=True, slots=True)
class Silent:
    """Nobody hears it: workers find the job when they next look."""

    def ring(self, queue: Queue) -> None:
        """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Near:
    """Heard by workers in this process, each queue's by its own."""

    rung: Mapping[Queue, threading.Event] = field(default_factory=lambda: {queue: threading.Event() for queue in Queue})

    def ring(self, queue: Queue) -> None:
        """Wake whoever works on this queue."""
        self.rung[queue].set()
