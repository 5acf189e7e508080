"""What can go wrong between us and the vendor, switched on by a test. Knows no operation, only names of them."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class Fault(StrEnum):
    """What becomes of one call."""

    THROTTLED = "throttled"
    BEFORE_ACTING = "a 500, and nothing was done"
    AFTER_ACTING = "a 500, although it was done"
    CUT_OFF = "it was done, and the connection breaks off before the answer"
    NO_MONEY = "insufficient funds"


class Delivery(StrEnum):
    """What becomes of a notification."""

    ONCE = "once"
    TWICE = "twice"
    LATE = "late"
    NEVER = "never"


@dataclass
class Faults:
    """The faults that are switched on. skew: how far the vendor's clock is ahead of ours, for signatures.

    stale_reads: how many times more GetHIT shows the expiry of before a change.
    """

    planned: list[tuple[str, Fault]] = field(default_factory=list)
    credentials_expired: bool = False
    skew: timedelta = timedelta()
    stale_reads: int = 0
    delivery: Delivery = Delivery.ONCE

    def plan(self, operation: str, fault: Fault, *, times: int = 1) -> None:
        """The next calls of this operation go wrong."""
        self.planned += [(operation, fault)] * times

    def next(self, operation: str) -> Fault | None:
        """What goes wrong with this call; it is used up."""
        for number, (name, fault) in enumerate(self.planned):
            if name == operation:
                del self.planned[number]
                return fault
        return None
