"""Runs the web server in this process: in the foreground, or in a thread while something else goes on."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from backend.config import Settings
from backend.db.session import Database
from backend.errors import Unavailable
from backend.jobs import Doorbell
from backend.services.keys import secret_key
from backend.services.tokens import Tokens
from backend.web.app import create_app

HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
PORT = click.option("--port", default=8000, show_default=True, help="Port to listen on; 0 for any free one.")
PUBLIC_URL = click.option("--public-url", help="Address at which raters reach this server: https://rate.example.org")


def serve_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where a command listens, and where raters reach it."""
    return HOST(PORT(PUBLIC_URL(command)))


def listening(host: str, port: int) -> socket.socket:
    """A bound socket, so that links are printed only once the port is ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: asyncio sends small answers at once only on sockets that say so, else each waits some 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise Unavailable(f"Port {port} on {host} can't be used ({error.strerror}). Try --port {port + 1}.") from None
    bound.listen(2048)
    return bound


def address(settings: Settings, bound: socket.socket) -> str:
    """Where raters reach the server: --public-url, or the socket's own address."""
    return settings.public_url.rstrip("/") or local_address(bound)


def local_address(bound: socket.socket) -> str:
    """The socket's own address, as this machine reaches it."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def researcher_link(settings: Settings, base_url: str) -> str:
    """The link that opens the researcher's pages."""
    return f"{base_url}/enter/{Tokens(secret_key(settings)).sign('researcher', 1)}"


def server(app: FastAPI) -> uvicorn.Server:
    """A quiet server that finishes what it has begun before it stops."""
    return uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=10))


def run(settings: Settings, database: Database, bound: socket.socket, *, bell: Doorbell | None = None) -> None:
    """Serve until interrupted."""
    server(create_app(settings, database, bell=bell)).run(sockets=[bound])


def run_several(settings: Settings, bound: socket.socket, processes: int) -> None:
    """Serve with so many processes until interrupted. They read the settings from the environment."""
    given = settings.model_dump(exclude={"engine_keys"})  # no option changes these, so they are there as they came
    os.environ |= {f"ASSAY_{name.upper()}": str(value) for name, value in given.items()}
    config = uvicorn.Config(
        "backend.web.process:app",
        workers=processes,
        log_level="warning",
        access_log=False,
        # A process that has not answered in five seconds is killed, by default: a busy machine would never start.
        timeout_worker_healthcheck=60,
    )
    Multiprocess(config, sockets=[bound]).run()


@contextmanager
def in_thread(settings: Settings, database: Database, bound: socket.socket) -> Iterator[None]:
    """Serve while the block runs."""
    running = server(create_app(settings, database))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]}, name="server")
    thread.start()
    try:
        yield
    finally:
        running.should_exit = True
        thread.join()
