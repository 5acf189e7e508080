"""Starts, watches and stops a vLLM server. Knows no study, no prompt and no job.

The server is a process of its own, in its own environment, under a guard that ends it when this process is gone.
It is ready once it has completed a text asked of it by a name that only we gave it: a server answers /health before
its first request kills it, and the port might be somebody else's.
"""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from backend.config import Settings
from backend.errors import Unavailable
from worker.engines import checkpoints, guard, vllm_environment
from worker.engines.answers import OWN
from worker.engines.completion import Refused, completes
from worker.engines.ports import HOST, free_port
from worker.engines.vllm_command import ServerSpec, command, environment
from worker.engines.vllm_environment import VllmEnvironment

log = structlog.get_logger()

EVERY_SECONDS = 0.5
PATIENCE_SECONDS = 900.0  # a large model from a slow disk
TAIL_LINES = 15
LINE_CHARACTERS = 400
LITTER = re.compile(r"leaked|nanobind|resource_tracker|warnings\.warn|- \.\.\. skipped|For further information visit")
TOLD = re.compile(r"\b\w*(Error|Exception)\b: |\berror:")
NO_ERROR = re.compile(r"\b(DEBUG|INFO|WARNING) ")
SPEAKER = re.compile(r"^\(\w+( pid=\d+)?\) ")
OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that has answered. url: for OpenAI's interface, with /v1; name: by which to ask; log: its whole log."""

    url: str
    name: str
    port: int
    version: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def is_running(self) -> bool:
        """Looked up without burying the process: until stop() its number, and so its group's, is nobody else's."""
        if self.process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def check(self) -> None:
        """Unavailable, with the log's last lines, when the server has ended."""
        if not self.is_running:
            raise Unavailable(f"vLLM, serving {self.name}, has stopped.\n{ending(self.log)}")


@contextmanager
def serving(
    spec: ServerSpec,
    settings: Settings,
    *,
    on_progress: OnProgress = lambda _: None,
    patience: float = PATIENCE_SECONDS,
) -> Iterator[RunningServer]:
    """A server for as long as the block runs; it is stopped however the block ends.

    on_progress: is told “loading, 23 s”, and may raise to give up. patience: seconds to wait until it answers.
    """
    found = vllm_environment.find(settings)
    if spec.is_folder:
        checkpoints.check(Path(spec.model).expanduser(), on_cpu=found.on_cpu)
    own_name = f"{OWN}{mark_of(spec)}-{secrets.token_hex(8)}"
    server = start(spec, found, settings.data_dir / "logs", own_name=own_name)
    try:
        wait(server, own_name, on_progress=on_progress, patience=patience)
        yield server
    finally:
        stop(server)


def mark_of(spec: ServerSpec) -> str:
    """What tells this model from another one that is served from the same place under the same name, on another day."""
    weights = checkpoints.fingerprint(Path(spec.model).expanduser()) if spec.is_folder else spec.revision or "hub"
    return f"{weights}-{spec.dtype}"


def start(spec: ServerSpec, found: VllmEnvironment, logs: Path, *, own_name: str) -> RunningServer:
    """Start the process; it answers much later."""
    port, path = free_port(spec.port), log_file(logs, spec.served_as)
    words = command(spec, found, port=port, own_name=own_name)
    with path.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, str(os.getpid()), str(guard.GRACE_SECONDS), *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the guard leads the group, so that Ctrl-C is ours to answer
            env=environment(spec),
        )
    log.info("vllm.started", model=spec.model, port=port, log=str(path))
    return RunningServer(f"http://{HOST}:{port}/v1", spec.served_as, port, found.version, path, process)


def wait(server: RunningServer, own_name: str, *, on_progress: OnProgress, patience: float) -> None:
    """Return once a completion came; Unavailable, with the log's last lines, when none will."""
    began = time.monotonic()
    while not answers(server, own_name):
        server.check()
        waited = time.monotonic() - began
        if waited > patience:
            raise Unavailable(f"vLLM did not answer within {patience:.0f} s.\n{ending(server.log)}")
        on_progress(f"loading, {waited:.0f} s")
        time.sleep(EVERY_SECONDS)
    log.info("vllm.ready", name=server.name, seconds=round(time.monotonic() - began, 1))


def answers(server: RunningServer, own_name: str) -> bool:
    """Whether it completes a text; Unavailable where it says that it never will."""
    try:
        return completes(server.port, own_name)
    except Refused as error:
        raise Unavailable(f"vLLM can't complete a text with {server.name}: {error}\n{ending(server.log)}") from None


def stop(server: RunningServer) -> None:
    """End the whole group of processes: asked first, killed when that takes too long."""
    with suppress(ProcessLookupError):
        os.kill(server.process.pid, signal.SIGTERM)  # to the guard, which asks the rest and kills who does not go
        deadline = time.monotonic() + guard.GRACE_SECONDS + 5
        while server.is_running and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(server.process.pid, signal.SIGKILL)  # there is nobody left, unless the guard was killed
    server.process.wait()
    log.info("vllm.stopped", name=server.name)


def log_file(logs: Path, name: str) -> Path:
    """Where a server's log is kept: when it started and what it served are in the name."""
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The folder {logs} can't be used: {error.strerror}.") from None
    said = re.sub(r"[^\w.-]+", "-", name)
    return logs / f"vllm-{said}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.log"


def ending(path: Path) -> str:
    """What a log says of errors last, else its last lines, then how the process ended, and where the rest is.

    A server that dies writes a hundred lines of what it leaked behind the one that says why.
    """
    written = [line for line in path.read_text("utf-8", "replace").splitlines() if not LITTER.search(line)]
    lines = list(dict.fromkeys([*(errors(written) or written), *written[-1:]]))[-TAIL_LINES:]
    return "\n".join([f"Its log, {path}, ends:", *(f"  {line[:LINE_CHARACTERS]}" for line in lines)])


def errors(written: Sequence[str]) -> list[str]:
    """The lines that name an error, each with those indented below it: some errors say there what they mean."""
    found: list[str] = []
    below = False
    for line in written:
        named = bool(TOLD.search(line)) and not NO_ERROR.search(line)
        below = named or (below and SPEAKER.sub("", line).startswith("  "))
        if below:
            found.append(line)
    return found
