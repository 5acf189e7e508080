"""What all tests share: databases made by the migrations, on SQLite and on PostgreSQL, and the real data if present."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from backend.db.migrate import config, upgrade
from backend.db.session import Database
from tests.postgres import Postgres, empty, schema_of, why_not

NEWEST = ScriptDirectory.from_config(config()).get_current_head()
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public data that lies beside the project on some machines; never needed to run it."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data sets are not beside the project ({SHARED} is absent)")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own on a socket, gone after the tests."""
    if reason := why_not():
        pytest.skip(reason)
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the newest schema, to be copied: migrating costs ten times as much."""
    path = tmp_path_factory.mktemp("template") / "assay.db"
    made = Database(f"sqlite:///{path}")
    upgrade(made)
    with made.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_address(postgres: Postgres) -> str:
    """One database on PostgreSQL, emptied before each test: creating one costs half a second."""
    address = postgres.new_database()
    made = Database(address)
    upgrade(made)
    made.engine.dispose()
    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of its own, as the migrations make it, once for each kind of database."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "assay.db")
        return f"sqlite:///{tmp_path / 'assay.db'}"
    address: str = request.getfixturevalue("migrated_address")
    empty(address)
    if schema_of(address) != NEWEST:  # a test of migrations has left it at an older one
        made = Database(address)
        upgrade(made)
        made.engine.dispose()
    return address


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """That database."""
    made = Database(database_url)
    yield made
    made.engine.dispose()
