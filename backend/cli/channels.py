"""`assay channel`: where a batch's raters come from, and what they are offered. What is declared stays."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.cli.server import PUBLIC_URL
from backend.cli.verbs import Verbs
from backend.db.raters import Channel
from backend.domain.channels import PAYS_ITSELF, ChannelSettings, Panel, defaults
from backend.domain.money import Money, money
from backend.domain.pay import MS_PER_HOUR, PayRule, of_share
from backend.errors import Invalid
from backend.services.crowd.publishing import door_of
from backend.services.studies import batches, channels

NAMES = [channel.value for channel in Channel if channel != Channel.IMPORTED]


@click.group(cls=Verbs)
def channel() -> None:
    """Where raters come from: links, a panel, Prolific, Mechanical Turk.

    \b
    A batch can have several at once, which share its open seats; MTurk's are bound to it while they are offered there.
      assay budget 1 --set 500                                     what the batch may cost
      assay channel add 1 prolific --reward-from-pilot-seconds 40 --per-hour 15 --currency GBP
      assay crowd run 1 --watch 60                                 publish, read, pay, top up
    """


@channel.command()
@batch_argument
@click.argument("name", type=click.Choice(NAMES), metavar="|".join(NAMES))
@click.option(
    "--reward-from-pilot-seconds", type=float, help="Median time of a comparison in a pilot; sets the reward."
)
@click.option("--per-hour", help="What an hour of counted time is to earn.  [default: 15]")
@click.option("--currency", default="USD", show_default=True, help="Of the pay; Mechanical Turk pays in USD alone.")
@click.option("--title", help="What raters read first at the vendor.")
@click.option("--description", help="What they read then.")
@click.option("--fee", type=float, help="The vendor's fee in per cent of the pay.  [default: the vendor's]")
@click.option("--places", type=int, help="The most raters of this channel.")
@click.option("--seats", type=int, help="MTurk: the most seats of one comparison that are offered there.")
@click.option("--minutes", type=int, help="From accepting to handing in.  [default: 60]")
@click.option("--hours", type=int, help="How long a posting is offered.  [default: 168]")
@click.option("--parameter", help="Panel: the name that its id has in the address.  [default: id]")
@click.option("--back", help="Panel: the https address raters are sent back to, with {id} and {code}.")
@click.option("--host", "hosts", multiple=True, help="Panel: a host that they may be sent back to; may be repeated.")
@PUBLIC_URL
@data_dir_option
def add(
    batch: int,
    name: str,
    *,
    reward_from_pilot_seconds: float | None,
    per_hour: str | None,
    currency: str,
    title: str | None,
    description: str | None,
    fee: float | None,
    places: int | None,
    seats: int | None,
    minutes: int | None,
    hours: int | None,
    parameter: str | None,
    back: str | None,
    hosts: tuple[str, ...],
    public_url: str | None,
    data_dir: Path | None,
) -> None:
    """Declare a channel of BATCH: what it offers and pays. A channel never changes afterwards.

    \b
    assay channel add 1 mturk --reward-from-pilot-seconds 40 --per-hour 15
    assay channel add 1 panel --back 'https://lab.example/done?id={id}&c={code}' --host lab.example

    The reward of a comparison is what the pilot's median time earns at --per-hour; whoever takes longer is topped up at
    the end, for up to three medians a comparison. Without --reward-from-pilot-seconds nobody is paid from here.
    """
    declared = defaults(name)
    panel = declared.panel
    if panel is not None or parameter or back or hosts:
        panel = Panel(parameter or "id", back=back, hosts=frozenset(hosts))
    try:
        wanted = replace(
            declared,
            title=title or declared.title,
            description=description or declared.description,
            pay=pay(name, reward_from_pilot_seconds, per_hour, currency),
            fees=declared.fees if fee is None else of_share(fee / 100),
            places=places,
            seats=seats,
            time_allowed_minutes=minutes or declared.time_allowed_minutes,
            open_for_hours=hours or declared.open_for_hours,
            panel=panel,
        )
    except ValueError as error:
        raise Invalid(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    settings = settings_with(data_dir=data_dir, public_url=public_url)
    with open_database(settings).transaction() as session:
        made = channels.declare(session, batch, Channel(name), wanted, now=datetime.now(UTC))
    click.echo(described(name, channels.settings_of(made)))
    if name == Channel.PANEL:
        parameter = wanted.panel.parameter if wanted.panel else "id"
        click.echo(f"Give your panel this address: {door_of(settings).into(made.id)}?{parameter}=…")


def pay(name: str, seconds: float | None, per_hour: str | None, currency: str) -> PayRule | None:
    """How the channel pays; None where nothing was said of it. Raises ValueError for what is none."""
    if seconds is None:
        if name in PAYS_ITSELF and per_hour is None:
            raise ValueError(f"{name} pays its raters: say how much, with --reward-from-pilot-seconds and --per-hour")
        if per_hour is not None:
            raise ValueError("--per-hour needs --reward-from-pilot-seconds, the median time of a comparison in a pilot")
        return None
    least = Money(1, currency) if name in PAYS_ITSELF else None
    return PayRule(median_ms=round(seconds * 1000), per_hour=money(per_hour or "15", currency), minimum=least)


@channel.command("list")
@batch_argument
@data_dir_option
def list_(batch: int, data_dir: Path | None) -> None:
    """The channels of BATCH, and what each offers."""
    settings = settings_with(data_dir=data_dir)
    with open_database(settings).reading() as session:
        found = channels.of_batch(session, batches.get(session, batch).id)
    for one in found:
        click.echo(described(one.channel, channels.settings_of(one)))
    if not found:
        click.echo(f"Batch {batch} has no channel yet; raters come by links. `assay channel add --help` shows how.")


def described(name: str, settings: ChannelSettings) -> str:
    """A channel in a line."""
    if settings.pay is None:
        return f"{name:9} unpaid, or paid elsewhere"
    rule = settings.pay
    an_hour = Money(rule.reward.minor * MS_PER_HOUR // rule.median_ms, rule.reward.currency)
    return (
        f"{name:9} {rule.reward} a comparison ({an_hour} an hour at {rule.median_ms / 1000:g} s), topped up to "
        f"{rule.per_hour} an hour; {settings.time_allowed_minutes} min to hand in"
    )
