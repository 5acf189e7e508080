"""Every service of docker-compose.yml as a process: its exact command, its settings, its health check. Only addresses
and paths are this machine's; what a container engine adds (networks, volumes, restarts) is not tried.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.db.session import Database
from backend.domain.asking import EngineKind
from backend.domain.jobs import JobState
from tests.commands import Command, environment
from tests.deployment import compose, stages
from tests.jobs import looked, queued, texts, until, until_in
from tests.openai import scripted
from tests.postgres import Postgres, binaries
from tests.redis import Redis

pytestmark = pytest.mark.long
SERVICES = compose()["services"]
ASSAY = ("web", "worker", "beat", "gpu")


@dataclass
class Machine:
    """This machine's addresses in the place of the network's."""

    database_url: str
    broker_url: str
    folder: Path
    port: int

    def environment(self, service: str) -> dict[str, str]:
        """The service's settings, as the compose file gives them."""
        given = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
        given |= {"ASSAY_DATABASE_URL": self.database_url, "ASSAY_BROKER_URL": self.broker_url}
        return environment(self.database_url, self.folder) | given

    def here(self, service: str, words: list[str]) -> list[str]:
        """A command with this machine's port and path."""
        at = {"/tmp/alive": str(self.folder / f"{service}-alive"), ":8000/": f":{self.port}/"}
        return [re.sub("|".join(at), lambda found: at[found[0]], word) for word in words]

    def is_healthy(self, service: str) -> bool:
        """What the service's health check says."""
        check = self.here(service, stages()[SERVICES[service]["build"]["target"]].check)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # where an image has its Python first
        return subprocess.run(check, env={"PATH": path}, capture_output=True, check=False).returncode == 0


@pytest.fixture
def machine(postgres: Postgres, redis: Redis, tmp_path: Path) -> Machine:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    return Machine(postgres.new_database(), redis.url, tmp_path, port)


@pytest.fixture
def deployed(machine: Machine) -> Iterator[dict[str, Command]]:
    """All of Assay's services on an empty database, which each of them brings to the newest schema as it starts."""
    with ExitStack() as running:
        started = {}
        for service in ASSAY:
            _, *words = machine.here(service, stages()[SERVICES[service]["build"]["target"]].command)
            words += ["--port", str(machine.port)] if service == "web" else []
            started[service] = running.enter_context(Command(*words, environment=machine.environment(service)))
        yield started


def test_every_service_becomes_healthy_and_a_job_is_done(machine: Machine, deployed: dict[str, Command]) -> None:
    for service in ASSAY:
        until(lambda name=service: machine.is_healthy(name), seconds=90)
    database = Database(machine.database_url)
    with scripted() as engine:
        with database.transaction() as session:
            job_id = queued(session, engine=EngineKind.OPENAI, url=engine.url, prompts=5).id
        until_in(database, job_id, JobState.DONE, seconds=60)
    assert texts(database, job_id) == ["An answer."] * 5
    assert looked(database, job_id).attempt == 1
    database.engine.dispose()
    assert all(command.process.poll() is None for command in deployed.values())
    assert {service: command.stop() for service, command in deployed.items() if service != "web"} == {
        "worker": 0,
        "beat": 0,
        "gpu": 0,
    }


def test_a_service_that_stands_still_or_never_started_is_not_healthy(machine: Machine) -> None:
    for service in ASSAY:
        assert not machine.is_healthy(service)


def test_the_databases_health_check_tells_of_it(postgres: Postgres) -> None:
    kind, said = SERVICES["database"]["healthcheck"]["test"]
    folder = binaries()
    assert kind == "CMD-SHELL"
    assert folder is not None
    command = f"{folder}/{said} -h"
    assert subprocess.run(f"{command} {postgres.folder}", shell=True, capture_output=True, check=False).returncode == 0
    assert subprocess.run(f"{command} /nowhere", shell=True, capture_output=True, check=False).returncode != 0


def test_redis_starts_as_it_is_told_and_its_health_check_tells_of_it(tmp_path: Path) -> None:
    service = SERVICES["redis"]
    if not shutil.which(service["command"][0]):
        pytest.skip("Redis is not installed here")
    kind, program, *words = service["healthcheck"]["test"]
    folder = Path("/tmp") / f"assay-{tmp_path.parent.name}-{tmp_path.name}"[:60]
    folder.mkdir()
    check = [program, "-s", str(folder / "redis"), *words]

    def answers() -> bool:
        return subprocess.run(check, capture_output=True, check=False).returncode == 0

    assert kind == "CMD"
    assert not answers()
    options = ["--port", "0", "--unixsocket", str(folder / "redis"), "--dir", str(folder)]
    with subprocess.Popen([*service["command"], *options], stdout=subprocess.DEVNULL) as redis:
        until(answers)
        redis.terminate()
    assert [path.name for path in folder.iterdir()] == [], "it keeps nothing"
    folder.rmdir()
