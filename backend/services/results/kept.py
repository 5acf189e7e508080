"""Results that this process computed a moment ago, so that a page which asks every few seconds costs little.

The same stamp means the same numbers. And numbers that took long to compute may get as old as some times that long
before they are computed again for a page that only looks again: however many look, most of a core stays free.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.checks import CheckAssignment
from backend.db.comparisons import Comparison
from backend.domain.results.summary import OnStep, Results
from backend.services.judging import said

PATIENCE = 10.0
MOST_KEPT = 4


@dataclass(frozen=True, slots=True)
class Computed:
    """Results under their stamp: when they were computed, on a clock that only runs, and how long that took."""

    stamp: str
    results: Results
    at: float
    took: float


class Kept:
    """The newest results of the last few batches. Threads share it; they compute one after another."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self.turn = Lock()
        self.computed: OrderedDict[int, Computed] = OrderedDict()
        self.starting = Lock()
        self.under_way: dict[int, list[str]] = {}
        self.failed: set[int] = set()

    def get(self, session: Session, batch: Batch, compute: Callable[[], Results]) -> Computed:
        """The batch's results as they are now."""
        now = stamp(session, batch)
        with self.turn:
            known = self.computed.get(batch.id)
            if known is None or known.stamp != now:
                began = self.clock()
                found = compute()
                known = Computed(now, found, began, self.clock() - began)
            self.computed[batch.id] = known
            self.computed.move_to_end(batch.id)
            while len(self.computed) > MOST_KEPT:
                self.computed.popitem(last=False)
        return known

    def needs_wait(self, batch_id: int) -> bool:
        """Whether nothing is known of the batch yet. Where the work failed before, whoever asks meets the failure."""
        return batch_id not in self.computed and batch_id not in self.failed

    def begin(self, batch_id: int, work: Callable[[OnStep], object]) -> Sequence[str]:
        """The steps that have begun of this work, which goes on in a thread of its own; one at a time for a batch."""
        with self.starting:
            if batch_id not in self.under_way:
                self.under_way[batch_id] = []
                Thread(target=self.carry_out, args=(batch_id, work), name=f"results {batch_id}").start()
            return tuple(self.under_way[batch_id])

    def carry_out(self, batch_id: int, work: Callable[[OnStep], object]) -> None:
        done = False
        try:
            work(self.under_way[batch_id].append)
            done = True
        finally:
            with self.starting:
                del self.under_way[batch_id]
                (self.failed.discard if done else self.failed.add)(batch_id)

    def is_current(self, session: Session, batch: Batch, seen: str) -> bool:
        """Whether a page that has the numbers of this stamp may keep them for now; not when the batch has ended."""
        known = self.computed.get(batch.id)
        is_young = known is not None and known.stamp == seen and self.clock() - known.at < PATIENCE * known.took
        if is_young and seen.startswith(f"{batch.state}-"):
            return True
        return stamp(session, batch) == seen


def stamp(session: Session, batch: Batch) -> str:
    """What differs whenever the results do: the batch's state, its comparisons, seats and checks by state, verdicts.

    These states only ever go forward, so no two changes undo each other. Assignments are read as a range of ids, which
    lie together on disk; the sum keeps SQLite to it.
    """
    first, last = session.execute(
        select(func.min(Assignment.id), func.max(Assignment.id)).where(Assignment.batch_id == batch.id)
    ).one()
    states = session.execute(
        select(Assignment.state, func.count())
        .where(Assignment.id.between(first or 0, last or 0), Assignment.batch_id + 0 == batch.id)
        .group_by(Assignment.state)
        .order_by(Assignment.state)
    ).all()
    end = session.execute(select(func.max(Comparison.position)).where(Comparison.batch_id == batch.id)).scalar()
    checks = session.execute(
        select(CheckAssignment.state, func.count())
        .where(CheckAssignment.batch_id == batch.id)
        .group_by(CheckAssignment.state)
        .order_by(CheckAssignment.state)
    ).all()
    counts = "-".join(f"{state}{count}" for state, count in (*states, *checks))
    return f"{batch.state}-{end}-{said.newest(session, batch.study_id) or 0}-{counts}"
