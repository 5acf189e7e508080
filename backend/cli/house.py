"""What every verb needs before it starts: the settings with this call's options, and a migrated database."""

import shutil
import sys
from enum import StrEnum
from pathlib import Path

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import OperationalError

from backend.config import Settings
from backend.db.base import LARGEST_NUMBER
from backend.db.migrate import upgrade
from backend.db.session import Database
from backend.errors import Invalid, Unavailable

batch_argument = click.argument("batch", type=click.IntRange(1, LARGEST_NUMBER))

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the embedded database and the secret key.  [default: assay-data]",
)


def called() -> str:
    """What to type for this command: `assay` where that is found, else its path, as in a virtual environment."""
    return "assay" if shutil.which("assay") or Path(sys.argv[0]).name != "assay" else sys.argv[0]


def one_of(known: type[StrEnum]) -> click.Choice[str]:
    """One of these words, typed as they are written everywhere: click would take the names of their constants."""
    return click.Choice([str(word) for word in known])


def settings_with(**options: object) -> Settings:
    """The environment's settings, with the options that were given in this call instead. Invalid with the setting."""
    try:
        return Settings.model_validate(
            {**Settings().model_dump(), **{name: given for name, given in options.items() if given}}
        )
    except ValidationError as error:
        wrong = [f"ASSAY_{str(one['loc'][0]).upper()} can't be used: {one['msg']}." for one in error.errors()]
        raise Invalid(" ".join(wrong)) from None
    except SettingsError as error:  # what should be JSON and is not; it names the field, and not what it holds
        raise Invalid(f"A setting can't be used: {error}.") from None


def open_database(settings: Settings) -> Database:
    """The database, brought to the newest schema; Unavailable with its address when it does not answer."""
    if not settings.database_url:
        make_folder(settings.data_dir)
    database = Database(settings.url)
    try:
        upgrade(database)
    except OperationalError as error:
        shown = database.engine.url.render_as_string(hide_password=True)
        raise Unavailable(f"The database {shown} does not answer: {error.orig}") from error
    return database


def make_folder(folder: Path) -> None:
    """The folder of the embedded database; Unavailable where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The folder {folder} can't be used: {error.strerror}.") from None
