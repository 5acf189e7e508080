"""`assay export`, `assay verify`, `assay import-ratings`: results that travel."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.services import batches, bundles, collected, verification
from backend.services.files import Source
from backend.services.keys import secret_key

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN = 20
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@batch_argument
@click.argument("folder", type=FOLDER)
@click.option("--comments", is_flag=True, help="Include raters' comments, which may tell who they are.")
@data_dir_option
def export(batch: int, folder: Path, comments: bool, data_dir: Path | None) -> None:
    """Write an anonymised bundle of BATCH into the new FOLDER."""
    settings = settings_with(data_dir=data_dir)
    with open_database(settings).reading() as session:
        files = bundles.export(session, batch, folder, key=secret_key(settings), comments=comments)
    click.echo(f"{len(files)} files in {folder}. Anybody can check them: assay verify {folder}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--all", "every", is_flag=True, help=f"Print every difference, not only the first {SHOWN}.")
def verify(folder: Path, every: bool) -> None:
    """Recompute every number of the bundle in FOLDER and say which differ. Needs no server and no database."""
    found = verification.verify(folder)
    for difference in found if every else found[:SHOWN]:
        click.secho(f"  {difference}", fg="red")
    if len(found) > SHOWN and not every:
        click.echo(f"  … and {len(found) - SHOWN} more: assay verify --all {folder}")
    if found:
        click.secho(f"{folder} does not hold: {len(found)} differences.", fg="red")
        sys.exit(1)
    click.secho(f"{folder} holds: the files are as exported, and every number was recomputed.", fg="green")


@click.command("import-ratings")
@batch_argument
@click.argument("file", type=FILE)
@data_dir_option
def import_ratings(batch: int, file: Path, data_dir: Path | None) -> None:
    """Bring ratings that were collected elsewhere into BATCH.

    \b
    FILE has a row a rating (CSV, JSONL or a JSON array) with the columns
      rater        any name; the same name is the same person in the whole study
      prompt       the prompt's id
      candidate    the system's name; may be left out when the batch has only one
      preference   candidate, tie or baseline; or instead of it
      choice       first, second, tie or both_bad, together with an order
      order        “candidate first” or “baseline first”; left out: unknown, and no part of position analysis
      seconds      may be left out
    On an error nothing is stored.
    """
    database = open_database(settings_with(data_dir=data_dir))
    with database.transaction() as session:
        count = collected.import_ratings(
            session, batches.get(session, batch), Source(file, None, file.name), now=datetime.now(UTC)
        )
    click.echo(f"{count} ratings are in batch {batch}. See them with: assay results {batch}")
