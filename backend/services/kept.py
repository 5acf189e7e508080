"""Results that this process computed a moment ago, so that a page which asks every few seconds costs little.

The same stamp means the same numbers. And numbers that took long to compute may get as old as some times that long
before they are computed again for a page that only looks again: however many look, most of a core stays free.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.checks import CheckAssignment
from backend.db.comparisons import Comparison
from backend.domain.results.summary import Results

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

    def is_current(self, session: Session, batch: Batch, seen: str) -> bool:
        """Whether a page that has the numbers of this stamp may keep them for now; not when the batch has ended."""
        known = self.computed.get(batch.id)
        is_young = known is not None and known.stamp == seen and self.clock() - known.at < PATIENCE * known.took
        if is_young and seen.startswith(f"{batch.state}-"):
            return True
        return stamp(session, batch) == seen


def stamp(session: Session, batch: Batch) -> str:
    """What differs whenever the results do: the batch's state, its comparisons, its seats and checks by state.

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
    return f"{batch.state}-{end}-{counts}"
