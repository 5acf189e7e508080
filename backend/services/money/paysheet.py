"""What each rater of a batch did, in what time, and what they got for it: one row a rater. Changes nothing.

The database adds up, so that a batch of a million ratings is a few thousand rows here. Times are counted as
`domain.pay` counts them, by the pay of the rater's channel; a channel without pay counts the time that was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from backend.db.budgets import Budget
from backend.db.checks import CheckAnswer
from backend.db.ledger import FEES, Account, LedgerEntry, Purpose
from backend.db.raters import Channel, Rater
from backend.db.ratings import Rating
from backend.domain.money import Money
from backend.domain.pay import LONGEST_COUNTED, MS_PER_HOUR, PayRule, RaterPay
from backend.services.money.top_ups import of_timed_work
from backend.services.pseudonyms import Pseudonyms


@dataclass(frozen=True, slots=True)
class RaterRow:
    """A rater's work and pay. pieces, counted_ms and for_time: timed work alone, top-ups included; the rest: all of it.

    name: what pages call them. external_id: what the channel calls them, to pay them by hand. hourly: None where no
    time was counted. missing: to the target, by the declared rule.
    """

    rater_id: int
    name: str
    external_id: str
    channel: str
    pieces: int
    counted_ms: int
    for_time: Money
    hourly: Money | None
    missing: Money
    owed: Money
    paying: Money
    paid: Money

    @property
    def earned(self) -> Money:
        """All that the rater earned, entry tests and compensations included."""
        return Money(self.owed.minor + self.paying.minor + self.paid.minor, self.paid.currency)


@dataclass(frozen=True, slots=True)
class Paysheet:
    """Every rater of a batch for whom something was ever owed, those with the least an hour first."""

    rows: tuple[RaterRow, ...]
    currency: str

    @property
    def median(self) -> Money | None:
        """The median rater's hourly pay; None where no time was counted."""
        found = middle([None if one.hourly is None else one.hourly.minor for one in self.rows])
        return None if found is None else Money(found, self.currency)

    @property
    def missing(self) -> tuple[int, Money]:
        """(how many raters miss something to the target, how much in all)."""
        due = [one.missing.minor for one in self.rows if one.missing.minor]
        return len(due), Money(sum(due), self.currency)


@dataclass(frozen=True, slots=True)
class MedianPay:
    """What the median rater earned an hour of counted time, and the targets of the channels that pay."""

    an_hour: Money
    targets: tuple[Money, ...]


def in_the_median(session: Session, batch_id: int, rules: Mapping[str, PayRule]) -> MedianPay | None:
    """Of a batch; None where nobody is paid from here, or nothing was owed for any counted time yet."""
    found = middle([one.hourly for one in timed_work(session, batch_id, rules).values()]) if rules else None
    if found is None:
        return None
    targets = sorted({one.per_hour for one in rules.values()}, key=lambda target: target.minor)
    return MedianPay(Money(found, targets[0].currency), tuple(targets))


def middle(hourly: Sequence[int | None]) -> int | None:
    """The median of what raters earned an hour, of those with counted time."""
    nothing = np.zeros(len(hourly), dtype=np.int64)
    known = np.array([-1 if one is None else one for one in hourly], dtype=np.int64)
    return RaterPay(nothing, nothing, nothing, known).median


