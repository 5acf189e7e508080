"""What a channel of a batch offers and pays, as it is declared before anybody comes. Knows no vendor and no table.

Settings are plain data in a JSON column; what can't be used raises ValueError in a sentence that names the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from backend.domain.money import Money
from backend.domain.pay import MTURK, NO_FEES, Fees, PayRule, of_share
from backend.domain.plain import no_others, number, table, text

# A third, as Prolific takes of academics; companies pay more. It is a setting, for the vendor changes it.
PROLIFIC = of_share(1 / 3)
MOST_MINUTES, MOST_HOURS = 7 * 24 * 60, 365 * 24
PAYS_ITSELF = frozenset({"mturk", "prolific"})


@dataclass(frozen=True, slots=True)
class Codes:
    """What a rater brings back to the vendor at the end, by what became of them. All three differ."""

    completed: str
    no_consent: str
    screened_out: str

    def __post_init__(self) -> None:
        given = (self.completed, self.no_consent, self.screened_out)
        if not all(given) or len(set(given)) < len(given):
            raise ValueError("a channel's codes are three different texts")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(outcome, code) of each."""
        return tuple((name, getattr(self, name)) for name in ("completed", "no_consent", "screened_out"))


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel's settings. parameter: the name that its id has in the address. code: what a rater brings back.

    back: where raters are sent at the end, https, with {id} and {code} to be filled in; None shows the code only.
    hosts: those that a rater may be sent to, exactly as written, with a port if it isn't 443.
    """

    parameter: str
    code: str | None = None
    back: str | None = None
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What raters of a channel are offered.

    title, description: what the vendor shows. pay: None where nobody is paid, or elsewhere. fees: the vendor's.
    places: the most raters of the channel, None for as many as it takes. seats: the most seats of one comparison that
    MTurk gets, None for all that are open. time_allowed_minutes: from accepting to handing in. open_for_hours: how
    long a posting is offered. codes: None where there is nobody to bring one to. panel: of a panel only.
    """

    title: str
    description: str
    pay: PayRule | None = None
    fees: Fees = NO_FEES
    places: int | None = None
    seats: int | None = None
    time_allowed_minutes: int = 60
    open_for_hours: int = 7 * 24
    codes: Codes | None = None
    panel: Panel | None = None

    def __post_init__(self) -> None:
        if not self.title.strip() or not self.description.strip():
            raise ValueError("a channel needs a title and a description, which raters read before they come")
        if not 1 <= self.time_allowed_minutes <= MOST_MINUTES:
            raise ValueError(f"time_allowed_minutes must be between 1 and {MOST_MINUTES:,}, which is a week")
        if not 1 <= self.open_for_hours <= MOST_HOURS:
            raise ValueError(f"open_for_hours must be between 1 and {MOST_HOURS:,}, which is a year")
        if any(limit is not None and limit < 1 for limit in (self.places, self.seats)):
            raise ValueError("places and seats are at least 1, or left out for no limit")

    def code(self, outcome: str) -> str | None:
        """What a rater whose way has ended so hands over, if anything; a panel may have a code of its own."""
        given = dict(self.codes.pairs) if self.codes is not None else {}
        of_panel = self.panel.code if self.panel is not None and outcome == "completed" else None
        return of_panel or given.get(outcome)

    @property
    def time_allowed(self) -> timedelta:
        """From accepting to handing in."""
        return timedelta(minutes=self.time_allowed_minutes)

    @property
    def open_for(self) -> timedelta:
        """How long a posting is offered."""
        return timedelta(hours=self.open_for_hours)

    def to_json(self) -> dict[str, object]:
        """Plain data that `from_json` reads back; what is not said stays out."""
        plain: dict[str, object] = {
            "title": self.title,
            "description": self.description,
            "pay": None if self.pay is None else pay_to_json(self.pay),
            "fees": fees_to_json(self.fees),
            "places": self.places,
            "seats": self.seats,
            "time_allowed_minutes": self.time_allowed_minutes,
            "open_for_hours": self.open_for_hours,
            "codes": None if self.codes is None else dict(self.codes.pairs),
            "panel": None if self.panel is None else panel_to_json(self.panel),
        }
        return {name: value for name, value in plain.items() if value is not None}


def defaults(channel: str) -> ChannelSettings:
    """A channel's settings where nobody says otherwise: the vendor's fees, and no pay yet, which has to be said."""
    return ChannelSettings(
        title="Compare two answers",
        description="Read a question and two answers to it, and say which answer you prefer.",
        fees={"mturk": MTURK, "prolific": PROLIFIC}.get(channel, NO_FEES),
        panel=Panel("id") if channel == "panel" else None,
    )


