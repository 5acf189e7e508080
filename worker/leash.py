"""How worker processes know that the process which started them is to end, or has. Knows no job.

A pipe whose writing end is the parent's alone: it is closed on purpose, or by the system when the parent dies. An event
shared by processes has a lock, which stays locked for ever with whoever is killed while holding it.
"""

import os
import select
from dataclasses import dataclass
from io import FileIO


@dataclass(frozen=True, slots=True)
class Leash:
    """The two ends of the pipe, as every process inherits them."""

    reading: int
    writing: FileIO

    @classmethod
    def new(cls) -> "Leash":
        """One that is held."""
        reading, writing = os.pipe()
        return cls(reading, FileIO(writing, "wb"))

    def let_go(self) -> None:
        """In the parent: everybody is to end. In a child, just after it was forked: the other end is not its own.

        May be said twice.
        """
        self.writing.close()

    def is_set(self) -> bool:
        """In a child: whether the parent has let go, or is gone."""
        poll = select.poll()  # unlike select, it takes file descriptors beyond 1023
        poll.register(self.reading, select.POLLIN)
        return bool(poll.poll(0))
