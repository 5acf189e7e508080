"""`assay simulate`: a whole study with simulated raters on simulated vendors, to the verdict and the last payment."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from backend import log
from backend.cli import progress
from backend.cli.agreeing import Majorities, by_diary
from backend.cli.house import open_database, settings_with
from backend.cli.launch import SEED, Wanted, launch_files, takes_files
from backend.cli.rehearsal import Rehearsal
from backend.cli.results import verdict
from backend.cli.server import HOST, PORT, in_thread, listening, local_address, researcher_link, run
from backend.config import Settings
from backend.db.raters import Channel
from backend.db.session import Database
from backend.domain.choices import SplitRule
from backend.domain.money import Money, money
from backend.domain.pay import PayRule
from backend.domain.results.summary import Results
from backend.errors import Invalid, Unavailable
from backend.services.keys import secret_key
from backend.services.money import by_hand, ledger, spending, top_ups
from backend.services.results import results
from backend.services.studies import batches
from backend.simulator.people import Diary, crowd
from backend.simulator.stage import Stage, staged

NAMES = [channel.value for channel in Channel if channel != Channel.IMPORTED]
FOLDER = Path("assay-rehearsal")
CURRENCY = "USD"
share = click.FloatRange(0, 1)


@dataclass(frozen=True, slots=True)
class People:
    """Who is to come, as the call says."""

    raters: int
    ability: float
    seconds: float
    clickers: float
    one_sided: float


@click.command()
@takes_files
@click.option(
    "--channel", "chosen", type=click.Choice(NAMES), multiple=True, default=("prolific",), show_default=True,
    help="Where raters come from; repeat it for several at once.",
)  # fmt: skip
@click.option("--raters", type=click.IntRange(1, 5_000), default=70, show_default=True, help="How many people.")
@click.option("--ability", type=share, default=0.8, show_default=True, help="How often they see which is better.")
@click.option("--seconds", type=click.FloatRange(1, 3600), default=40.0, show_default=True, help="Median of a vote.")
@click.option("--clickers", type=share, default=0.0, show_default=True, help="Share of them who press anything.")
@click.option("--one-sided", type=share, default=0.0, show_default=True, help="Share who always press the first.")
@click.option("--per-hour", default="15", show_default=True, help="What an hour of counted time is to earn, in USD.")
@click.option("--serve", is_flag=True, help="Serve the pages afterwards, to look at results, money and ledger.")
@click.option(
    "--data-dir", type=click.Path(file_okay=False, path_type=Path), default=FOLDER, show_default=True,
    help="Folder of the rehearsal's own database.",
)  # fmt: skip
@HOST
@PORT
def simulate(
    wanted: Wanted,
    *,
    chosen: tuple[str, ...],
    raters: int,
    ability: float,
    seconds: float,
    clickers: float,
    one_sided: float,
    per_hour: str,
    serve: bool,
    data_dir: Path,
    host: str,
    port: int,
) -> None:
    """Rehearse a study with simulated raters. Without files: the demo study.

    \b
      assay simulate                                            on a simulated Prolific
      assay simulate mine.jsonl theirs.jsonl --channel mturk --raters 71
      assay simulate --channel mturk --channel prolific --channel link --serve

    The raters act on the real pages over HTTP; publishing, approving, topping up and comparing the ledger with the
    vendor's list are what `assay crowd run` does. Nothing leaves this machine, and no verdict of theirs is a finding:
    what is better is drawn from the outputs' texts.
    """
    log.configure(level=logging.WARNING)
    people = People(raters, ability, seconds, clickers, one_sided)
    rule = PayRule(round(1000 * seconds), wage(per_hour))
    with listening(host, port if serve else 0) as bound, staged(chosen, people=raters, currency=CURRENCY) as stage:
        settings = settings_with(data_dir=data_dir, public_url=local_address(bound), **stage.settings())
        database = open_database(settings)
        launched = launch_files(database, wanted, note=" (rehearsal by simulated raters)")
        with in_thread(settings, database, bound):
            rehearsal = rehearsed(
                database, settings, stage, launched.batch_id, rule, tuple(dict.fromkeys(chosen)), people
            )
        click.echo(report(rehearsal, stage))
    if serve:
        with listening(host, port) as bound:
            click.echo(f"Researcher:    {researcher_link(settings, local_address(bound))}")
            run(settings, database, bound)
    if rehearsal.troubles:
        raise Unavailable(" ".join(rehearsal.troubles))


def wage(per_hour: str) -> Money:
    """The target, as it was typed."""
    try:
        return money(per_hour, CURRENCY)
    except ValueError as error:
        raise Invalid(f"--per-hour: {error}.") from None


def rehearsed(
    database: Database,
    settings: Settings,
    stage: Stage,
    batch_id: int,
    rule: PayRule,
    chosen: tuple[str, ...],
    people: People,
) -> Rehearsal:
    """Everybody has come, rated and been paid."""
    try:
        cast = crowd(
            people.raters,
            ability=people.ability,
            seconds=people.seconds,
            clickers=people.clickers,
            one_sided=people.one_sided,
            seed=SEED,
        )
    except ValueError as error:
        raise Invalid(f"There is no such crowd: {error}.") from None
    with database.reading() as session:
        seats = batches.progress(session, batch_id).open
    with progress.bar(seats, "Rating") as advance:
        rehearsal = Rehearsal(database, settings, stage, batch_id, rule, Diary(on_answer=lambda: advance(1)))
        rehearsal.declare(chosen)
        rehearsal.invite(cast, chosen)
        rehearsal.run()
    return rehearsal


def report(rehearsal: Rehearsal, stage: Stage) -> str:
    """The verdict, whether it is what people answered, and where the money went."""
    with rehearsal.database.reading() as session:
        found = results.of_batch(session, rehearsal.batch_id, key=secret_key(rehearsal.settings))
        answered = by_diary(session, rehearsal.batch_id, rehearsal.diary)
        balances = ledger.balances(session, rehearsal.batch_id)
        hourly = top_ups.hourly(session, rehearsal.batch_id, rehearsal.rule)
        money = spending.of_batch(session, rehearsal.batch_id)
        due = len(by_hand.dues(session, rehearsal.batch_id))
    dues = f"assay crowd dues {rehearsal.batch_id} --data-dir {rehearsal.settings.data_dir}"
    spent = ", ".join(f"{amount} {account}" for account, amount in balances.items() if amount.minor)
    settled = {name: flow.settled for name, flow in money.channels.items()} if money is not None else {}
    median = "–" if hourly.median is None else str(Money(hourly.median, rehearsal.rule.per_hour.currency))
    return "\n".join(
        [
            verdict(found, rehearsal.batch_id),
            "",
            f"majorities        {agreeing(found, answered)}",
            f"money             {spent or 'nothing was paid'}; {median} an hour in the median",
            *(f"{name:<17} {compared(rehearsal, stage, name, settled)}" for name in rehearsal.kept),
            *([f"by hand           {due} payments: {dues}"] if due else []),
        ]
    )


def agreeing(found: Results, answered: Majorities) -> str:
    """Whether the study's outcomes are those of the people's own answers."""
    if found.split_rule == SplitRule.EXTRA:
        return "not held against the people's own answers: two more seats open where three differ"
    beyond = [
        sum(getattr(one.outcomes, word) for one in found.candidates) - getattr(answered, word)
        for word in ("candidate", "tie", "baseline", "split")
    ]
    same = min(beyond) >= 0 and sum(beyond) == answered.unclear
    unclear = f", but for {answered.unclear} whose outputs can't be told apart" if answered.unclear else ""
    return ("as the people answered" if same else f"NOT as the people answered: {answered}") + unclear


def compared(rehearsal: Rehearsal, stage: Stage, channel: str, settled: Mapping[str, Money]) -> str:
    """Whether a channel's vendor says of its payments what the ledger says, fees and all."""
    done, spent, ours = rehearsal.kept[channel], stage.spent(channel), settled.get(channel)
    if done.differences is None or spent is None:
        return "has no vendor that pays"
    ours = ours or Money(0, CURRENCY)
    if done.differences.none and spent == ours.minor:
        return f"the ledger and the vendor agree to the cent: {ours} with fees"
    there = Money(spent, ours.currency)
    return f"the ledger and the vendor DIFFER: {ours} here, {there} there; see assay crowd reconcile"
