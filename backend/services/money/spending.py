"""Where a batch's money is and whose it will be, read for people. Changes nothing and asks no vendor.

Every sum is of ledger entries alone, so they add up to `ledger.balances`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from backend.db.budgets import Budget
from backend.db.ledger import FEES, Account, LedgerEntry, Purpose
from backend.db.payments import PaymentIntent, PaymentState
from backend.db.raters import Link, Rater
from backend.db.submissions import Appeal
from backend.db.vendor_calls import HandPayment
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.services.money import budgets
from backend.services.money.budgets import Standing
from backend.services.studies import channels


@dataclass(slots=True)
class Flow:
    """What came of some of a batch's money, in minor units. earned = owed + paying + paid + fees.

    owed and paying: fees included, as the vendor will ask for both. paid: what raters got. fees: what vendors got.
    """

    currency: str
    raters: int = 0
    rewards: int = 0
    top_ups: int = 0
    fees_earned: int = 0
    accounts: Counter[str] = field(default_factory=Counter)

    def amount(self, account: Account) -> Money:
        """What is in an account."""
        return Money(self.accounts[account], self.currency)

    @property
    def earned(self) -> Money:
        """All that raters and vendors have earned, paid yet or not."""
        return Money(self.rewards + self.top_ups + self.fees_earned, self.currency)

    @property
    def settled(self) -> Money:
        """What raters and vendors have got."""
        return Money(self.accounts[Account.PAID] + self.accounts[Account.FEES], self.currency)

    @property
    def of_rewards(self) -> Money:
        """Rewards, for whatever work."""
        return Money(self.rewards, self.currency)

    @property
    def of_top_ups(self) -> Money:
        """Top-ups to the target."""
        return Money(self.top_ups, self.currency)

    @property
    def of_fees(self) -> Money:
        """What the vendor takes for both."""
        return Money(self.fees_earned, self.currency)

    def add(self, purpose: str, source: str, target: str, minor: int) -> None:
        """Take in the transfers of one purpose between two accounts."""
        self.accounts[target] += minor
        if source != Account.RESERVED:
            self.accounts[source] -= minor
        elif purpose in FEES:
            self.fees_earned += minor
        elif purpose == Purpose.TOP_UP:
            self.top_ups += minor
        else:
            self.rewards += minor


@dataclass(frozen=True, slots=True)
class Spending:
    """A batch's money at a glance: allowed = free + reserved + owed + paying + paid + fees. channels: by name."""

    standing: Standing
    whole: Flow
    channels: Mapping[str, Flow]

    @property
    def committed(self) -> Money:
        """What is reserved or spent: a budget can't fall below it."""
        return Money(self.standing.reserved.minor + self.standing.spent.minor, self.standing.allowed.currency)

    @property
    def accounts(self) -> dict[Account, Money]:
        """What is in each account, as `ledger.balances` says it."""
        reserved = {Account.RESERVED: self.standing.reserved}
        return reserved | {account: self.whole.amount(account) for account in Account if account not in reserved}


def of_batch(session: Session, batch_id: int) -> Spending | None:
    """The batch's money, or None where no budget was ever set."""
    if session.get(Budget, batch_id) is None:
        return None
    standing = budgets.standing(session, batch_id)
    currency = standing.allowed.currency
    whole, channels = Flow(currency), defaultdict[str, Flow](lambda: Flow(currency))
    way = (LedgerEntry.purpose, LedgerEntry.from_account, LedgerEntry.to_account)
    for rater_channel, purpose, source, target, minor in session.execute(
        select(Rater.channel, *way, func.sum(LedgerEntry.amount))
        .join(Rater, Rater.id == LedgerEntry.rater_id)
        .where(LedgerEntry.batch_id == batch_id)
        .group_by(Rater.channel, *way)
    ):
        for flow in (whole, channels[rater_channel]):
            flow.add(purpose, source, target, int(minor))
    for rater_channel, count in session.execute(
        select(Rater.channel, func.count(LedgerEntry.rater_id.distinct()))
        .join(Rater, Rater.id == LedgerEntry.rater_id)
        .where(LedgerEntry.batch_id == batch_id, LedgerEntry.from_account == Account.RESERVED)
        .group_by(Rater.channel)
    ):
        channels[rater_channel].raters = count
    whole.raters = sum(one.raters for one in channels.values())
    return Spending(standing, whole, dict(sorted(channels.items())))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A payment that did not go through. answer: what the vendor said when it refused; None where nobody knows yet."""

    payment_id: int
    rater_id: int
    amount: Money
    state: PaymentState
    answer: str | None


MOST_SHOWN = 100


def troubles(session: Session, batch_id: int) -> list[Trouble]:
    """Payments that a vendor refused and whose money is still owed, and those without an answer; the newest first.

    A hundred of them; what a later payment has paid is no trouble any more, and what a person has to pay
    is in by_hand.
    """
    later = select(LedgerEntry.moves_id).where(LedgerEntry.moves_id.is_not(None))
    still_owed = (
        select(LedgerEntry.payment_id)
        .where(
            LedgerEntry.batch_id == batch_id,
            LedgerEntry.from_account == Account.PAYING,
            LedgerEntry.to_account == Account.OWED,
            LedgerEntry.id.not_in(later),
        )
        .distinct()
    )
    by_hand = exists().where(HandPayment.token == PaymentIntent.token)
    is_refused = (PaymentIntent.state == PaymentState.REFUSED) & PaymentIntent.id.in_(still_owed)
    found = session.scalars(
        select(PaymentIntent)
        .where(PaymentIntent.batch_id == batch_id, is_refused | (PaymentIntent.state == PaymentState.SENT) & ~by_hand)
        .order_by(PaymentIntent.id.desc())
        .limit(MOST_SHOWN)
    )
    return [
        Trouble(one.id, one.rater_id, Money(one.amount, one.currency), PaymentState(one.state), one.answer)
        for one in found
    ]


def standings(session: Session, batch_ids: Sequence[int]) -> dict[int, Standing]:
    """batch -> its budget, of those that have one."""
    wanted = select(Budget).where(Budget.batch_id.in_(batch_ids)).execution_options(populate_existing=True)
    rows = session.scalars(wanted)
    return {one.batch_id: budgets.of_budget(one) for one in rows}


def open_appeals(session: Session) -> dict[int, int]:
    """batch -> how many appeals nobody has answered, of every batch that has one."""
    rows = session.execute(
        select(Link.batch_id, func.count())
        .join(Appeal, Appeal.link_id == Link.id)
        .where(Appeal.answered_at.is_(None))
        .group_by(Link.batch_id)
        .order_by(Link.batch_id)
    )
    return dict(rows.all())


def rules(session: Session, batch_id: int) -> dict[str, PayRule]:
    """channel -> its pay, of the channels of a batch that pay from here."""
    declared = {one.channel: channels.settings_of(one).pay for one in channels.of_batch(session, batch_id)}
    return {channel: pay for channel, pay in declared.items() if pay is not None}
