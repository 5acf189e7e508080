"""What 32 raters at once leave behind: nothing over the cap, nothing repeated, lost or doubled, and no error.

    python -m benchmarks.bench_correctness [runs]        20 by default, in each database

A run is a batch of 40 comparisons with three seats each, so 120 ratings, and 32 raters over real HTTP who vote
without thinking until nothing is left; each vote is sent twice at the same moment, over two connections. What is
counted is read from the database afterwards, without the code that claims. PostgreSQL has two server processes.
"""

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, fields

from sqlalchemy import select

from backend.db.assignments import Assignment
from backend.db.migrate import upgrade
from backend.db.ratings import Rating
from backend.db.session import Database
from benchmarks.bench_rating_cycle import ASSIGNMENT, databases
from benchmarks.clients import Client
from tests import factories
from tests.server import Server

RUNS, RATERS, COMPARISONS, SEATS = 20, 32, 40, 3


@dataclass(frozen=True)
class Found:
    """What one run got wrong. missing: ratings short of three a comparison; lost: receipts of no stored rating."""

    over_the_cap: int
    repeats: int
    missing: int
    lost: int
    doubled: int
    errors: int

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, one.name)} {one.name.replace('_', ' ')}" for one in fields(self))


@dataclass
class Rater:
    """Votes until nothing is left, sending everything twice. receipts: what each seat was given, in pairs."""

    base_url: str
    path: str

    def __post_init__(self) -> None:
        self.receipts: list[tuple[str, str]] = []
        self.errors = 0

    async def run(self) -> None:
        async with Client(self.base_url) as browser, Client(self.base_url) as other:
            html = (await browser.post(f"{self.path}/next")).body
            while True:
                found = ASSIGNMENT.search(html)
                if found is None:
                    answer = await browser.post(f"{self.path}/next")
                    self.errors += answer.status >= 500
                    found = ASSIGNMENT.search(answer.body)
                if found is None:
                    return
                html = await self.vote_twice(browser, other, found[1])

    async def vote_twice(self, browser: Client, other: Client, seat: str) -> str:
        """The page after two equal votes for one seat that were sent at the same moment."""
        answers = await asyncio.gather(
            *(one.post(f"{self.path}/ratings", assignment=seat, choice="first") for one in (browser, other))
        )
        self.errors += sum(answer.status >= 500 for answer in answers)
        first, second = (answer.headers.get("x-receipt", "") for answer in answers)
        self.receipts.append((first, second))
        return answers[0].body


async def together(raters: list[Rater]) -> None:
    """All at once, until the last one is done; then once more, for seats that came free."""
    for _ in range(2):
        await asyncio.gather(*(rater.run() for rater in raters))


def run(database: Database, server: Server) -> Found:
    """One batch from its launch to its last rating, and what is wrong with it."""
    house = factories.house(database)
    with database.transaction() as session:
        batch = factories.launched(session, prompts=COMPARISONS, seats=SEATS, session_size=10_000)
        number, paths = batch.id, factories.rater_paths(session, house, batch, count=RATERS)
    raters = [Rater(server.base_url, path) for path in paths]
    asyncio.run(together(raters))
    with database.reading() as session:
        stored = session.execute(
            select(Rating.receipt, Rating.state, Assignment.comparison_id, Assignment.rater_id, Assignment.prompt_id)
            .join(Assignment, Assignment.id == Rating.assignment_id)
            .where(Assignment.batch_id == number)
        ).all()
    votes = Counter(row.comparison_id for row in stored if row.state == "rated")
    met = Counter((row.rater_id, row.prompt_id) for row in stored)
    given = [pair for rater in raters for pair in rater.receipts]
    kept = {row.receipt for row in stored}
    return Found(
        over_the_cap=sum(max(0, count - SEATS) for count in votes.values()),
        repeats=sum(count - 1 for count in met.values()),
        missing=COMPARISONS * SEATS - sum(min(count, SEATS) for count in votes.values()),
        lost=sum(receipt not in kept for pair in given for receipt in pair),
        doubled=sum(first != second for first, second in given) + len(stored) - len(kept),
        errors=sum(rater.errors for rater in raters),
    )


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    wrong = False
    with databases() as each:
        for name, address, folder in each:
            database = Database(address)
            upgrade(database)
            processes = 1 if name == "SQLite" else 2
            with Server(address, folder, processes=processes) as server:
                found = sum((run(database, server) for _ in range(runs)), start=Found(0, 0, 0, 0, 0, 0))
            print(f"{name:11} {runs} runs of {RATERS} raters x {COMPARISONS} comparisons x {SEATS} seats: {found}")
            wrong |= found != Found(0, 0, 0, 0, 0, 0)
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
