"""Inserting a row unless it is there already, in each database's words."""

from collections.abc import Mapping

from sqlalchemy import Insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backend.db.base import Base, table


def insert_once(session: Session, mapped: type[Base], values: Mapping[str, object]) -> bool:
    """Whether this call inserted the row; False where a unique key of it was taken, whoever was first."""
    statement: Insert
    if session.get_bind().dialect.name == "sqlite":
        statement = sqlite_insert(mapped).values(**values).on_conflict_do_nothing()
    else:
        statement = postgresql_insert(mapped).values(**values).on_conflict_do_nothing()
    return session.execute(statement.returning(*table(mapped).primary_key)).first() is not None
