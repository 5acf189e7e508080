"""The rating cycle over real HTTP: one request stores a vote, claims the next comparison and renders it.

    python -m benchmarks.bench_rating_cycle [cycles]

Prints cycles a second as a ratio to a page of the same server that asks no database, in the same run with as many
clients; the server's CPU a cycle (goal: 3 ms at most); and the median and 99th percentile of the waiting time. The
clients run on the same machine, so cycles a second are a lower bound. Linux only: CPU comes from /proc.
"""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from time import monotonic, perf_counter

from backend.db.migrate import upgrade
from backend.db.session import Database
from backend.simulator.raters import Browser
from tests import factories
from tests.postgres import Postgres, why_not
from tests.server import Server

PROMPTS = 1_000
CLIENTS = (1, 8, 32)
GOAL_MS = 3.0
HEADER = "database     raters  cycles/s  of no-database page  CPU ms/cycle   p50 ms   p99 ms"
TICKS = os.sysconf("SC_CLK_TCK")
ASSIGNMENT = re.compile(r'name="assignment" value="([^"]+)"')
SENTENCE = "The **answer** depends on `context`: a list, a table or a line of code changes how long people read. "


@dataclass(frozen=True)
class Measured:
    """What one run gave."""

    per_second: float
    cpu_ms: float
    waits: list[float]

    @property
    def p50(self) -> float:
        return 1000 * quantiles(self.waits, n=100)[49]

    @property
    def p99(self) -> float:
        return 1000 * quantiles(self.waits, n=100)[98]


def outputs() -> dict[str, list[str]]:
    """Two systems with about 2 KB of Markdown a prompt, every text another."""
    return {
        name: [
            f"## {name} {number}\n\n{SENTENCE * 18}\n\n- one\n- two\n\n```python\nprint({number})\n```"
            for number in range(PROMPTS)
        ]
        for name in ("first-system", "second-system")
    }


def cpu_seconds(process: int) -> float:
    """User and system time of a process and its children so far."""
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == process or int(fields[1]) == process:
            total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def measured(server: Server, clients: int, each: int, step: Callable[[int], Iterator[None]]) -> Measured:
    """Every client takes `each` steps at once with the others; a step is one request."""
    waits: list[float] = []

    def client(number: int) -> None:
        steps = step(number)
        next(steps)
        ready.wait()
        for _ in range(each):
            before = perf_counter()
            next(steps)
            waits.append(perf_counter() - before)

    ready = threading.Barrier(clients + 1)
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    cpu, start = cpu_seconds(server.process.pid), monotonic()
    for thread in threads:
        thread.join()
    seconds = monotonic() - start
    return Measured(len(waits) / seconds, 1000 * (cpu_seconds(server.process.pid) - cpu) / len(waits), waits)


def rating(server: Server, paths: list[str]) -> Callable[[int], Iterator[None]]:
    """A rater who votes without thinking."""

    def steps(number: int) -> Iterator[None]:
        path = paths.pop()
        with Browser(server.base_url) as browser:
            html = browser.post(f"{path}/next")[1]
            while found := ASSIGNMENT.search(html):
                yield
                status, html, receipt = browser.post(f"{path}/ratings", assignment=found[1], choice="first")
                assert receipt, f"a vote was answered with {status}"
            raise AssertionError("there were not enough comparisons for this benchmark")

    return steps


def looking(server: Server) -> Callable[[int], Iterator[None]]:
    """A visitor of a page that asks no database."""

    def steps(number: int) -> Iterator[None]:
        with Browser(server.base_url) as browser:
            while True:
                yield
                assert browser.get("/login")[0] == 200

    return steps


@contextmanager
def databases() -> Iterator[Iterator[tuple[str, str, Path]]]:
    """(name, address, folder) of an empty database of each kind that runs here."""
    with tempfile.TemporaryDirectory() as folder:

        def every() -> Iterator[tuple[str, str, Path]]:
            path = Path(folder)
            yield "SQLite", f"sqlite:///{path / 'assay.db'}", path
            if reason := why_not():
                print(f"PostgreSQL is left out: {reason}")
                return
            with Postgres(tuning="-c listen_addresses=") as postgres:
                yield "PostgreSQL", postgres.new_database(), path

        yield every()


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    print(HEADER)
    with databases() as each:
        for name, address, folder in each:
            database = Database(address)
            upgrade(database)
            house = factories.house(database)
            for clients in CLIENTS:
                with database.transaction() as session:
                    batch = factories.launched(session, prompts=PROMPTS, outputs=outputs(), session_size=10_000)
                    paths = factories.rater_paths(session, house, batch, count=clients)
                with Server(address, folder) as server:
                    measured(server, clients, 5, looking(server))
                    bare = measured(server, clients, max(20, cycles // clients), looking(server))
                    rated = measured(server, clients, max(20, cycles // clients), rating(server, paths))
                print(
                    f"{name:12}{clients:7}{rated.per_second:10.0f}{rated.per_second / bare.per_second:21.2f}"
                    f"{rated.cpu_ms:14.2f}{rated.p50:9.1f}{rated.p99:9.1f}",
                    flush=True,
                )
    print(
        f"goal: at most {GOAL_MS} ms of the server's CPU a cycle. A ratio of 1 would be a vote for the price of a page."
    )


if __name__ == "__main__":
    main()
