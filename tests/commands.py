"""Verbs of `assay` that go on until they are told to stop, in processes of their own, which a test may kill."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

KEY = "a key for tests"


def environment(database_url: str, data_dir: Path, **settings: str) -> dict[str, str]:
    """What such a process is told: the database, and more settings by their names."""
    return {
        **os.environ,
        "ASSAY_DATABASE_URL": "" if database_url.startswith("sqlite") else database_url,
        "ASSAY_DATA_DIR": str(data_dir),
        "ASSAY_SECRET_KEY": KEY,
        **{f"ASSAY_{name.upper()}": value for name, value in settings.items()},
    }


class Command:
    """`assay …` with its children in a group of their own; stopped on leaving."""

    def __init__(self, *words: str, environment: Mapping[str, str]) -> None:
        self.words, self.environment = words, environment

    def __enter__(self) -> "Command":
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from backend.cli.main import main; main()", *self.words],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        finally:
            self.kill()

    def stop(self) -> int:
        """SIGTERM, and the exit status once it has ended."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """kill -9, with its children, as when the machine loses its power: nothing is finished, nothing is said."""
        with suppress(ProcessLookupError):  # they may have ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
