"""`assay export` and `assay verify`: results that travel."""

import sys
from pathlib import Path

import click

from backend.cli.house import batch_argument, data_dir_option, open_database, settings_with
from backend.services.keys import secret_key
from backend.services.results import bundles, verification

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
