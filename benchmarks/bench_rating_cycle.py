"""The rating cycle over real HTTP: one request stores a vote, claims the next comparison and renders it.

    python -m benchmarks.bench_rating_cycle [cycles]

Prints cycles a second as a ratio to a page of the same server that asks no database, in the same run with as many
clients; the server's CPU a cycle (goal: 3 ms at most); and the median and 99th percentile of the waiting time. The
clients run on the same machine, in one thread, so cycles a second are a lower bound. CPU is the server's and its
processes', not the database's. Linux only: it comes from /proc.
"""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import quantiles
from time import monotonic, perf_counter

from backend.db.migrate import upgrade
from backend.db.session import Database
from benchmarks.clients import Client
from tests import factories
from tests.postgres import Postgres, why_not
from tests.server import Server

PROMPTS = 1_000
CLIENTS = (1, 8, 32)
GOAL_MS = 3.0
GOAL_P99 = 200.0
HEADER = "database     processes  raters  cycles/s  of no-database page  CPU ms/cycle   p50 ms   p99 ms"
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


Steps = Callable[[Client, int], AsyncIterator[None]]


def measured(server: Server, clients: int, each: int, steps: Steps) -> Measured:
    """Every client takes `each` steps at once with the others; a step is one request."""
    return asyncio.run(all_at_once(server, clients, each, steps))


async def all_at_once(server: Server, clients: int, each: int, steps: Steps) -> Measured:
    waits: list[float] = []

    async def client(number: int) -> None:
        async with Client(server.base_url) as browser:
            step = steps(browser, number)
            await anext(step)
            await ready.wait()
            await begun.wait()
            for _ in range(each):
                before = perf_counter()
                await anext(step)
                waits.append(perf_counter() - before)

    ready, begun = asyncio.Barrier(clients + 1), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(number))
        await ready.wait()
        cpu, start = cpu_seconds(server.process.pid), monotonic()
        begun.set()
    seconds = monotonic() - start
    return Measured(len(waits) / seconds, 1000 * (cpu_seconds(server.process.pid) - cpu) / len(waits), waits)


def rating(paths: list[str]) -> Steps:
    """A rater who votes without thinking."""

    async def steps(browser: Client, number: int) -> AsyncIterator[None]:
        path = paths[number]
        html = (await browser.post(f"{path}/next")).body
        while found := ASSIGNMENT.search(html):
            yield
            answer = await browser.post(f"{path}/ratings", assignment=found[1], choice="first")
            assert "x-receipt" in answer.headers, f"a vote was answered with {answer.status}"
            html = answer.body
        raise AssertionError("there were not enough comparisons for this benchmark")

    return steps


async def looking(browser: Client, number: int) -> AsyncIterator[None]:
    """A visitor of a page that asks no database."""
    while True:
        yield
        assert (await browser.get("/login")).status == 200


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
            for processes, clients in product((1,) if name == "SQLite" else (1, 2), CLIENTS):
                with database.transaction() as session:
                    batch = factories.launched(session, prompts=PROMPTS, outputs=outputs(), session_size=10_000)
                    paths = factories.rater_paths(session, house, batch, count=clients)
                with Server(address, folder, processes=processes) as server:
                    measured(server, clients, 5, looking)
                    bare = measured(server, clients, max(20, cycles // clients), looking)
                    rated = measured(server, clients, max(20, cycles // clients), rating(paths))
                print(
                    f"{name:12}{processes:10}{clients:8}{rated.per_second:10.0f}"
                    f"{rated.per_second / bare.per_second:21.2f}"
                    f"{rated.cpu_ms:14.2f}{rated.p50:9.1f}{rated.p99:9.1f}",
                    flush=True,
                )
    print(
        f"goal: at most {GOAL_MS} ms of the server's CPU a cycle, and a p99 of {GOAL_P99:.0f} ms at 32 raters. "
        "A ratio of 1 would be a vote for the price of a page."
    )


if __name__ == "__main__":
    main()
