"""The migrations make what the models say, and can be undone."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text, update
from sqlalchemy.exc import DatabaseError

from backend.db import metadata
from backend.db.migrate import config, upgrade
from backend.db.outputs import Output
from backend.db.session import Database
from tests import factories


def run(database: Database, verb: Callable[[Config], None]) -> None:
    with database.connection() as connection:
        made = config()
        made.attributes["connection"] = connection
        verb(made)


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def triggers(database: Database) -> int:
    """How many triggers and trigger functions there are."""
    count = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal)"
        " + (SELECT count(*) FROM pg_proc WHERE prorettype = 'trigger'::regtype"
        " AND pronamespace = 'public'::regnamespace)",
    }
    with database.reading() as session:
        return int(session.execute(text(count[database.engine.dialect.name])).scalar_one())


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    run(database, command.check)
    assert tables(database) == {*metadata.tables, "alembic_version"}


def test_a_migrated_database_stays_as_it_is(database: Database) -> None:
    before = triggers(database)
    upgrade(database)
    assert triggers(database) == before


def test_everything_can_be_undone_and_done_again(database: Database) -> None:
    before = triggers(database)
    assert before > 0
    run(database, lambda made: command.downgrade(made, "base"))
    assert tables(database) == {"alembic_version"}
    assert triggers(database) == 0
    upgrade(database)
    assert triggers(database) == before
    run(database, command.check)


def test_the_rules_hold_after_undoing_and_doing_again(database: Database) -> None:
    run(database, lambda made: command.downgrade(made, "base"))
    upgrade(database)
    with database.transaction() as session:
        factories.study(session)
        with pytest.raises(DatabaseError, match="never changes"):
            session.execute(update(Output).values(text="Something else."))
        session.rollback()


def test_what_was_launched_before_extra_seats_has_every_seat_open(database: Database) -> None:
    with database.transaction() as session:
        factories.launched(session, seats=2)
    run(database, lambda made: command.downgrade(made, "0002"))
    with database.transaction() as session, pytest.raises(DatabaseError, match="as it was launched"):
        session.execute(text("UPDATE batches SET seed = 9"))
    upgrade(database)
    with database.reading() as session:
        assert session.execute(text("SELECT opening, seats FROM batches")).one() == (2, 2)
        assert set(session.execute(text("SELECT opened, seats FROM comparisons")).all()) == {(2, 2)}


def test_extra_seats_can_be_undone_and_the_last_two_stay_closed(database: Database) -> None:
    with database.transaction() as session:
        factories.launched(session, split_rule="extra")
    run(database, lambda made: command.downgrade(made, "0002"))
    columns = {column["name"] for column in inspect(database.engine).get_columns("batches")}
    assert columns.isdisjoint({"opening", "unsealed_at", "stopped_at"})
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM seats WHERE is_open")).scalar_one() == 9
