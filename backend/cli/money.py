"""`assay budget` and `assay pay`: the most that a batch may cost, and where its money is. Asks no vendor."""

import json
from pathlib import Path

import click
from sqlalchemy.orm import Session

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.db.ledger import Account
from backend.domain.money import Money, money
from backend.errors import Invalid
from backend.services.keys import secret_key
from backend.services.money import budgets, paysheet, paytables, quotes, spending, why_unowed
from backend.services.money.paysheet import Paysheet
from backend.services.money.quotes import Quote
from backend.services.money.spending import Spending
from backend.services.money.why_unowed import Unowed, Why
from backend.services.pseudonyms import pseudonyms
from backend.services.studies import batches

WHY = {
    Why.WAITS: "wait for the next round: assay crowd run",
    Why.NO_MONEY: "can't be paid: the budget is used up; raise it with assay budget",
    Why.UNLISTED: "were not handed in, as far as the vendor says",
    Why.REJECTED: "were refused by a person",
}


@click.command()
@batch_argument
@click.option("--set", "amount", metavar="AMOUNT", help="The most that the batch may cost, such as 162.50.")
@click.option("--currency", help="Currency of a first budget.  [default: that of the pay, else USD]")
@data_dir_option
def budget(batch: int, amount: str | None, currency: str | None, data_dir: Path | None) -> None:
    """What BATCH may cost at most: show it, with the worst case, or set it.

    \b
    assay budget 1                    what is allowed, reserved, spent and left
    assay budget 1 --set 500          nothing is offered or owed beyond it
    """
    database = open_database(settings_with(data_dir=data_dir))
    if amount is not None:
        with database.transaction() as session:
            quote = quotes.of_batch(session, batches.get(session, batch))
            budgets.set_budget(session, batch, allowed=typed(amount, currency or currency_of(session, batch, quote)))
    with database.reading() as session:
        quote = quotes.of_batch(session, batches.get(session, batch))
        found = spending.of_batch(session, batch)
    for line in [*about_budget(found), *about_worst(quote)]:
        click.echo(line)


def typed(amount: str, currency: str) -> Money:
    """The amount. Invalid with a sentence."""
    try:
        return money(amount.replace(",", ""), currency.upper())
    except ValueError as error:
        raise Invalid(f"This budget can't be used: {error}. Write it as 162.50.") from None


def currency_of(session: Session, batch_id: int, quote: Quote | None) -> str:
    """That of the budget, of the pay, or dollars."""
    found = spending.of_batch(session, batch_id)
    if found is not None:
        return found.standing.allowed.currency
    return quote.worst.total.currency if quote else "USD"


def about_budget(found: Spending | None) -> list[str]:
    """Where the budget is."""
    if found is None:
        return ["No budget is set, so nobody can be paid: assay budget BATCH --set AMOUNT"]
    one, accounts = found.standing, found.accounts
    parts = {"budget": one.allowed, "spent": one.spent, "reserved": one.reserved, "left": one.free}
    parts |= {str(name): amount for name, amount in accounts.items() if name != Account.RESERVED}
    return [
        f"{name:<9}{amount!s:>14}" + ("   of what is spent" if name == Account.OWED else "")
        for name, amount in parts.items()
    ]


def about_worst(quote: Quote | None) -> list[str]:
    """What the batch costs at most."""
    if quote is None:
        return ["None of its channels pays: assay channel add declares one that does."]
    return [
        "",
        f"{quote.comparisons:,} comparisons × {quote.seats} raters = {quote.ratings:,} ratings, about "
        f"{quote.hours:,.1f} hours of raters' time, about {quote.expected} with fees",
        f"at most {quote.worst.total}, with every top-up; its channels set {quote.aside} aside",
    ]


@click.command()
@batch_argument
@click.option("--csv", "as_csv", is_flag=True, help="A row a rater, with the ids that channels give them.")
@click.option("--json", "as_json", is_flag=True, help="The batch's money, for scripts; amounts in minor units.")
@data_dir_option
def pay(batch: int, as_csv: bool, as_json: bool, data_dir: Path | None) -> None:
    """Where the money of BATCH is, what raters earn an hour, and what is not paid. `assay crowd run` pays.

    \b
    assay pay 1
    assay pay 1 --csv > pay.csv       to pay by hand: it holds raters' ids, so keep it to yourself
    """
    settings = settings_with(data_dir=data_dir)
    with open_database(settings).reading() as session:
        batches.get(session, batch)
        rules = spending.rules(session, batch)
        sheet = paysheet.of_batch(session, batch, rules, pseudonyms(secret_key(settings), batch))
        found = spending.of_batch(session, batch)
        unpaid = why_unowed.of_batch(session, batch, channels=rules)
    if as_csv:
        click.echo(paytables.of_raters(sheet), nl=False)
    elif as_json:
        click.echo(json.dumps(to_json(found, sheet, unpaid), indent=2))
    else:
        click.echo("\n".join([*about_budget(found), "", *by_channel(found), *by_hour(sheet), *left_out(unpaid)]))


def by_channel(found: Spending | None) -> list[str]:
    """A row a channel."""
    if found is None or not found.channels:
        return ["Nothing was owed or paid yet."]
    head = ("channel", "raters", "rewards", "top-ups", "fees", "owed", "being paid", "paid")
    rows = []
    for name, one in [*found.channels.items(), ("all", found.whole)]:
        earned = (one.of_rewards, one.of_top_ups, one.of_fees)
        now = (one.amount(Account.OWED), one.amount(Account.PAYING), one.settled)
        rows.append((name, f"{one.raters:,}", *map(str, (*earned, *now))))
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows]]


def by_hour(sheet: Paysheet) -> list[str]:
    """What raters earn an hour."""
    if sheet.median is None:
        return []
    who, missing = sheet.missing
    lowest = next(one.hourly for one in sheet.rows if one.hourly is not None)
    lines = ["", f"median pay an hour {sheet.median}, least {lowest}, of {len(sheet.rows)} raters"]
    return [*lines, f"{who} of them miss {missing} to the target"] if who else lines


def left_out(unpaid: list[Unowed]) -> list[str]:
    """What is not paid, and why."""
    return [
        f"  ! {one.pieces:,} pieces of work of {one.raters:,} raters by {one.channel} {WHY[one.why]}" for one in unpaid
    ]


def to_json(found: Spending | None, sheet: Paysheet, unpaid: list[Unowed]) -> dict[str, object]:
    """The same for scripts."""
    who, missing = sheet.missing
    return {
        "currency": sheet.currency,
        "budget": None if found is None else in_minor_units(found),
        "raters": len(sheet.rows),
        "median_hourly": None if sheet.median is None else sheet.median.minor,
        "missing_to_target": {"raters": who, "amount": missing.minor},
        "unpaid": [
            {"channel": one.channel, "why": one.why, "pieces": one.pieces, "raters": one.raters} for one in unpaid
        ],
    }


def in_minor_units(found: Spending) -> dict[str, int]:
    """What is in each account, what is allowed and what is left."""
    accounts = {str(name): amount.minor for name, amount in found.accounts.items()}
    return {"allowed": found.standing.allowed.minor, "free": found.standing.free.minor} | accounts