def of_batch(session: Session, batch_id: int, rules: Mapping[str, PayRule], names: Pseudonyms) -> Paysheet:
    """Every rater's row. rules: of the channels that pay from here."""
    budget = session.get(Budget, batch_id)
    timed = timed_work(session, batch_id, rules)
    found = session.execute(
        select(
            LedgerEntry.rater_id,
            Rater.channel,
            Rater.external_id,
            *(balance(account).label(account.value) for account in (Account.OWED, Account.PAYING, Account.PAID)),
        )
        .join(Rater, Rater.id == LedgerEntry.rater_id)
        .where(LedgerEntry.batch_id == batch_id, LedgerEntry.purpose.not_in(FEES))
        .group_by(LedgerEntry.rater_id, Rater.channel, Rater.external_id)
    )
    currency = "USD" if budget is None else budget.currency
    rows = []
    for rater_id, channel, external_id, *amounts in found:
        owed, paying, paid = (Money(int(minor), currency) for minor in amounts)
        work, rule = timed.get(rater_id, NO_WORK), rules.get(channel)
        earned, hourly = Money(work.earned, currency), work.hourly
        rows.append(
            RaterRow(
                rater_id=rater_id,
                name=name(channel, external_id, rater_id, names),
                external_id=external_id,
                channel=channel,
                pieces=work.pieces,
                counted_ms=work.counted_ms,
                for_time=earned,
                hourly=None if hourly is None else Money(hourly, currency),
                missing=rule.top_up(counted_ms=work.counted_ms, earned=earned) if rule else Money(0, currency),
                owed=owed,
                paying=paying,
                paid=paid,
            )
        )
    rows.sort(key=lambda one: (one.hourly is None, one.hourly.minor if one.hourly else 0, one.rater_id))
    return Paysheet(tuple(rows), currency)


def name(channel: str, external_id: str, rater_id: int, names: Pseudonyms) -> str:
    """A link's code is ours and says nothing; what another channel calls its rater stays off the pages."""
    return external_id if channel == Channel.LINK else names[rater_id]


def balance(account: Account) -> ColumnElement[int]:
    """What came into an account less what went out of it."""
    amount = LedgerEntry.amount
    return func.sum(
        case((LedgerEntry.to_account == account, amount), (LedgerEntry.from_account == account, -amount), else_=0)
    )


@dataclass(frozen=True, slots=True)
class TimedWork:
    """A rater's timed work: how many pieces, their counted time, and what they earned, top-ups included."""

    pieces: int
    counted_ms: int
    earned: int

    @property
    def hourly(self) -> int | None:
        """Minor units an hour, rounded down as `domain.pay.realised` does."""
        return self.earned * MS_PER_HOUR // self.counted_ms if self.counted_ms else None


NO_WORK = TimedWork(0, 0, 0)


def timed_work(session: Session, batch_id: int, rules: Mapping[str, PayRule]) -> dict[int, TimedWork]:
    """rater -> their comparisons and checks for which a reward was owed. Every such piece has exactly one reward."""
    is_reward = LedgerEntry.purpose == Purpose.REWARD
    rows = session.execute(
        select(
            LedgerEntry.rater_id,
            func.sum(case((is_reward, 1), else_=0)),
            func.sum(case((is_reward, counted(rules)), else_=0)),
            func.sum(LedgerEntry.amount),
        )
        .join(Rater, Rater.id == LedgerEntry.rater_id)
        .outerjoin(Rating, Rating.assignment_id == LedgerEntry.assignment_id)
        .outerjoin(CheckAnswer, CheckAnswer.assignment_id == LedgerEntry.check_assignment_id)
        .where(of_timed_work(batch_id))
        .group_by(LedgerEntry.rater_id)
    )
    return {rater: TimedWork(int(pieces), int(ms), int(earned)) for rater, pieces, ms, earned in rows}


def counted(rules: Mapping[str, PayRule]) -> ColumnElement[int]:
    """The time of one piece that counts, as `PayRule.counted` says, under the rule of its rater's channel."""
    ms = func.coalesce(Rating.active_ms, CheckAnswer.active_ms)
    measured = func.coalesce(ms, 0)
    branches = [
        (
            Rater.channel == channel,
            case(
                (ms.is_(None), rule.median_ms),
                (ms > LONGEST_COUNTED * rule.median_ms, LONGEST_COUNTED * rule.median_ms),
                else_=ms,
            ),
        )
        for channel, rule in rules.items()
    ]
    return case(*branches, else_=measured) if branches else measured
