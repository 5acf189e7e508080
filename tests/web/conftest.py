"""A researcher's browser: a client that has come in through the printed link."""

import pytest
from starlette.testclient import TestClient

from backend.db.session import Database
from backend.web.app import create_app
from backend.web.deps import House
from tests import factories


@pytest.fixture
def house(database: Database) -> House:
    """The server's own things."""
    return factories.house(database)


@pytest.fixture
def stranger(house: House) -> TestClient:
    """Somebody who knows the address and nothing else."""
    return TestClient(create_app(house.settings, house.database), follow_redirects=False)


@pytest.fixture
def researcher(house: House) -> TestClient:
    """Somebody who has opened the link that the server printed; follows redirects."""
    client = TestClient(create_app(house.settings, house.database))
    client.get(f"/enter/{house.tokens.sign('researcher', 1)}")
    return client
