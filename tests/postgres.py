"""A real PostgreSQL server for tests: a temporary cluster on a unix socket, as a user other than root."""

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from types import TracebackType

import psycopg

TUNING = "-F -c synchronous_commit=off -c max_connections=150 -c listen_addresses="


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: on the PATH or where Debian puts them."""
    debian = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda p: int(p.parent.name))
    found = shutil.which("initdb")
    if not debian and found and shutil.which("pg_ctl"):
        return Path(found).parent
    return debian


def why_not() -> str:
    """The reason why PostgreSQL can't run here, or nothing."""
    return "" if binaries() else "PostgreSQL is not installed here (initdb and pg_ctl were not found)"


class Postgres:
    """Start on entering, stop on leaving. Tuned for tests: a power cut may lose what was committed."""

    def __init__(self, *, tuning: str = TUNING) -> None:
        self.tuning = tuning

    def __enter__(self) -> "Postgres":
        self.folder = Path(tempfile.mkdtemp(prefix="assay-pg-", dir="/tmp"))
        self.numbers = count(1)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.run("initdb", "-D", str(self.data), "-U", "assay", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.run(
            "pg_ctl",
            "-D",
            str(self.data),
            "-w",
            "-o",
            f"{self.tuning} -k {self.folder}",
            "-l",
            f"{self.folder}/log",
            "start",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, command: str, *arguments: str) -> None:
        folder = binaries()
        assert folder is not None
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_user, str(folder / command), *arguments], check=True, capture_output=True, cwd=self.folder)

    def new_database(self) -> str:
        """Create an empty database and give its address."""
        name = f"test_{next(self.numbers)}"
        self.run("createdb", "-h", str(self.folder), "-U", "assay", name)
        return f"postgresql+psycopg://assay@/{name}?host={self.folder}"


def empty(address: str) -> None:
    """Take every row out of a migrated database. Whoever a test before has left connected is shut out first."""
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables = connection.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchone()
        if tables is None or tables[0] is None:
            return
        connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE".encode())


def schema_of(address: str) -> str | None:
    """The revision of the schema that a database has."""
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if found is None else str(found[0])
