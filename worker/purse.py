"""A job's money: set aside before a question is asked, so that a budget holds whatever happens. Knows no engine.

Sums are set aside in lots, each in a transaction of its own. A worker that dies leaves its lot counted as spent.
"""

import threading
from dataclasses import dataclass, field

from backend.services.asking import jobs
from backend.services.asking.jobs import BudgetSpent
from worker.duty import Duty

QUESTIONS_A_LOT = 8


@dataclass
class Purse:
    """Millionths of a dollar that were set aside for this job and are not spent. Threads may share it."""

    duty: Duty
    left: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, worst: int) -> None:
        """For one question, what it can cost at most. BudgetSpent where the budget has no room for that."""
        if not worst:
            return
        with self.guard:
            if self.left < worst:
                self.fill(worst)
            self.left -= worst

    def fill(self, worst: int) -> None:
        """Set another lot aside; where the budget has no room for a lot, what this question needs."""
        needed = worst - self.left
        for amount in (needed + worst * (QUESTIONS_A_LOT - 1), needed):
            try:
                with self.duty.database.transaction() as session:
                    jobs.set_aside(session, self.duty.held, amount, in_hand=self.left, now=self.duty.now())
            except BudgetSpent:
                if amount == needed:
                    raise
            else:
                self.left += amount
                return

    def put_back(self, amount: int) -> None:
        """What a question was cheaper than feared; below 0 if it was dearer, which the next one makes up for."""
        with self.guard:
            self.left += amount

    def close(self) -> None:
        """Give back what was not needed, unless the job is another worker's by now."""
        with self.guard, self.duty.chunk() as (_, job):
            spent = job.spent - self.left
            job.spent = spent if job.allowed is None else min(spent, job.allowed)
            self.left = 0