def from_json(plain: Mapping[str, object]) -> ChannelSettings:
    """Settings from plain data. Raises ValueError in a sentence that names the key."""
    known = {
        "title", "description", "pay", "fees", "places", "seats",
        "time_allowed_minutes", "open_for_hours", "codes", "panel",
    }  # fmt: skip
    no_others(plain, known, "setting of a channel")
    return ChannelSettings(
        title=text(plain, "title"),
        description=text(plain, "description"),
        pay=pay_from_json(table(plain, "pay")) if plain.get("pay") is not None else None,
        fees=fees_from_json(table(plain, "fees")),
        places=number_or_none(plain, "places"),
        seats=number_or_none(plain, "seats"),
        time_allowed_minutes=number({"time_allowed_minutes": 60, **plain}, "time_allowed_minutes"),
        open_for_hours=number({"open_for_hours": 7 * 24, **plain}, "open_for_hours"),
        codes=codes_from_json(table(plain, "codes")) if plain.get("codes") is not None else None,
        panel=panel_from_json(table(plain, "panel")) if plain.get("panel") is not None else None,
    )


def pay_to_json(rule: PayRule) -> dict[str, object]:
    """A pay rule; amounts in minor units."""
    return {
        "median_ms": rule.median_ms,
        "per_hour": rule.per_hour.minor,
        "currency": rule.per_hour.currency,
        **({} if rule.minimum is None else {"minimum": rule.minimum.minor}),
    }


def pay_from_json(plain: Mapping[str, object]) -> PayRule:
    """A pay rule from plain data."""
    no_others(plain, {"median_ms", "per_hour", "currency", "minimum"}, "key of the pay")
    currency = text(plain, "currency")
    least = number_or_none(plain, "minimum")
    return PayRule(
        median_ms=number(plain, "median_ms"),
        per_hour=Money(number(plain, "per_hour"), currency),
        minimum=None if least is None else Money(least, currency),
    )


SHARES = ("reward", "bonus", "many", "masters")


def fees_to_json(fees: Fees) -> dict[str, object]:
    """Fees; shares as exact fractions, such as “1/5”."""
    shares: dict[str, object] = {name: str(getattr(fees, name)) for name in SHARES}
    return {**shares, "many_from": fees.many_from, "minimum": fees.minimum}


def fees_from_json(plain: Mapping[str, object]) -> Fees:
    """Fees from plain data; none from an empty table."""
    no_others(plain, {*SHARES, "many_from", "minimum"}, "key of the fees")
    given = {"many_from": NO_FEES.many_from, "minimum": 0, **plain}
    made = Fees(
        **{name: share(plain, name) for name in SHARES},
        many_from=number(given, "many_from"),
        minimum=number(given, "minimum"),
    )
    if made.minimum < 0 or made.many_from < 1:
        raise ValueError("fees are never negative, and many_from is at least 1")
    return made


def share(plain: Mapping[str, object], key: str) -> Fraction:
    """A share such as “1/5” or “0.2”, from 0 to 10; none where the key is missing."""
    if key not in plain:
        return Fraction(0)
    try:
        read = Fraction(text(plain, key))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{key} must be a share such as 1/5") from None
    if not 0 <= read <= 10:
        raise ValueError(f"{key} must be a share of the pay, not {read}")
    return read


def codes_from_json(plain: Mapping[str, object]) -> Codes:
    """Codes from plain data."""
    names = ("completed", "no_consent", "screened_out")
    no_others(plain, set(names), "code")
    return Codes(*(text(plain, name) for name in names))


def panel_to_json(panel: Panel) -> dict[str, object]:
    """A panel's settings; what is not said stays out."""
    plain: dict[str, object] = {"parameter": panel.parameter, "code": panel.code, "back": panel.back}
    said = {name: value for name, value in plain.items() if value is not None}
    return {**said, **({"hosts": sorted(panel.hosts)} if panel.hosts else {})}


def panel_from_json(plain: Mapping[str, object]) -> Panel:
    """A panel's settings from plain data."""
    no_others(plain, {"parameter", "code", "back", "hosts"}, "setting of a panel")
    hosts = plain.get("hosts", [])
    if not isinstance(hosts, list | tuple) or not all(isinstance(host, str) for host in hosts):
        raise ValueError("hosts must be a list of texts")
    return Panel(
        parameter=text(plain, "parameter"),
        code=None if plain.get("code") is None else text(plain, "code"),
        back=None if plain.get("back") is None else text(plain, "back"),
        hosts=frozenset(hosts),
    )


def number_or_none(plain: Mapping[str, object], key: str) -> int | None:
    """A whole number, or None where it is not said."""
    return None if plain.get(key) is None else number(plain, key)
