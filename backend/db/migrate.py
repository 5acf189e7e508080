"""Brings a database to the newest schema. Knows Alembic, so that nothing else must."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from backend.db.session import Database
from backend.errors import Conflict


def config() -> Config:
    """Alembic's configuration, made here so that it works from any folder."""
    made = Config()
    made.set_main_option("script_location", str(Path(migrations.__file__).parent))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(database: Database, *, to: str = "head") -> None:
    """Run the missing migrations, all or none. Conflict where a newer version was here before."""
    made = config()
    with database.reading() as session:  # of its own: Alembic would take one that has begun for its caller's, to commit
        refuse_newer(session.connection(), ScriptDirectory.from_config(made))
    with database.connection() as connection:
        made.attributes["connection"] = connection
        command.upgrade(made, to)


def refuse_newer(connection: Connection, known: ScriptDirectory) -> None:
    """Migrations that this version does not know can't be undone by it."""
    here = MigrationContext.configure(connection).get_current_revision()
    if here is not None and here not in {one.revision for one in known.walk_revisions()}:
        raise Conflict(
            f"This database has schema {here}, of a newer Assay than this one, which knows schema "
            f"{known.get_current_head()} at most. Install the newer one again, or go on from a backup that was made "
            "before it."
        )
