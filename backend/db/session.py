"""Engines and transactions. Holds the only commit in the code; knows no tables."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from sqlite3 import Connection as SQLiteConnection

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

log = structlog.get_logger()
BUSY_MS = 20_000


class Database:
    """One engine and the ways to use it: `transaction()` to write, `reading()` to look, `rehearsal()` to try."""

    def __init__(self, url: str) -> None:
        sqlite = url.startswith("sqlite")
        # SQLite lets writers of one process poll for their turn, and some starve; a lock wakes them one after another.
        self.turn: AbstractContextManager[object] = threading.Lock() if sqlite else nullcontext()
        self.engine = create_engine(url, **({} if sqlite else {"pool_size": 20, "max_overflow": 30}))
        if sqlite:
            prepare_sqlite(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """All or nothing: committed when the block ends, before any answer leaves; rolled back on any error."""
        connection = self.engine.connect().execution_options(writes=True)
        with self.turn, connection, Session(connection, autoflush=False, expire_on_commit=False) as session:
            yield session
            session.flush()
            connection.commit()

    @contextmanager
    def rehearsal(self) -> Iterator[Session]:
        """As a transaction, with its turn and its locks; but nothing of it is kept."""
        connection = self.engine.connect().execution_options(writes=True)
        with self.turn, connection, Session(connection, autoflush=False) as session:
            yield session

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A bare connection that writes, for migrations: Alembic commits through its own transaction."""
        with self.engine.connect().execution_options(writes=True) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent look. Whatever is changed in it is rolled back."""
        with self.engine.connect() as connection, Session(connection, autoflush=False) as session:
            yield session

    def answers(self) -> bool:
        """Whether it is there and can be asked."""
        try:
            with self.reading() as session:
                session.execute(text("SELECT 1"))
        except OperationalError as trouble:
            log.warning("database.silent", trouble=str(trouble.orig))
            return False
        return True


def prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, a full sync at each commit (a receipt survives a power cut), and honest BEGINs."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: SQLiteConnection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=WAL",
            "foreign_keys=ON",
            "synchronous=FULL",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A deferred transaction that later writes can fail with "database is locked" at once, whatever the timeout.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
