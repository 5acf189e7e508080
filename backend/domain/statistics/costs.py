"""What votes cost: hours of raters' time, and money in whole minor units (cents) of a currency. Knows no statistics."""

from dataclasses import dataclass
from decimal import Decimal, DecimalException
from fractions import Fraction
from math import ceil

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
# Currencies without cents (ISO 4217); all others that people pay in here have two digits.
WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
SECONDS_PER_HOUR = 3600
LARGEST = 10**12


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units, 16254 for $162.54. Raises ValueError for a currency that isn't three capitals."""

    minor: int
    currency: str = "USD"

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not (self.currency.isascii() and self.currency.isalpha()):
            raise ValueError(f"a currency is three letters such as USD, not {self.currency!r}")
        if self.currency != self.currency.upper():
            raise ValueError(f"a currency is written in capitals: {self.currency.upper()}")

    def __str__(self) -> str:
        digits = cents(self.currency)
        amount = f"{Decimal(self.minor).scaleb(-digits):,.{digits}f}"
        return f"{SYMBOLS[self.currency]}{amount}" if self.currency in SYMBOLS else f"{self.currency} {amount}"


def cents(currency: str) -> int:
    """How many digits a currency has after its point."""
    return 0 if currency in WITHOUT_CENTS else 2


def money(text: str, currency: str) -> Money:
    """“15” or “12.50” as an amount. Raises ValueError for what is none, negative, absurd, or finer than a cent."""
    try:
        scaled = Decimal(text).scaleb(cents(currency))
        if not scaled.is_finite() or not 0 <= scaled <= LARGEST or scaled != int(scaled):
            raise ValueError(f"{text!r} is no amount of {currency}")
    except DecimalException:
        raise ValueError(f"{text!r} is no amount of {currency}") from None
    return Money(int(scaled), currency)


@dataclass(frozen=True, slots=True)
class Pay:
    """How raters are paid: seconds a vote takes, pay for an hour, and what the market adds as a share of the pay.

    Raises ValueError for no seconds or more than a day's, and for a fee that is negative or over ten times the pay.
    """

    seconds: float = 45.0
    per_hour: Money = Money(1500)  # the paper's $15
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
