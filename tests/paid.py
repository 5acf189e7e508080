"""A batch whose raters have worked, with a budget: what the tests of money begin with. Knows no vendor."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.journeys import EntryTest
from backend.db.ledger import Purpose
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.domain.money import Money
from backend.domain.pay import Fees, PayRule
from backend.services import budgets, ledger, unpaid
from backend.services.ledger import Due
from tests import factories
from tests.factories import NOW


def raters(session: Session, count: int, *, first: int = 1) -> list[int]:
    """So many new raters, w1 and so on."""
    return [
        session.execute(
            insert(Rater).values(channel=Channel.LINK, external_id=f"w{number}", created_at=NOW).returning(Rater.id)
        ).scalar_one()
        for number in range(first, first + count)
    ]


def took_test(session: Session, batch_id: int, rater_id: int, name: str, *, passed: bool = False) -> None:
    """This rater has taken an entry test."""
    session.execute(
        insert(EntryTest).values(
            batch_id=batch_id,
            rater_id=rater_id,
            name=name,
            answers=["first"],
            score=int(passed),
            out_of=1,
            passed=passed,
            taken_at=NOW,
        )
    )


def worked(session: Session, *, prompts: int, people: int, active_ms: Sequence[int | None]) -> Batch:
    """A batch of three seats a prompt, all rated: the k-th rating by rater k modulo their number, in such a time."""
    batch = factories.launched(session, prompts=prompts, seats=3)
    who = raters(session, people)
    comparisons = session.scalars(
        select(Comparison).where(Comparison.batch_id == batch.id).order_by(Comparison.position)
    )
    places = [(one, seat) for one in comparisons for seat in (1, 2, 3)]
    sat = [
        {"batch_id": batch.id, "rater_id": who[k % people], "prompt_id": one.prompt_id, "comparison_id": one.id}
        | {"seat": seat, "state": "rated", "claimed_at": NOW, "lease_expires_at": NOW}
        for k, (one, seat) in enumerate(places)
    ]
    session.execute(insert(Assignment), sat)
    rows = session.execute(select(Assignment.id, Assignment.rater_id).order_by(Assignment.id))
    session.execute(
        insert(Rating),
        [
            {"assignment_id": number, "rater_id": rater, "state": "rated", "choice": "tie", "receipt": f"R-{number}"}
            | {"active_ms": active_ms[k % len(active_ms)], "rated_at": NOW}
            for k, (number, rater) in enumerate(rows)
        ],
    )
    return batch


def owe_everything(session: Session, batch_id: int, reservation_id: int, rule: PayRule, fees: Fees) -> int:
    """Owe the reward, and its fee, for all work for which nothing is owed yet."""
    fee = fees.on_reward(rule.reward)
    dues = [
        due
        for piece in unpaid.work(session, batch_id)
        for due in (Due(piece, Purpose.REWARD, rule.reward), Due(piece, Purpose.REWARD_FEE, fee))
    ]
    return ledger.owe(session, reservation_id, dues, now=NOW)


def with_budget(session: Session, batch: Batch, minor: int, *, aside: int) -> int:
    """A budget of so many cents, so many of them set aside; the reservation's id."""
    budgets.set_budget(session, batch.id, allowed=Money(minor))
    return budgets.reserve(session, batch.id, amount=Money(aside), key=f"batch {batch.id}", now=NOW).id
