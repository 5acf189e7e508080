"""Brings a database to the newest schema. Knows Alembic, so that nothing else must."""

from pathlib import Path

from alembic import command
from alembic.config import Config

import migrations
from backend.db.session import Database


def config() -> Config:
    """Alembic's configuration, made here so that it works from any folder."""
    made = Config()
    made.set_main_option("script_location", str(Path(migrations.__file__).parent))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(database: Database, *, to: str = "head") -> None:
    """Run the missing migrations, all or none."""
    with database.connection() as connection:
        made = config()
        made.attributes["connection"] = connection
        command.upgrade(made, to)
