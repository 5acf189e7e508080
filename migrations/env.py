"""Runs migrations under a lock, so that several processes may start at once. Called by backend.db.migrate."""

from alembic import context
from sqlalchemy import text

from backend.db import metadata

LOCK = 0x415353  # any number, the same in every process


def run() -> None:
    """Migrate on the connection that backend.db.migrate hands over."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_as_batch=False,
        transactional_ddl=True,  # Alembic thinks that SQLite can not: then each migration would be on its own
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET lock_timeout = '30s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        context.run_migrations()


run()
