"""The real server in a process of its own, which a test may kill."""

import os
import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.request import urlopen

KEY = "a key for tests"


class Server:
    """`assay serve` on a free port with this database; running once it has printed its address.

    Several processes need a port that is chosen before they start, and are running once they answer.
    """

    def __init__(self, database_url: str, data_dir: Path, *, processes: int = 1, **settings: str) -> None:
        self.processes = processes
        self.environment = {
            **os.environ,
            "ASSAY_DATABASE_URL": "" if database_url.startswith("sqlite") else database_url,
            "ASSAY_DATA_DIR": str(data_dir),
            "ASSAY_SECRET_KEY": KEY,
            **{f"ASSAY_{name.upper()}": value for name, value in settings.items()},
        }

    def __enter__(self) -> "Server":
        several = [] if self.processes == 1 else ["--processes", str(self.processes)]
        port = "0" if self.processes == 1 else str(free_port())
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from backend.cli.main import main; main()", "serve", "--port", port, *several],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.researcher = re.search(r"http://\S+", self.process.stdout.readline())[0]
        self.base_url = self.researcher.split("/enter/")[0]
        while several and not self.answers():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
            assert self.process.poll() is None, "the server has ended"
        return self

    def answers(self) -> bool:
        """Whether a process takes requests by now."""
        with suppress(OSError), urlopen(f"{self.base_url}/login") as page:
            return page.status == 200
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process.stdout.close()

    def kill(self) -> None:
        """kill -9: nothing is finished, nothing is said."""
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
