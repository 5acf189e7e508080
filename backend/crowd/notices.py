"""What a vendor tells unasked, where it is put into a queue of ours. Knows no vendor, no database and no study.

Notices come twice, late, in any order, or never: each is a doorbell, and nobody is paid or rated by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. receipt: what it is taken out of the queue by.

    given_back: (posting, submission), the vendor's ids, of work that was returned or ran out of time, and when it was.
    """

    receipt: str
    given_back: tuple[tuple[str, str, datetime], ...] = ()


class Notices(Protocol):
    """A queue of notices. Everything raises a CrowdError where it can't be done."""

    def watch(self, posting_id: str) -> None:
        """Have what happens to this posting, and to all of its kind, put into the queue. Twice is no error."""

    def read(self) -> Iterator[Notice]:
        """What waits, in any order. A notice that isn't `done` comes again."""

    def done(self, receipt: str) -> None:
        """Take a notice out of the queue."""
