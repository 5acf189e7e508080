"""What work earns: rewards from a pilot's times, top-ups to the target, fees. Exact in minor units; knows no account.

Times are whole milliseconds, amounts whole minor units, shares fractions: nothing here is a floating point number.
The time of one piece of work counts up to three times the pilot's median, so that what a batch can cost is finite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
from numpy.typing import NDArray

from backend.domain.money import Money
from backend.domain.statistics.costs import PAPERS_WAGE

MS_PER_HOUR = 3_600_000
LONGEST_COUNTED = 3


def pilot_median(active_ms: Sequence[int]) -> int:
    """The median time of a pilot's pieces of work in ms, half a millisecond rounded up. ValueError without one."""
    if not active_ms or min(active_ms) < 0:
        raise ValueError("the median needs the times of a pilot, each zero or more")
    ordered, half = sorted(active_ms), len(active_ms) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half] + 1) // 2


@dataclass(frozen=True, slots=True)
class PayRule:
    """How a piece of work is paid, as it is declared before a launch.

    median_ms: of the pilot, above zero. per_hour: the target. minimum: the least reward that the vendor takes.
    Raises ValueError for no time, a negative amount, or two currencies.
    """

    median_ms: int
    per_hour: Money = PAPERS_WAGE
    minimum: Money | None = None

    def __post_init__(self) -> None:
        if self.median_ms < 1:
            raise ValueError("a piece of work takes some time")
        if min(self.per_hour.minor, self.minimum.minor if self.minimum else 0) < 0:
            raise ValueError("pay is never negative")
        if self.minimum is not None and self.minimum.currency != self.per_hour.currency:
            raise ValueError("the target and the vendor's minimum are in two currencies")

    @property
    def reward(self) -> Money:
        """For one comparison: what the pilot's median earns at the target, rounded up, and never below the minimum."""
        least = self.minimum.minor if self.minimum else 0
        return Money(max(self.earned(self.median_ms), least), self.per_hour.currency)

    @property
    def worst_top_up(self) -> Money:
        """The most that can ever be missing to the target for one piece of work."""
        missing = self.earned(LONGEST_COUNTED * self.median_ms) - self.reward.minor
        return Money(max(0, missing), self.per_hour.currency)

    def earned(self, counted_ms: int) -> int:
        """What so much counted time earns at the target, in minor units, rounded up."""
        return -(-self.per_hour.minor * counted_ms // MS_PER_HOUR)

    def counted(self, active_ms: int | None) -> int:
        """The time of one piece that counts: three medians at most, and the median itself where it is unknown."""
        return self.median_ms if active_ms is None else min(active_ms, LONGEST_COUNTED * self.median_ms)

    def top_up(self, *, counted_ms: int, earned: Money) -> Money:
        """What is missing to the target for a rater's counted time; never negative. earned: top-ups before included."""
        if earned.currency != self.per_hour.currency:
            raise ValueError("the target and what was earned are in two currencies")
        return Money(max(0, self.earned(counted_ms) - earned.minor), self.per_hour.currency)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Parts of a whole number that add up to it, in proportion to the weights: whole shares, then largest remainders.

    Equal remainders go to the earlier ones. Weights are zero or more; where all are zero the parts are equal.
    """
    whole = sum(weights)
    if not whole:
        return apportion(total, [1] * len(weights)) if weights else []
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


@dataclass(frozen=True, slots=True)
class Fees:
    """What a vendor adds to what raters get. Shares of the amount; each fee is rounded up to a minor unit.

    many: added to the reward's share from `many_from` places on. masters: added where only those may work. minimum:
    the least fee on one reward or bonus, in minor units.
    """

    reward: Fraction = Fraction(0)
    bonus: Fraction = Fraction(0)
    many: Fraction = Fraction(0)
    many_from: int = 10
    masters: Fraction = Fraction(0)
    minimum: int = 0

    def on_reward(self, reward: Money, *, places: int = 1, masters: bool = False) -> Money:
        """The fee on one rater's reward of a posting with so many places."""
        many = self.many if places >= self.many_from else Fraction(0)
        return self.of(reward, self.reward + many + (self.masters if masters else Fraction(0)))

    def on_bonus(self, bonus: Money) -> Money:
        """The fee on one bonus."""
        return self.of(bonus, self.bonus)

    def of(self, amount: Money, share: Fraction) -> Money:
        """This share of an amount; nothing on nothing."""
        return Money(max(ceil(amount.minor * share), self.minimum) if amount.minor else 0, amount.currency)


NO_FEES = Fees()
# Mechanical Turk's price list: 20 % of reward and bonus, 20 % more from ten assignments, at least a cent, Masters 5 %.
MTURK = Fees(Fraction(1, 5), Fraction(1, 5), many=Fraction(1, 5), masters=Fraction(1, 20), minimum=1)


def of_share(share: float) -> Fees:
    """The same share of rewards and bonuses, such as Prolific's, which is a setting. To a hundredth of a per cent."""
    if not 0 <= share <= 10:
        raise ValueError(f"a fee is a share of the pay, not {share:g}")
    exact = Fraction(share).limit_denominator(10_000)
    return Fees(exact, exact)


@dataclass(frozen=True, slots=True)
class Offer:
    """The work that one channel gets. pieces: seats (the extra ones too). checks: the most that its raters may meet.

    places: of one posting, which MTurk's fee asks. masters: whether the posting is for those alone.
    """

    pieces: int
    checks: int = 0
    fees: Fees = NO_FEES
    places: int = 1
    masters: bool = False


def most_checks(pieces: int, rates: Sequence[float], *, raters: int) -> int:
    """The most checks that so many raters meet on so many seats, for the declared rate of each kind.

    A rater meets of each kind at most one more than their comparisons times its rate, and never two checks in a row.
    """
    exact = [Fraction(rate).limit_denominator(1_000_000) for rate in rates]
    return min(pieces, sum(int(pieces * rate) + min(pieces, raters) for rate in exact if rate))


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of a preview: so many times the same amount."""

    what: str
    count: int
    each: Money

    @property
    def total(self) -> Money:
        """count × each."""
        return Money(self.count * self.each.minor, self.each.currency)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a launch costs at most. certain: what it costs if every rater takes the pilot's median. total: the worst."""

    lines: tuple[CostLine, ...]
    certain: Money
    total: Money


REWARDS, CHECKS, REWARD_FEES = "rewards", "checks", "fees on rewards"
TOP_UPS, TOP_UP_FEES = "top-ups at worst", "fees on top-ups at worst"


def preview(rule: PayRule, offer: Offer) -> Preview:
    """The worst case of a channel's part of a batch, line by line; lines of nothing are left out.

    No grouping of the work into payments costs more: a fee on a sum is at most the sum of the fees on its parts.
    """
    reward, top_up, pieces = rule.reward, rule.worst_top_up, offer.pieces + offer.checks
    fee = offer.fees.on_reward(reward, places=offer.places, masters=offer.masters)
    certain = (
        CostLine(REWARDS, offer.pieces, reward),
        CostLine(CHECKS, offer.checks, reward),
        CostLine(REWARD_FEES, pieces, fee),
    )
    worst = (
        CostLine(TOP_UPS, pieces, top_up),
        CostLine(TOP_UP_FEES, pieces, offer.fees.on_bonus(top_up)),
    )
    return Preview(
        lines=tuple(line for line in (*certain, *worst) if line.total.minor),
        certain=total(certain, reward.currency),
        total=total((*certain, *worst), reward.currency),
    )


def total(lines: Sequence[CostLine], currency: str) -> Money:
    """What the lines add up to."""
    return Money(sum(line.total.minor for line in lines), currency)


@dataclass(frozen=True, slots=True)
class RaterPay:
    """One entry a rater who was paid for work, by rising id. counted_ms: capped. earned: minor units, top-ups included.

    hourly: minor units an hour of counted time, rounded down; -1 where no time was counted.
    """

    raters: NDArray[np.int64]
    counted_ms: NDArray[np.int64]
    earned: NDArray[np.int64]
    hourly: NDArray[np.int64]

    @property
    def median(self) -> int | None:
        """The median rater's hourly pay in minor units, rounded down; None where no time was counted."""
        known = np.sort(self.hourly[self.hourly >= 0])
        if not len(known):
            return None
        return int(known[(len(known) - 1) // 2] + known[len(known) // 2]) // 2


def realised(
    raters: NDArray[np.int64], active_ms: NDArray[np.int64], earned: NDArray[np.int64], *, median_ms: int
) -> RaterPay:
    """Hourly pay as it came out, from one entry a piece of paid work; their order does not matter.

    active_ms: -1 where unknown, which counts as the pilot's median. earned: minor units of that piece.
    """
    who, of = np.unique(raters, return_inverse=True)
    times = np.where(active_ms < 0, median_ms, np.minimum(active_ms, LONGEST_COUNTED * median_ms))
    counted, sums = np.zeros(len(who), dtype=np.int64), np.zeros(len(who), dtype=np.int64)
    np.add.at(counted, of, times)
    np.add.at(sums, of, earned)
    hourly = np.where(counted > 0, sums * MS_PER_HOUR // np.maximum(counted, 1), -1)
    return RaterPay(who, counted, sums, hourly)
