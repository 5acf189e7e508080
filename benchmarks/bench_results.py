"""How long the results of a large batch take, from the database to the last number.

    python -m benchmarks.bench_results [ratings]        100,000 by default; the goals are for 10,000 and 1,000,000

One batch of 20 candidates, each at half of the prompts, with three ratings a comparison, on SQLite. Figures are the
medians of three runs after a first one, as the server answers; processor time beside them tells a busy machine from
slow code. The limit, measured in the same run, is what NumPy needs for every majority and for Krippendorff's alpha of
the same votes in memory.
"""

import resource
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.base import table
from backend.db.batches import Batch
from backend.db.comparisons import Seat
from backend.db.migrate import upgrade
from backend.db.outputs import Output, System
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.db.studies import Prompt
from backend.domain.choices import Choice
from backend.domain.results.material import Material
from backend.services.results.material import gather
from backend.services.results.results import compute
from backend.services.studies import launching
from tests import factories

CANDIDATES, RATERS, SEATS = 20, 5_000, 3
ROWS_AT_ONCE = 20_000
RUNS = 3
GOALS = {10_000: 0.3, 1_000_000: 5.0}  # seconds from the database to the last number
GOAL_GB = 1.5


def main() -> None:
    ratings = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'assay.db'}")
        upgrade(database)
        with database.transaction() as session:
            batch = launched(session, prompts=max(2, 2 * ratings // (CANDIDATES * SEATS)))
            rate(session, batch, np.random.default_rng(1))
        _cold, *warm = (timed(database, batch) for _ in range(1 + RUNS))
    material = warm[-1][0]
    gathered, computed, whole, busy = (median(times) for times in zip(*(times for _, times in warm), strict=True))
    limit = limit_of(material)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(material.votes):,} ratings: {gathered:.2f} s to gather, {computed:.2f} s to compute, "
        f"{whole:.2f} s in all ({against(whole, GOALS.get(ratings), 's')}), {busy:.2f} s of processor time; "
        f"NumPy's majority and alpha alone {limit:.4f} s, ratio {whole / limit:.0f}; "
        f"peak memory {peak:.2f} GB, the making of the batch included ({against(peak, GOAL_GB, 'GB')})"
    )


def against(found: float, goal: float | None, unit: str) -> str:
    """A figure against its goal, in words."""
    return "no goal at this size" if goal is None else f"goal {goal} {unit}: {'met' if found <= goal else 'MISSED'}"


def timed(database: Database, batch: Batch) -> tuple[Material, tuple[float, float, float, float]]:
    """The material, and the seconds to gather it, to compute every number, of both, and of the processor."""
    with database.reading() as session:
        start, busy = perf_counter(), process_time()
        material = gather(session, batch, key="a key")
    gathered = perf_counter()
    compute(material)
    done = perf_counter()
    return material, (gathered - start, done - gathered, done - start, process_time() - busy)


def launched(session: Session, *, prompts: int) -> Batch:
    """Every second prompt is answered by every second candidate, the others by the others; the baseline answers all."""
    study = factories.study(session, prompts=0, outputs={})
    insert_all(session, table(Prompt), (prompt_row(study.id, number) for number in range(prompts)))
    names = ["base", *(f"candidate {number}" for number in range(CANDIDATES))]
    systems = [System(study_id=study.id, name=name) for name in names]
    session.add_all(systems)
    session.flush()
    ids = session.scalars(select(Prompt.id).order_by(Prompt.id)).all()
    insert_all(
        session,
        table(Output),
        (
            {"study_id": study.id, "system_id": system.id, "prompt_id": prompt, "text": "word " * (5 + at * place % 50)}
            for at, system in enumerate(systems)
            for place, prompt in enumerate(ids)
            if at == 0 or at % 2 == place % 2
        ),
    )
    return launching.launch(session, study, baseline="base", seed=1, now=factories.NOW)


def prompt_row(study_id: int, number: int) -> dict[str, object]:
    dialogue = [{"role": "user", "text": f"Question {number}?"}]
    return {"study_id": study_id, "key": f"p{number}", "dialogue": dialogue, "text_hash": str(number)}


def rate(session: Session, batch: Batch, random: np.random.Generator) -> None:
    """Every seat, by raters who take turns, so that none meets a prompt twice."""
    people = ({"channel": Channel.LINK, "external_id": f"r{n}", "created_at": factories.NOW} for n in range(RATERS))
    insert_all(session, table(Rater), people)
    raters = session.scalars(select(Rater.id).order_by(Rater.id)).all()
    seats = session.execute(
        select(Seat.comparison_id, Seat.seat, Seat.prompt_id).order_by(Seat.prompt_id, Seat.comparison_id, Seat.seat)
    ).all()
    now = factories.NOW
    insert_all(
        session,
        table(Assignment),
        (
            {
                "id": number,
                "batch_id": batch.id,
                "rater_id": raters[number % RATERS],
                "prompt_id": prompt,
                "comparison_id": comparison,
                "seat": seat,
                "state": AssignmentState.RATED,
                "claimed_at": now,
                "lease_expires_at": now,
            }
            for number, (comparison, seat, prompt) in enumerate(seats, start=1)
        ),
    )
    choices = random.choice([Choice.FIRST, Choice.SECOND, Choice.TIE], size=len(seats), p=[0.4, 0.35, 0.25]).tolist()
    insert_all(
        session,
        table(Rating),
        (
            {
                "assignment_id": number,
                "rater_id": raters[number % RATERS],
                "state": AssignmentState.RATED,
                "choice": choice,
                "active_ms": 5_000 + 37 * number % 60_000,
                "receipt": str(number),
                "rated_at": now,
            }
            for number, choice in enumerate(choices, start=1)
        ),
    )


def insert_all(session: Session, into: Table, rows: Iterable[dict[str, object]]) -> None:
    rest: Iterator[dict[str, object]] = iter(rows)
    while chunk := list(islice(rest, ROWS_AT_ONCE)):
        session.execute(insert(into), chunk)


def limit_of(material: Material) -> float:
    """Seconds for the majority of every comparison and the nominal alpha, by NumPy from columns in memory."""
    start = perf_counter()
    codes = material.votes.comparison * 3 + material.votes.preference + 1
    counts = np.bincount(codes, minlength=3 * len(material.launched)).reshape(-1, 3)
    _majority = counts.max(axis=1) * 2 > SEATS
    per_unit = counts.sum(axis=1)
    observed = ((counts * (counts - 1)).sum(axis=1) / np.maximum(per_unit - 1, 1)).sum()
    totals = counts.sum(axis=0)
    n = totals.sum()
    _alpha = 1 - (n - observed) * (n - 1) / (n * n - (totals**2).sum())
    return perf_counter() - start


if __name__ == "__main__":
    main()
