"""A vendor's account in memory: pays, keeps what it has paid, and can fail before it acts or after. Knows no test."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from backend.crowd.protocol import NoMoney, Payment
from backend.domain.money import Money
from tests.factories import NOW

Trouble = Callable[[], None]


class Vendor:
    """The paying part of a Crowd, which honours its protocol: the same token pays once, approving twice is no error.

    rewards: submission -> (rater, reward). before, after: called as each payment begins, and when it is made. With
    `keeps_tokens` false its list names none, as many vendors' don't. funds: minor units left, None without end.
    """

    def __init__(self, rewards: dict[str, tuple[str, Money]], *, keeps_tokens: bool = True) -> None:
        self.rewards, self.keeps_tokens = rewards, keeps_tokens
        self.paid: list[Payment] = []
        self.tokens: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.before: Trouble = lambda: None
        self.after: Trouble = lambda: None
        self.funds: int | None = None

    def approve(self, submission_id: str) -> None:
        self.calls[submission_id] += 1
        self.before()
        rater, reward = self.rewards[submission_id]
        if not any(one.submission_id == submission_id and not one.is_bonus for one in self.paid):
            self.spend(Payment(rater, submission_id, reward, False, NOW, None))
        self.after()

    def pay_bonus(self, submission_id: str, *, rater_id: str, amount: Money, reason: str, token: str) -> None:
        assert reason
        self.calls[token] += 1
        self.before()
        if token not in self.tokens:
            shown = token if self.keeps_tokens else None
            self.spend(Payment(rater_id, submission_id, amount, True, NOW, shown))
            self.tokens.add(token)
        self.after()

    def spend(self, payment: Payment) -> None:
        if self.funds is not None:
            if self.funds < payment.amount.minor:
                raise NoMoney("The account has not enough money.")
            self.funds -= payment.amount.minor
        self.paid.append(payment)

    def payments(self, posting_id: str) -> Iterator[Payment]:
        self.calls["payments"] += 1
        yield from self.paid

    @property
    def spent(self) -> int:
        """Minor units that left the account, without fees."""
        return sum(payment.amount.minor for payment in self.paid)


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now
