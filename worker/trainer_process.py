"""Starts, watches and stops the trainer: processes of their own, met by the files that they write. Knows no job.

A guard ends them when this process is gone. The lock on a run's folder is the guard's, so that whoever takes over from
a worker that was given up waits until its trainer has ended, and two never write to one folder.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import structlog

from backend.config import Settings
from backend.errors import Unavailable
from backend.services.data.writing import whole_file
from backend.services.training import folders
from worker.engines import guard

log = structlog.get_logger()
GRACE_SECONDS = 120.0  # to save a large checkpoint in
LOOK_SECONDS = 0.2
LOCK = "in-use.lock"
NEEDED = ("torch", "deepspeed", "transformers")


@dataclass(frozen=True, slots=True)
class TrainerProcess:
    """The trainer of a folder, under its guard."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def is_running(self) -> bool:
        """Looked up without burying the process: until stop() its number, and so its group's, is nobody else's."""
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def stop(self, grace: float) -> None:
        """Ask it to save and stop, and wait; killed where that takes too long."""
        os.kill(self.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + grace + 5
        while self.is_running and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)

    def status(self) -> int | None:
        """How it ended, once it has; None where it was killed."""
        return guard.status_in(folders.log_ending(self.folder, lines=1))


def python_of(settings: Settings) -> str:
    """The Python that trains. Unavailable, with what to do, where there is none."""
    if settings.train_python:
        if not Path(settings.train_python).is_file():
            raise Unavailable(f"ASSAY_TRAIN_PYTHON names {settings.train_python}, and there is no such file.")
        return settings.train_python
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Unavailable(
            f"Training needs {' and '.join(missing)}, which this Python lacks: pip install 'assay-eval[train]', or name"
            " the Python that has them in ASSAY_TRAIN_PYTHON."
        )
    return sys.executable


def command(python: str, declared: Path, processes: int) -> list[str]:
    """What trains the run of this file. The same command again goes on from the newest checkpoint."""
    module = ["-m", "trainer.train", str(declared)]
    if processes == 1:
        return [python, *module]
    several = ["--standalone", f"--nproc-per-node={processes}", f"--shutdown-timeout={GRACE_SECONDS:.0f}"]
    return [python, "-m", "torch.distributed.run", *several, *module]


@contextmanager
def training(
    folder: Path,
    declaration: str,
    settings: Settings,
    *,
    processes: int,
    on_wait: Callable[[], None],
    grace: float = GRACE_SECONDS,
) -> Iterator[TrainerProcess]:
    """The trainer at work on this folder for as long as the block runs; however that ends, nobody is left.

    on_wait: called while another trainer has the folder; may raise to give up.
    """
    python = python_of(settings)
    make(folder)
    with locked(folder, on_wait) as lock:
        declared = folder / folders.DECLARED
        with whole_file(declared) as file:
            file.write(declaration)
        process = start(command(python, declared, processes), folder, lock, grace)
        trainer = TrainerProcess(folder, process)
        log.info("trainer.started", folder=str(folder), processes=processes, pid=process.pid)
        try:
            yield trainer
        finally:
            if trainer.is_running:
                trainer.stop(grace)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # there is nobody left, unless the guard was killed
            process.wait()
            log.info("trainer.ended", folder=str(folder), status=trainer.status())


def make(folder: Path) -> None:
    """The run's folder. Unavailable where there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"The folder {folder} can't be used: {error.strerror}.") from None


@contextmanager
def locked(folder: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """The lock on a folder, as the number of an open file, once nobody else has it."""
    with (folder / LOCK).open("wb") as file:
        while not is_mine(file.fileno()):
            on_wait()
            time.sleep(LOOK_SECONDS)
        yield file.fileno()


def is_mine(lock: int) -> bool:
    """Whether the lock could be taken now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def start(words: list[str], folder: Path, lock: int, grace: float) -> subprocess.Popen[bytes]:
    """The guard with the trainer under it; what both write is added to the run's log."""
    with (folder / folders.LOG).open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-I", guard.__file__, str(os.getpid()), str(grace), *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the guard leads the group, so that Ctrl-C is ours to answer
            pass_fds=[lock],
        )
