"""The real server in a process of its own, which a test may kill."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType

KEY = "a key for tests"


class Server:
    """`assay serve` on a free port with this database; running once it has printed its address."""

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
        verb = ["serve", "--port", "0", "--processes", str(self.processes)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from backend.cli.main import main; main()", *verb],
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.researcher = re.search(r"http://\S+", self.process.stdout.readline())[0]
        self.base_url = self.researcher.split("/enter/")[0]
        return self

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
