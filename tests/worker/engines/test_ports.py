"""A free port is free, and below those that the system lends."""

import socket

import pytest

from backend.errors import Unavailable
from worker.engines.ports import BEYOND, HOST, LOWEST, free_port


def test_a_free_port_is_found_and_can_be_used() -> None:
    port = free_port()
    assert LOWEST <= port < BEYOND
    with socket.create_server((HOST, port)):
        assert free_port() != port


def test_a_wanted_port_is_given_or_said_to_be_taken() -> None:
    port = free_port()
    assert free_port(port) == port
    with socket.create_server((HOST, port)), pytest.raises(Unavailable, match=f"Port {port} is taken"):
        free_port(port)
