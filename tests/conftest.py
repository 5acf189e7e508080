"""What all tests share: databases made by the migrations, on SQLite and on PostgreSQL, and the real data if present."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from alembic.script import ScriptDirectory

from backend.config import Settings
from backend.db.migrate import config, upgrade
from backend.db.session import Database
from backend.errors import Unavailable
from tests import tiny_models
from tests.postgres import Postgres, empty, schema_of, why_not
from tests.redis import Redis
from tests.redis import why_not as no_redis
from worker.engines import vllm_environment
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_environment import VllmEnvironment
from worker.engines.vllm_server import RunningServer, serving

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")  # a busy one is no failure

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


@pytest.fixture
def redis() -> Iterator[Redis]:
    """An empty Redis server of the test's own on a socket: it starts in a few hundredths of a second."""
    if reason := no_redis():
        pytest.skip(reason)
    with Redis() as server:
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


@pytest.fixture(scope="session")
def vllm() -> VllmEnvironment:
    """vLLM's own environment, which `make test` makes where it can."""
    try:
        return vllm_environment.find(Settings())
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def tiny_llama(vllm: VllmEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaMA of 0.1 million parameters; not to be changed."""
    return tiny_models.make("llama", tmp_path_factory.mktemp("models") / "tiny-llama", python=vllm.python)


@pytest.fixture(scope="session")
def tiny_gpt2(vllm: VllmEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of that size."""
    return tiny_models.make("gpt2", tmp_path_factory.mktemp("models") / "tiny-gpt2", python=vllm.python)


@pytest.fixture(scope="session")
def vllm_server(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A real vLLM server of the tiny LLaMA, under the name tiny, for all tests that only ask it. Starts in a minute."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("served"))
    with serving(ServerSpec(str(tiny_llama), name="tiny", dtype="float32"), settings) as server:
        yield server
