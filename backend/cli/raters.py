"""`assay raters`: whom the researcher lets into a batch, or turns away, by the id of their channel."""

from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.channels import NAMES
from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.cli.verbs import Verbs
from backend.services.rating import listed
from backend.services.studies import batches

channel_argument = click.argument("channel", type=click.Choice(NAMES), metavar="|".join(NAMES))
id_argument = click.argument("external_id")


@click.group(cls=Verbs)
def raters() -> None:
    """Let raters into a batch, or turn them away, whatever else is known of them.

    \b
    assay raters turn-away 1 prolific 5f0c1a2b --reason "You were in the pilot of this study."
    assay raters let-in 1 mturk A2EXAMPLE          they need not meet the qualifications
    assay raters list 1

    EXTERNAL_ID is a rater's id at Prolific, Mechanical Turk or your panel, and on links the code that stands on their
    page. They may be listed before they come. Who is turned away reads the reason, so write it kindly. Nobody is
    stopped in the middle of their work: who has judged something goes on, but begins no further HIT or submission. A
    batch's page can close a link at any moment. What they judged stays and counts.
    """


@raters.command("list")
@batch_argument
@data_dir_option
def list_(batch: int, data_dir: Path | None) -> None:
    """Who is listed in BATCH, and the reason that those turned away read."""
    with open_database(settings_with(data_dir=data_dir)).reading() as session:
        batches.get(session, batch)
        found = listed.of_batch(session, batch)
    for one in found:
        said = "let in" if one.may_enter else f"turned away: {one.reason}"
        click.echo(f"{one.channel:9} {one.external_id}  {said}")
    if not found:
        click.echo(f"Nobody is listed in batch {batch}. `assay raters --help` shows how.")


@raters.command("turn-away")
@batch_argument
@channel_argument
@id_argument
@click.option("--reason", required=True, help="What they read: a kind sentence or two.")
@data_dir_option
def turn_away(batch: int, channel: str, external_id: str, *, reason: str, data_dir: Path | None) -> None:
    """Turn EXTERNAL_ID away from BATCH before they judge anything. The vendor is told nothing."""
    put(batch, channel, external_id, may_enter=False, reason=reason, data_dir=data_dir)
    click.echo(f"{external_id} on {channel} is turned away, and reads: {reason}")


@raters.command("let-in")
@batch_argument
@channel_argument
@id_argument
@data_dir_option
def let_in(batch: int, channel: str, external_id: str, *, data_dir: Path | None) -> None:
    """Let EXTERNAL_ID into BATCH, though they were turned away, or our records speak against it."""
    put(batch, channel, external_id, may_enter=True, reason="", data_dir=data_dir)
    click.echo(f"{external_id} on {channel} is let in.")


def put(batch: int, channel: str, external_id: str, *, may_enter: bool, reason: str, data_dir: Path | None) -> None:
    """List a rater. NotFound without such a batch."""
    with open_database(settings_with(data_dir=data_dir)).transaction() as session:
        batches.get(session, batch)
        listed.put(
            session,
            batch,
            channel=channel,
            external_id=external_id,
            may_enter=may_enter,
            reason=reason,
            now=datetime.now(UTC),
        )
