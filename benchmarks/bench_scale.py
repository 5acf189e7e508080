"""Whether a claim and a vote cost the same in a small batch and in a large one.

    python -m benchmarks.bench_scale [comparisons]        100,000 by default, against 1,000

Services alone, without HTTP: the median of the CPU and of the waiting time of claim + submit, in each database.
"""

import sys
from datetime import UTC, datetime
from statistics import median
from time import perf_counter, process_time

from backend.db.migrate import upgrade
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.services.rating import assignments, links, ratings, tasks, visitors
from backend.services.rating.ratings import Vote
from benchmarks.bench_rating_cycle import databases
from tests import factories

SMALL, LARGE, VOTES = 1_000, 100_000, 400
GOAL = 1.3


def launched(database: Database, comparisons: int) -> list[int]:
    """The links of three raters of a new batch of so many comparisons."""
    with database.transaction() as session:
        batch = factories.launched(
            session,
            prompts=comparisons,
            outputs={name: [f"{name} {number}" for number in range(comparisons)] for name in ("one", "other")},
            session_size=10**6,
        )
        made = links.create_personal(session, batch.id, count=3, now=factories.NOW)
        return [link.id for link in made]


def votes(database: Database, link: int) -> tuple[float, float]:
    """(CPU, waiting time) of a claim and a vote, medians in milliseconds."""
    cpu, waited = [], []
    for _ in range(VOTES):
        now, start, busy = datetime.now(UTC), perf_counter(), process_time()
        with database.transaction() as session:
            who = visitors.visitor(session, link_id=link)
            held = assignments.claim(session, who, now=now)
            assert held
            tasks.task(session, held)
            ratings.submit(session, rater_id=who.rater_id, assignment_id=held, vote=Vote(Choice.TIE), now=now)
        cpu.append(1000 * (process_time() - busy))
        waited.append(1000 * (perf_counter() - start))
    return median(cpu), median(waited)


def main() -> None:
    large = int(sys.argv[1]) if len(sys.argv) > 1 else LARGE
    with databases() as each:
        for name, address, _ in each:
            database = Database(address)
            upgrade(database)
            few, many = launched(database, SMALL), launched(database, large)
            votes(database, few[0])
            (cpu, waited), (more_cpu, more_waited) = votes(database, few[1]), votes(database, many[0])
            print(
                f"{name:11} {SMALL:,} comparisons: {cpu:.2f} ms CPU, {waited:.2f} ms; {large:,}: {more_cpu:.2f} ms, "
                f"{more_waited:.2f} ms; ratio {more_cpu / cpu:.2f} and {more_waited / waited:.2f} (goal {GOAL})"
            )


if __name__ == "__main__":
    main()
