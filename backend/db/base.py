"""What every table shares: names of constraints, instants in UTC, text that is one of a few words."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    DateTime,
    Dialect,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column

LARGEST_NUMBER = 2**31 - 1  # what both databases can hold in an id
CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones, so they are taken off and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: always UTC; a moment without a zone is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: always aware."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The one metadata that migrations compare themselves with."""

    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map = {datetime: Instant, str: Text}  # noqa: RUF012 - SQLAlchemy reads it as a plain dict


Id = Annotated[int, mapped_column(primary_key=True)]
Minor = Annotated[int, mapped_column(BigInteger)]  # minor units of a currency: 32 bits end at $21 million


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """A text column holds one of these words: StrEnum in Python, CHECK in both databases."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def table(mapped: type[Base]) -> Table:
    """The table under a mapped class, for the hot statements: Core costs half the CPU of the ORM."""
    found = mapped.__table__
    assert isinstance(found, Table)
    return found


def constant(word: StrEnum) -> ColumnElement[str]:
    """A word as a part of a hot statement: as a parameter it is no plain text, and drivers convert it each time."""
    return literal_column(f"'{word}'", Text)
