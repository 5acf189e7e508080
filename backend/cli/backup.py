"""`assay backup`: a copy of everything, while the server runs."""

from pathlib import Path

import click
from sqlalchemy import make_url

from backend.cli.house import data_dir_option, settings_with
from backend.cli.progress import many
from backend.config import Settings
from backend.db import backup as copies
from backend.errors import Invalid
from backend.services import keys


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@data_dir_option
def backup(folder: Path, data_dir: Path | None) -> None:
    """Copy the embedded database and the secret key into the new FOLDER, while the server goes on.

    \b
    assay backup ../monday                    now; nobody has to stop
    assay serve --data-dir ../monday          go on from the copy: every link works as before

    Copying assay.db by hand loses the newest ratings: they are in a second file until the server stops.
    """
    settings = settings_with(data_dir=data_dir)
    ratings = copied(settings, source_of(settings), folder)
    click.echo(f"{folder} holds {many(ratings, 'rating')}. Go on from it: assay serve --data-dir {folder}")


def source_of(settings: Settings) -> Path:
    """The database's file. Invalid where it is a server's."""
    url = make_url(settings.url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Invalid(
            "A PostgreSQL database is backed up by pg_dump. Keep the secret key with it (ASSAY_SECRET_KEY, or "
            f"secret.key in {settings.data_dir}): without it no link works."
        )
    return Path(url.database)


def copied(settings: Settings, source: Path, folder: Path) -> int:
    """Both into a folder that only its owner can look into; the number of ratings."""
    if not source.exists():
        raise Invalid(f"There is no database at {source}, so there is nothing to back up. Say where: --data-dir.")
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Invalid(f"{folder} is there already. Name a new folder: no backup is written over another.") from None
    ratings = copies.copy(source, folder / "assay.db")
    if not settings.secret_key:
        keys.keep(folder / "secret.key", keys.secret_key(settings))
    return ratings
