"""A real Redis server for tests: on a unix socket of its own, which keeps nothing."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from tests.jobs import until


def why_not() -> str:
    """The reason why Redis can't run here, or nothing."""
    return "" if shutil.which("redis-server") else "Redis is not installed here (redis-server was not found)"


class Redis:
    """Start on entering, stop on leaving."""

    def __enter__(self) -> "Redis":
        self.folder = Path(tempfile.mkdtemp(prefix="assay-redis-", dir="/tmp"))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """As ASSAY_BROKER_URL names it."""
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        """Listening once this returns."""
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        until(self.socket.exists)

    def stop(self) -> None:
        """Gone, with every message."""
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)
