"""What votes cost: hours of raters' time, and money. Knows no statistics."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from backend.domain.money import Money

SECONDS_PER_HOUR = 3600
PAPERS_WAGE = Money(1500)  # Gudibande et al. 2023, section 4.1: about $15 an hour


@dataclass(frozen=True, slots=True)
class Pay:
    """How raters are paid: seconds a vote takes, pay for an hour, and what the market adds as a share of the pay.

    Raises ValueError for no seconds or more than a day's, and for a fee that is negative or over ten times the pay.
    """

    seconds: float = 45.0
    per_hour: Money = PAPERS_WAGE
    fee: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 86_400:
            raise ValueError(f"a vote takes some seconds, not {self.seconds:g}")
        if not 0 <= self.fee <= 10:
            raise ValueError(f"a fee is a share of the pay, not {self.fee:g}")


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many votes cost; total = pay + fee."""

    hours: float
    pay: Money
    fee: Money
    total: Money


def cost(votes: int, pay: Pay) -> Cost:
    """Hours and money of so many votes. Each amount is rounded up to a whole minor unit, without floating point."""
    hours = votes * Fraction(pay.seconds).limit_denominator(1000) / SECONDS_PER_HOUR
    earned = ceil(hours * pay.per_hour.minor)
    added = ceil(earned * Fraction(pay.fee).limit_denominator(10_000))
    currency = pay.per_hour.currency
    return Cost(float(hours), Money(earned, currency), Money(added, currency), Money(earned + added, currency))
