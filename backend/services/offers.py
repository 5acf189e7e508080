"""What a channel of a batch declares that its raters are told of: pay, codes and the way back. Asks no vendor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.panel import Panel
from backend.db.channels import BatchChannel
from backend.domain.journey import Outcome
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.domain.plain import number, table, text

KNOWN_FOR_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Offer:
    """pay: None where raters are paid elsewhere, or not at all. codes: by outcome."""

    pay: PayRule | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    panel: Panel | None = None

    def code(self, outcome: str) -> str | None:
        """What a rater whose way has ended so hands over, if anything."""
        of_panel = self.panel.code if self.panel is not None and outcome == Outcome.COMPLETED else None
        return self.codes.get(outcome) or of_panel


def offer(settings: Mapping[str, object]) -> Offer:
    """The part of a channel's settings that its raters see."""
    return Offer(
        pay=pay(table(settings, "pay")) if settings.get("pay") else None,
        codes=codes(settings),
        panel=panel(table(settings, "panel")) if settings.get("panel") else None,
    )


def codes(settings: Mapping[str, object]) -> dict[str, str]:
    """The codes to hand over, by outcome; none where there are none."""
    given = table(settings, "codes") if settings.get("codes") else {}
    return {outcome: text(given, outcome) for outcome in given if given[outcome]}


def pay(plain: Mapping[str, object]) -> PayRule:
    """The rule by which the channel pays; amounts in minor units."""
    currency = text(plain, "currency")
    minimum = Money(number(plain, "minimum"), currency) if plain.get("minimum") else None
    return PayRule(number(plain, "median_ms"), Money(number(plain, "per_hour"), currency), minimum)


def panel(plain: Mapping[str, object]) -> Panel:
    """A panel's way in and out."""
    hosts = plain.get("hosts")
    return Panel(
        text(plain, "parameter"),
        code=text(plain, "code") if plain.get("code") else None,
        back=text(plain, "back") if plain.get("back") else None,
        hosts=frozenset(str(host) for host in hosts) if isinstance(hosts, list | tuple) else frozenset(),
    )


class Pays:
    """By which rule each channel of a batch pays, remembered by this process for half a minute.

    A rater's page asks with each comparison, and most batches pay nobody: without this each would cost a statement.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.known: dict[int, tuple[float, dict[str, PayRule]]] = {}

    def of(self, session: Session, batch_id: int) -> dict[str, PayRule]:
        """channel -> rule, of those that pay."""
        now = self.clock()
        at, rules = self.known.get(batch_id, (now - KNOWN_FOR_SECONDS, {}))
        if now - at >= KNOWN_FOR_SECONDS:
            rows = session.execute(
                select(BatchChannel.channel, BatchChannel.settings).where(BatchChannel.batch_id == batch_id)
            )
            found = {channel: offer(settings).pay for channel, settings in rows}
            rules = {channel: rule for channel, rule in found.items() if rule is not None}
            self.known[batch_id] = (now, rules)
        return rules
