"""An account at the simulated Prolific, for every test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.prolific import House, house


@pytest.fixture
def at() -> Iterator[House]:
    with house() as made:
        yield made
