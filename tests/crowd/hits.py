"""A posting as most tests want one, and what a worker and a requester do with it."""

from datetime import timedelta

from backend.crowd.mturk import MTurk
from backend.crowd.protocol import Posting
from backend.domain.money import Money
from backend.simulator.mturk import workers
from backend.simulator.mturk.market import Market

POSTING = Posting(
    token="batch-1",
    title="Which answer is better?",
    description="Read two answers and choose.",
    url="https://rate.example.org/enter?study=7&channel=mturk",
    places=3,
    reward=Money(25),
    time_allowed=timedelta(minutes=30),
    open_for=timedelta(days=3),
)


def done(market: Market, hit_id: str, worker_id: str = "AWORKER1", receipt: str = "r.1") -> str:
    """A worker accepts and hands in; the assignment's id."""
    one = workers.accept(market, worker_id, hit_id)
    workers.submit(market, one.id, [("assignmentId", one.id), ("receipt", receipt)])
    return one.id


def pay(mturk: MTurk, submission_id: str, *, token: str = "top-up-1", cents: int = 104) -> None:
    mturk.pay_bonus(submission_id, rater_id="AWORKER1", amount=Money(cents), reason="Top-up", token=token)
