"""Inserting rows unless they are there already, in each database's words."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Insert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backend.db.base import Base, table


def insert_once(session: Session, mapped: type[Base], values: Mapping[str, object]) -> bool:
    """Whether this call inserted the row; False where a unique key of it was taken, whoever was first."""
    statement = unless_there(session, mapped).values(**values).returning(*table(mapped).primary_key)
    return session.execute(statement).first() is not None


def insert_missing(session: Session, mapped: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert those of the rows whose unique keys are not taken; of two with one key, the first."""
    if rows:
        session.execute(unless_there(session, mapped), rows)


def unless_there(session: Session, mapped: type[Base]) -> Insert:
    """An insert that leaves alone what is there."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite_insert(mapped).on_conflict_do_nothing()
    return postgresql_insert(mapped).on_conflict_do_nothing()
