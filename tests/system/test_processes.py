"""`assay serve --processes 2` answers, and tells of a complete batch as one process does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from backend.db.session import Database
from backend.domain.choices import Choice
from backend.services import assignments, links, ratings
from backend.services.ratings import Vote
from tests import factories
from tests.factories import NOW


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(database: Database, database_url: str, tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Two processes on this database, which may need a while on a busy machine."""
    given = {"DATABASE_URL": "" if database_url.startswith("sqlite") else database_url, "DATA_DIR": str(tmp_path)}
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from backend.cli.main import main; main()",
            "serve",
            "--processes",
            "2",
            "--port",
            str(port),
        ],
        env={**os.environ, "ASSAY_SECRET_KEY": "a key for tests", **{f"ASSAY_{k}": v for k, v in given.items()}},
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        yield started
        started.terminate()


def test_two_processes_answer_and_a_complete_batch_is_told(
    database: Database, server: subprocess.Popen[str], port: int
) -> None:
    while server.poll() is None:
        with suppress(URLError), urlopen(f"http://127.0.0.1:{port}/login") as answer:
            assert answer.status == 200
            break
        with suppress(subprocess.TimeoutExpired):
            server.wait(0.2)
    assert server.poll() is None
    with database.transaction() as session:
        batch = factories.launched(session, prompts=1, seats=1).id
        (link,) = links.create_personal(session, batch, count=1, now=NOW)
        who = assignments.visitor(session, link_id=link.id)
        held = assignments.claim(session, who, now=NOW)
        ratings.submit(session, rater_id=who.rater_id, assignment_id=held, vote=Vote(Choice.TIE), now=NOW)
    assert server.stdout is not None
    assert any(f"Batch {batch} is complete" in line for line in server.stdout)
