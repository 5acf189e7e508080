"""What goes wrong on demand: too many requests, a failure before or after acting, an answer that never comes."""

from dataclasses import dataclass
from enum import StrEnum


class When(StrEnum):
    """How a request goes wrong."""

    TOO_FAST = "429, and nothing was done"
    BEFORE = "500, and nothing was done"
    AFTER = "500, though it was done"
    GIBBERISH = "200 with a page instead of JSON, though it was done"


@dataclass(slots=True)
class Fault:
    """The next so many requests of a method whose path contains this text go wrong."""

    when: When
    method: str
    path: str
    times: int = 1
    retry_after: int | None = None

    def strikes(self, method: str, path: str) -> bool:
        """Whether it is this request's turn; each strike is one less."""
        if self.times < 1 or method != self.method or self.path not in path:
            return False
        self.times -= 1
        return True
