"""Reads the launch form, pay included: what was typed, and what it would cost. Knows no page."""

from dataclasses import dataclass, replace
from decimal import Decimal, DecimalException
from fractions import Fraction

from sqlalchemy.orm import Session
from starlette.datastructures import FormData, QueryParams, UploadFile

from backend.db.raters import Channel
from backend.db.studies import Study
from backend.domain.channels import ChannelSettings, defaults
from backend.domain.money import Money, money
from backend.domain.pay import MTURK, PayRule, of_share
from backend.domain.settings import from_json
from backend.errors import AppError, Invalid
from backend.services.money import quotes
from backend.services.money.quotes import Pilot, Quote
from backend.web.forms import fields

# A panel pays its raters itself; its settings are more than this form asks.
PAYING = (Channel.LINK, Channel.PROLIFIC, Channel.MTURK)
# Mechanical Turk rewards nothing below a cent, as its price list says.
LEAST = {Channel.MTURK: MTURK.minimum}
LONGEST_SECONDS = 86_400
TEXTS = ("baseline", "prompts", "seed", "seconds", "per_hour", "currency", "prolific_fee", "raters", "budget")


@dataclass(frozen=True, slots=True)
class Launch:
    """The form as it stands. typed: its texts. quote: what the launch would cost, if it pays and the form can be read.

    message: why it can't be read.
    """

    typed: dict[str, str]
    candidates: tuple[str, ...]
    channels: tuple[str, ...]
    pays: bool
    pilot: Pilot
    quote: Quote | None
    message: str


def looked_at(query: QueryParams) -> FormData:
    """The form in an address: whoever wants to know what it costs sends it there before they launch."""
    given: list[tuple[str, str | UploadFile]] = [*query.multi_items()]
    return FormData(given)


def read(session: Session, study: Study, form: FormData, *, baseline: str) -> Launch:
    """The form that was sent for another look, or an empty one with what it starts with."""
    pilot = quotes.pilot(session, study)
    starts = {"baseline": baseline, "seed": "2023", "seconds": f"{pilot.median_ms / 1000:.1f}"}
    starts |= {"per_hour": "15", "currency": "USD"}
    typed = {name: fields.text(form, name) or starts.get(name, "") for name in TEXTS}
    chosen = tuple(fields.texts(form, "channel")) or (str(Channel.LINK),)
    made = Launch(
        typed=typed,
        candidates=tuple(fields.texts(form, "candidates")),
        channels=chosen,
        pays=bool(fields.text(form, "pay")),
        pilot=pilot,
        quote=None,
        message="",
    )
    if not made.pays:
        return made
    try:
        return replace(made, quote=quote(session, study, form, made))
    except AppError as error:
        return replace(made, message=str(error))


def quote(session: Session, study: Study, form: FormData, made: Launch) -> Quote | None:
    """What this launch would cost. Invalid or Conflict with a sentence for what can't be."""
    count = quotes.comparisons(
        session,
        study,
        baseline=made.typed["baseline"],
        candidates=made.candidates,
        prompts=fields.number(form, "prompts"),
    )
    found = quotes.quote(from_json(study.settings), paid(form), comparisons=count)
    if found is not None:
        quotes.enough(found, budget(form))
    return found


def paid(form: FormData) -> dict[Channel, ChannelSettings]:
    """The channels that the form declares, with their pay; none where it is not ticked. Invalid with a sentence."""
    if not fields.text(form, "pay"):
        return {}
    chosen = fields.texts(form, "channel")
    if not chosen or any(one not in PAYING for one in chosen):
        raise Invalid("Choose at least one channel whose raters are paid from here.")
    places = fields.number(form, "raters")
    try:
        rule = PayRule(round(1000 * seconds(form)), money(fields.text(form, "per_hour"), currency(form)))
        return {channel: settings(channel, rule, form, places) for channel in PAYING if channel in chosen}
    except ValueError as error:
        raise Invalid(f"This pay can't be used: {error}.") from None


def settings(channel: Channel, rule: PayRule, form: FormData, places: int | None) -> ChannelSettings:
    """A channel with its usual texts and fees. Raises ValueError with a sentence."""
    made = replace(defaults(channel), pay=rule, places=places)
    if channel in LEAST:
        made = replace(made, pay=replace(rule, minimum=Money(LEAST[channel], rule.per_hour.currency)))
    given = fields.text(form, "prolific_fee")
    if channel == Channel.PROLIFIC and given:
        made = replace(made, fees=of_share(float(Fraction(exact(given, "the fee")) / 100)))
    return made


def budget(form: FormData) -> Money | None:
    """The budget that was typed; None for the worst case. Invalid with a sentence."""
    given = fields.text(form, "budget").replace(",", "")
    try:
        return money(given, currency(form)) if given else None
    except ValueError as error:
        raise Invalid(f"This budget can't be used: {error}.") from None


def currency(form: FormData) -> str:
    """The currency of the pay and the budget."""
    return fields.text(form, "currency").upper() or "USD"


def seconds(form: FormData) -> Decimal:
    """How long a comparison takes. Raises ValueError with a sentence."""
    given = exact(fields.text(form, "seconds"), "the time of a comparison")
    if not 0 < given <= LONGEST_SECONDS:
        raise ValueError(f"a comparison takes between 0 and {LONGEST_SECONDS:,} seconds, not {given}")
    return given


def exact(given: str, what: str) -> Decimal:
    """A number as it was typed. Raises ValueError with a sentence."""
    try:
        found = Decimal(given)
    except DecimalException:
        raise ValueError(f"{what} is a number, not {given[:40]!r}") from None
    if not found.is_finite():
        raise ValueError(f"{what} is a number, not {given[:40]!r}")
    return found
