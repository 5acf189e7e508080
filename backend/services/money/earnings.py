"""What raters have earned, as they are told of it, and what an entry test earns. Knows no vendor and no page."""

from collections.abc import Mapping

from sqlalchemy import ScalarSelect, case, func, select
from sqlalchemy.orm import Session

from backend.db.journeys import EntryTest
from backend.db.ledger import Account, LedgerEntry, Purpose, Work
from backend.db.raters import Rater
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.services.money import unowed
from backend.services.rating.visitors import Visitor

JUDGED = (Work.RATING, Work.LATE_RATING, Work.CHECK)


def so_far(session: Session, who: Visitor, rules: Mapping[str, PayRule]) -> Money | None:
    """What this rater has earned so far: all that is owed or paid, and the reward for what is not entered yet,
    their entry test included.

    None where their channel pays nothing. rules: by channel. Top-ups count once they are owed.
    """
    if not rules:
        return None
    own = (LedgerEntry.batch_id == who.batch_id) & (LedgerEntry.rater_id == Rater.id)
    rewarded = (LedgerEntry.purpose == Purpose.REWARD) & LedgerEntry.work.in_(JUDGED)
    found = session.execute(
        select(
            Rater.channel,
            func.coalesce(func.sum(LedgerEntry.amount), 0).label("entered"),
            func.count(case((rewarded, 1))).label("pieces"),
            unowed_exercises(who).label("exercises"),
        )
        .outerjoin(
            LedgerEntry,
            own
            & (LedgerEntry.from_account == Account.RESERVED)
            & LedgerEntry.purpose.in_((Purpose.REWARD, Purpose.TOP_UP)),
        )
        .where(Rater.id == who.rater_id)
        .group_by(Rater.channel)
    ).one()
    rule = rules.get(found.channel)
    if rule is None:
        return None
    missing = max(0, who.judged - found.pieces) + found.exercises
    return Money(int(found.entered) + missing * rule.reward.minor, rule.reward.currency)


def unowed_exercises(who: Visitor) -> ScalarSelect[int]:
    """How many exercises of entry tests this rater has taken for which nothing was ever owed."""
    own = (EntryTest.batch_id == who.batch_id) & (EntryTest.rater_id == who.rater_id)
    return (
        select(func.coalesce(func.sum(EntryTest.out_of), 0)).where(own, ~unowed.entry_test_is_owed()).scalar_subquery()
    )


def of_test(rule: PayRule, exercises: int) -> Money:
    """What an entry test of so many exercises earns: as much as that many comparisons, passed or not."""
    return Money(exercises * rule.reward.minor, rule.reward.currency)
