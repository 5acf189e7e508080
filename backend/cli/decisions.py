"""What a person decides about handed-in work and lost postings, and pays by hand: further verbs of `assay crowd`."""

from pathlib import Path

import click

from backend.cli.desk import desk, now
from backend.cli.house import batch_argument, data_dir_option
from backend.db.base import LARGEST_NUMBER
from backend.domain.channels import PAYS_ITSELF
from backend.services.approval import approvals, other_approvals, rejections
from backend.services.crowd import overdue, publishing
from backend.services.money import by_hand
from backend.services.studies import batches

channel_option = click.option("--channel", "only", help="This channel alone.  [default: all of the batch]")
number_argument = click.argument("number", type=click.IntRange(1, LARGEST_NUMBER))


@click.command()
@batch_argument
@channel_option
@data_dir_option
def look(batch: int, only: str | None, data_dir: Path | None) -> None:
    """Handed-in work of BATCH that a person has to look at, and why.

    \b
    assay crowd approve NUMBER                pay its reward
    assay crowd reject NUMBER 'a reason'      refuse it; the rater reads the reason
    """
    at = desk(batch, data_dir, only=only)
    for row in at.channels():
        with at.database.reading() as session:
            unmatched = approvals.unmatched(session, row) if row.channel in PAYS_ITSELF else []
            unconfirmed = overdue.unconfirmed(session, row.id, now=now())
        for one in unmatched:
            click.echo(f"{one.submission_id:6} {row.channel} {one.rater} {one.vendor_id}: {one.reason}")
        for other in unconfirmed:
            click.echo(
                f"{other.submission_id:6} {row.channel} {other.rater} {other.vendor_id}: came "
                f"{other.accepted_at:%Y-%m-%d %H:%M} UTC, rated {other.ratings}, and the vendor never listed it"
            )


@click.command()
@number_argument
@data_dir_option
def approve(number: int, data_dir: Path | None) -> None:
    """Pay the reward of submission NUMBER, which no rule approved. `assay crowd pay` then asks the vendor."""
    at = desk(0, data_dir)
    with at.database.transaction() as session:
        other_approvals.approve_by_hand(session, number, now=now())
    click.echo(f"Submission {number} will be paid.")


@click.command()
@number_argument
@click.argument("reason")
@data_dir_option
def reject(number: int, reason: str, data_dir: Path | None) -> None:
    """Refuse the reward of submission NUMBER, for this REASON, which the rater reads and can appeal."""
    at = desk(0, data_dir)
    with at.database.transaction() as session:
        rejections.reject(session, number, reason=reason, now=now())
    click.echo(
        f"Submission {number} is rejected; `assay crowd run` tells the vendor. `assay crowd overturn` takes it back."
    )


@click.command()
@number_argument
@click.argument("reason")
@data_dir_option
def overturn(number: int, reason: str, data_dir: Path | None) -> None:
    """Rejecting submission NUMBER was wrong, for this REASON: the rater is owed the reward."""
    at = desk(0, data_dir)
    with at.database.transaction() as session:
        rejections.overturn(session, number, reason=reason, now=now())
    click.echo(f"The reward of submission {number} is owed; `assay crowd run` pays it.")


@click.command()
@number_argument
@click.argument("vendor_id")
@data_dir_option
def found(number: int, vendor_id: str, data_dir: Path | None) -> None:
    """Posting NUMBER, which was never answered, exists at the vendor as VENDOR_ID: a person has looked."""
    publishing.found(desk(0, data_dir).database, number, vendor_id, now=now())
    click.echo(f"Posting {number} is {vendor_id}.")


@click.command()
@number_argument
@data_dir_option
def lost(number: int, data_dir: Path | None) -> None:
    """Posting NUMBER, which was never answered, does not exist at the vendor: a person has looked."""
    publishing.lost(desk(0, data_dir).database, number, now=now())
    click.echo(f"Posting {number} was never offered; `assay crowd run` offers its seats again.")


@click.command()
@batch_argument
@click.option("--all", "everything", is_flag=True, help="Those that were paid, too.")
@data_dir_option
def dues(batch: int, everything: bool, data_dir: Path | None) -> None:
    """What a person has to pay raters of BATCH who came without a vendor. `assay crowd paid TOKEN` says that it is."""
    with desk(batch, data_dir).database.reading() as session:
        found = by_hand.dues(session, batches.get(session, batch).id, paid=everything)
        for one in found:
            paid = f"  paid {one.paid_at:%Y-%m-%d}" if one.paid_at else ""
            click.echo(f"{one.token}  {one.rater}  {one.amount}  {one.reason}{paid}")
    if not found:
        click.echo("Nothing is due by hand.")


@click.command()
@click.argument("token")
@data_dir_option
def paid(token: str, data_dir: Path | None) -> None:
    """This payment, from `assay crowd dues`, was made by hand."""
    with desk(0, data_dir).database.transaction() as session:
        amount = by_hand.mark(session, token, now=now())
    click.echo(f"{amount} noted as paid.")


VERBS = (look, approve, reject, overturn, found, lost, dues, paid)
