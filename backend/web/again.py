"""Pages that ask for a part of themselves every few seconds: what took long to make is made again later. Knows no page.

However many look and however much there is to read, most of a core stays free.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from time import monotonic

PATIENCE = 10.0


class Again:
    """When each part was made last, on a clock that only runs, and how long that took. Threads share it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.made: MutableMapping[int, tuple[float, float]] = {}

    def is_too_soon(self, number: int) -> bool:
        """Whether whoever asks may keep this part for now."""
        at, took = self.made.get(number, (0.0, 0.0))
        return self.clock() - at < PATIENCE * took

    @contextmanager
    def making(self, number: int) -> Iterator[None]:
        """Whatever is done in here makes the part."""
        began = self.clock()
        yield
        self.made[number] = (began, self.clock() - began)
