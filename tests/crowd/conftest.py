"""Accounts at the simulated vendors, each on a real socket."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend.crowd.mturk import MTurk, connect
from backend.crowd.mturk_account import Account
from backend.simulator.mturk import workers
from backend.simulator.mturk.market import Market, Worker
from backend.simulator.mturk.server import Server
from tests.prolific import House, house


@pytest.fixture
def market() -> Market:
    made = Market(balance=100_000)
    for number in range(12):
        workers.enrol(made, Worker(f"AWORKER{number}"))
    return made


@pytest.fixture
def server(market: Market) -> Iterator[Server]:
    with Server(market) as running:
        yield running


@pytest.fixture
def account(market: Market, server: Server) -> Account:
    return Account(market.access_key, market.secret_key, endpoint_url=server.url, sandbox=market.sandbox)


@pytest.fixture
def looks() -> list[float]:
    """How long the adapter has wanted to wait between two looks at a posting."""
    return []


@pytest.fixture
def mturk(account: Account, looks: list[float]) -> Iterator[MTurk]:
    """The adapter with one attempt for each call, which does not really wait."""
    made = connect(account, attempts=1)
    yield MTurk(made.client, made.masters, timedelta(days=30), looks.append)
    made.client.close()


@pytest.fixture
def at() -> Iterator[House]:
    """An account at the simulated Prolific."""
    with house() as made:
        yield made
