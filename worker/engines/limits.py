"""So much in any minute, over all threads. Knows neither requests nor tokens, and waits for nothing.

Every window of sixty seconds is kept, not only those that begin on the minute: a bucket that fills up while nothing is
asked lets twice the limit through in one minute, and servers count as they like.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

MINUTE = 60.0
MARGIN = 0.001  # seconds: a wait to the very moment may end before it by the last bit, and again, without end


@dataclass(slots=True)
class Share:
    """What somebody took, and when. The amount may be put right later."""

    moment: float
    amount: int

    @property
    def ends(self) -> float:
        """When it is a minute old."""
        return self.moment + MINUTE


class Limit:
    """At most `most` in any minute; None for as much as anybody wants."""

    def __init__(self, most: int | None, clock: Callable[[], float]) -> None:
        self.most, self.clock = most, clock
        self.lock = Lock()
        self.taken: deque[Share] = deque()
        self.total = 0

    def take(self, amount: int) -> Share | float:
        """A share, or the seconds until it may be had if nobody else comes first. More than the limit is had alone."""
        with self.lock:
            now = self.clock()
            if self.most is None:
                return Share(now, amount)
            self.forget(now)
            if self.total and self.total + amount > self.most:
                return self.end_for(amount, self.most) - now + MARGIN
            share = Share(now, amount)
            self.taken.append(share)
            self.total += amount
            return share

    def correct(self, share: Share, amount: int) -> None:
        """It was so much in truth; 0 gives it back."""
        with self.lock:
            now = self.clock()
            self.forget(now)
            if self.most is not None and share.ends > now:
                self.total += amount - share.amount
            share.amount = amount

    def forget(self, now: float) -> None:
        while self.taken and self.taken[0].ends <= now:
            self.total -= self.taken.popleft().amount

    def end_for(self, amount: int, most: int) -> float:
        """The moment at which enough of what was taken is a minute old."""
        left = self.total
        for share in self.taken:
            left -= share.amount
            if left + amount <= most:
                return share.ends
        return self.taken[-1].ends
