"""Alembic migrations: the schema is made by these, in tests too."""
