"""Money in whole minor units (cents) of a currency, never in floating point. Knows no account."""

from dataclasses import dataclass
from decimal import Decimal, DecimalException

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
# Currencies without cents (ISO 4217); all others that people pay in here have two digits.
WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
LARGEST = 10**12
MILLION = 1_000_000
LARGEST_MILLIONTHS = 10**15


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


def millionths(text: str) -> int:
    """“2.50” dollars as 2,500,000 of their millionths; finer ones are cut off. Raises ValueError as `money` does."""
    try:
        scaled = Decimal(text) * MILLION
        if scaled.is_finite() and 0 <= scaled <= LARGEST_MILLIONTHS:
            return int(scaled)
    except DecimalException:
        pass
    raise ValueError(f"{text[:40]!r} is no amount of dollars")
