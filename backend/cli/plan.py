"""`assay plan`: what a study of some size can show and what it costs, before anybody rates; and the other way round."""

import json
from collections.abc import Callable

import click

from backend.domain.money import money
from backend.domain.statistics import planning
from backend.domain.statistics.costs import Pay
from backend.domain.statistics.planning import Plan, Wanted
from backend.domain.statistics.power import Blind, Design
from backend.errors import Invalid

SIZE, PAYMENT = Design(), Pay()
OPTIONS: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
    click.option("--prompts", type=int, default=SIZE.prompts, show_default=True, help="Prompts that all rate."),
    click.option("--raters", type=int, default=SIZE.raters, show_default=True, help="Different people."),
    click.option("--seats", type=int, default=SIZE.seats, show_default=True, help="Raters a comparison."),
    click.option("--candidates", type=int, default=SIZE.candidates, show_default=True, help="Besides the baseline."),
    click.option("--ties", type=float, default=100 * SIZE.ties, show_default=True, help="Votes for neither, per cent."),
    click.option("--prompt-icc", type=float, default=SIZE.prompt_icc, show_default=True, help="Prompts' likeness."),
    click.option("--rater-icc", type=float, default=SIZE.rater_icc, show_default=True, help="Raters' likeness."),
    click.option("--pairing", type=float, default=SIZE.pairing, show_default=True, help="Correlation of candidates."),
    click.option("--half-width", type=float, help="Wanted half-width in points; finds the prompts."),
    click.option("--difference", type=float, help="Wanted difference between two candidates in points; likewise."),
    click.option("--seconds", type=float, default=PAYMENT.seconds, show_default=True, help="Seconds a vote takes."),
    click.option("--per-hour", default="15", show_default=True, help="Pay for an hour."),
    click.option("--currency", default="USD", show_default=True, help="Currency of the pay."),
    click.option("--fee", type=float, default=100 * PAYMENT.fee, show_default=True, help="Market's fee, per cent."),
    click.option("--json", "as_json", is_flag=True, help="Every number, in shares and minor units (cents)."),
)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options above."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@options
def plan(
    *,
    prompts: int,
    raters: int,
    seats: int,
    candidates: int,
    ties: float,
    prompt_icc: float,
    rater_icc: float,
    pairing: float,
    half_width: float | None,
    difference: float | None,
    seconds: float,
    per_hour: str,
    currency: str,
    fee: float,
    as_json: bool,
) -> None:
    """What a study of some size can show, how long it takes and what it costs.

    \b
    assay plan                                   the paper's 255 prompts, rated by 20 people
    assay plan --prompts 500 --raters 40         your own size
    assay plan --raters 40 --half-width 4        how many prompts give ± 4 points
    assay plan --raters 99 --difference 5        … or tell two candidates apart by 5 points

    ICC: what share of votes' variance belongs to the prompt (the same for all raters) or to the rater (the same on all
    prompts). With a rater ICC above 0, more prompts can't replace more raters.
    """
    try:
        design = Design(
            prompts=prompts,
            raters=raters,
            seats=seats,
            candidates=candidates,
            ties=ties / 100,
            prompt_icc=prompt_icc,
            rater_icc=rater_icc,
            pairing=pairing,
        )
        pay = Pay(seconds=seconds, per_hour=money(per_hour, currency), fee=fee / 100)
        wanted = Wanted(
            half_width=None if half_width is None else half_width / 100,
            difference=None if difference is None else difference / 100,
        )
        found = planning.plan(design, pay, wanted)
    except ValueError as error:
        raise Invalid(f"This can't be planned: {error}.") from None
    click.echo(json.dumps(planning.to_json(found), indent=2) if as_json else shown(found, pay))
    if found.raters_needed is not None:
        raise Invalid(planning.unreachable(found))


def shown(found: Plan, pay: Pay) -> str:
    """The plan for people: what it shows, other sizes beside it, what it can't show."""
    outlook, design = found.outlook, found.outlook.design
    each = f"{design.votes_per_rater:,.0f} a rater, about {60 * found.cost.hours / design.raters:,.0f} minutes"
    lines = [
        f"{design.prompts:,} prompts × {design.seats} seats × {many(design.candidates, 'candidate')}, "
        f"{many(design.raters, 'rater')}",
        "",
        f"  interval            ± {planning.points(outlook.half_width)}",
        f"  finds, from 50 %    {planning.points(outlook.from_even)}, in four of five studies",
        f"  between two         {planning.points(outlook.between_two)}",
        f"  votes               {design.votes:,} ({each})",
        f"  worth               {design.votes / outlook.design_effect:,.0f} independent votes",
        f"  time                {found.cost.hours:,.1f} hours",
        f"  cost                {found.cost.total} ({found.cost.pay} pay, {found.cost.fee} fee)",
        "",
        *table(found, pay),
        "",
        *(planning.warning(limit, design) for limit in outlook.limits if limit.kind is not Blind.FROM_EVEN),
    ]
    return "\n".join(lines)


def table(found: Plan, pay: Pay) -> list[str]:
    """Other numbers of prompts, the planned one marked."""
    rows = [
        (
            ">" if outlook.design.prompts == found.outlook.design.prompts else "",
            f"{outlook.design.prompts:,}",
            f"± {100 * outlook.half_width:.1f}",
            f"{100 * outlook.between_two:.1f}",
            f"{price.hours:,.1f}",
            str(price.total),
        )
        for outlook, price in planning.beside(found, pay)
    ]
    head = ("", "prompts", "interval", "between two", "hours", "cost")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]


def many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
