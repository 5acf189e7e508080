"""What all tests share: databases made by the migrations, on SQLite and on PostgreSQL, and the real data if present."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.db.migrate import upgrade
from backend.db.session import Database
from tests.postgres import Postgres, why_not

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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database's address, once for each kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'assay.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the schema that the migrations make."""
    made = Database(database_url)
    upgrade(made)
    yield made
    made.engine.dispose()
