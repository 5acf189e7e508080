"""`assay data keep`: reports on training data put where the pages show them."""

from datetime import UTC, datetime
from pathlib import Path

import click

from backend.cli.house import data_dir_option, open_database, settings_with
from backend.services.data import reports
from backend.services.studies.files import Source

REPORT = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", metavar="REPORT...", nargs=-1, required=True, type=REPORT)
@click.option("--name", default="", help="What it is called there; the file's name where it is left out.")
@data_dir_option
def keep(files: tuple[Path, ...], name: str, data_dir: Path | None) -> None:
    """Keep reports of `clean`, `diversity`, `leakage` and `mix`, to be read under Data in the pages.

    A report that is kept already is not kept twice.
    """
    database = open_database(settings_with(data_dir=data_dir))
    for file in files:
        with database.transaction() as session:
            kept = reports.keep(session, Source(file, None, file.name), name=name, now=datetime.now(UTC))
        click.echo(f"{file}: {'kept' if kept.is_new else 'was kept already'}, as /data/{kept.id}")


COMMANDS = (keep,)
