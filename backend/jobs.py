"""The doorbell of jobs: whoever rings says that there may be work, and nothing else. Knows no worker.

Rung after the commit. A bell that nobody hears loses nothing: workers look at the table by themselves too.
"""

import threading
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
    """Heard by workers in this process."""

    rung: threading.Event = field(default_factory=threading.Event)

    def ring(self, queue: Queue) -> None:
        """Wake them, whatever their queue."""
        self.rung.set()
