"""What handed-in work earns and through which of the vendor's payments: owed and intended in one transaction.

A vendor pays a place its whole reward, or nothing; the ledger names pieces of work. So that both agree to the cent:
- An approval pays the reward of the place. It is apportioned among the pieces that were done there, as many as the
  place was for; whoever did fewer because there was nothing more to do gets all of it.
- Everything else is a bonus at the declared reward a piece: further pieces, late ones, work on a place that was given
  back or ran out of time, entry tests; and top-ups and compensations. But where a place is for one comparison and its
  rater handed it in after an entry test alone, its approval pays the test as far as it goes: see unrated_places.
Nothing is paid for a submission that the vendor has not listed, and nothing by itself where no work of ours is behind
it: a person decides about those, in other_approvals. Nothing here rejects anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from backend.db.channels import BatchChannel
from backend.db.ledger import Account, LedgerEntry, Purpose, Work
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Rater
from backend.db.submissions import Submission
from backend.domain.channels import ChannelSettings
from backend.domain.money import Money
from backend.domain.submissions import LEFT, SubmissionState
from backend.services.approval import place_rewards, unrated_places
from backend.services.approval.handed import (
    Handed,
    carrier,
    handed_in,
    is_over,
    on,
    reason_against,
    state_against,
    work_of,
)
from backend.services.money import budgets, demand, earnings, ledger, unowed
from backend.services.studies import channels

TOP_UPS = (Purpose.TOP_UP, Purpose.TOP_UP_FEE)


def approve_rater(session: Session, channel: BatchChannel, rater_id: int, *, now: datetime) -> None:
    """Owe what one rater did on places that were handed in, and intend the approvals that pay it. Again adds nothing.

    Conflict where the budget is too small; then nothing of it is owed.
    """
    budgets.locked(session, channel.batch_id)
    settings = channels.settings_of(channel)
    for one in handed_in(session, channel, rater_id):
        own = [each for each in work_of(session, channel.batch_id, rater_id) if one.covers(each.comparison_id)]
        if reason_against(settings, one, own) is None:
            place_rewards.approve(session, settings, one, own, now=now)


def pay_extras(session: Session, channel: BatchChannel, rater_id: int, *, now: datetime) -> None:
    """Owe the rest of one rater's work and intend its payments, once `approve_rater` is stored. Again adds nothing.

    Conflict where the budget is too small; then nothing of it is owed, and what was approved before stays.
    """
    budgets.locked(session, channel.batch_id)
    settings = channels.settings_of(channel)
    for one in handed_in(session, channel, rater_id):
        own = [each for each in work_of(session, channel.batch_id, rater_id) if one.covers(each.comparison_id)]
        if not own and state_against(one) is None:
            unrated_places.approve_test(session, settings, one, now=now)
    handed = handed_in(session, channel, rater_id)
    owe_extras(session, channel, settings, handed, rater_id, now=now)
    intend_bonuses(session, channel, handed, rater_id, now=now)


def owe_extras(
    session: Session,
    channel: BatchChannel,
    settings: ChannelSettings,
    handed: Sequence[Handed],
    rater_id: int,
    *,
    now: datetime,
) -> None:
    """Owe what no approval pays: further and late pieces, work on a place that was given back, entry tests.

    A piece waits while its own submission may still be approved, or while a person has to look at that.
    """
    through = carrier(handed)
    if through is None:
        return
    rule = demand.rule_of(settings)
    pieces = [
        each.piece
        for each in work_of(session, channel.batch_id, rater_id)
        if all(is_over(one, now=now) for one in handed if one.covers(each.comparison_id))
    ]
    if pieces:
        sum_of = Money(len(pieces) * rule.reward.minor, rule.reward.currency)
        place_rewards.owe(session, through.posting, pieces, sum_of, settings.fees.on_bonus(sum_of), now=now)
    for piece, exercises in unowed.entry_tests(session, channel.batch_id, rater_id=rater_id):
        earned = earnings.of_test(rule, exercises)
        place_rewards.owe(session, through.posting, [piece], earned, settings.fees.on_bonus(earned), now=now)


def intend_bonuses(
    session: Session, channel: BatchChannel, handed: Sequence[Handed], rater_id: int, *, now: datetime
) -> None:
    """Intend bonuses for all that is owed and that nobody has begun to pay: one for work, one for the top-up.

    What an approval that was refused would have paid waits for a person, and no bonus that was refused is asked again.
    """
    through = carrier(handed)
    if through is None:
        return
    waits = held_back(session, handed)
    owed = [one for one in ledger.owed(session, channel.batch_id, rater_id=rater_id) if one.id not in waits]
    top_ups = [one for one in owed if one.purpose in TOP_UPS and one.work != Work.ENTRY_TEST]
    others = [one for one in owed if one not in top_ups]
    for entries, reason in ((others, "For further work"), (top_ups, "Up to the hourly pay that was promised")):
        amount = sum(one.amount for one in entries if one.purpose in (Purpose.REWARD, Purpose.TOP_UP))
        if amount and not was_refused(session, through, amount):
            place_rewards.intend(session, through, entries, PaymentKind.BONUS, reason, now=now)


def held_back(session: Session, handed: Sequence[Handed]) -> set[int]:
    """The ids of entries that a refused approval gave back, of submissions that still wait at the vendor."""
    stuck = [one for one in handed if one.approval == PaymentState.REFUSED and one.row.state not in LEFT]
    keys = [(one.posting.vendor_id, one.row.vendor_id, one.row.rater_id) for one in stuck]
    if not keys:
        return set()
    of = tuple_(PaymentIntent.posting_id, PaymentIntent.submission_id, PaymentIntent.rater_id).in_(keys)
    return set(
        session.scalars(
            select(LedgerEntry.id)
            .join(PaymentIntent, PaymentIntent.id == LedgerEntry.payment_id)
            .where(
                of,
                PaymentIntent.kind == PaymentKind.APPROVAL,
                PaymentIntent.state == PaymentState.REFUSED,
                LedgerEntry.to_account == Account.OWED,
            )
        )
    )


def was_refused(session: Session, through: Handed, amount: int) -> bool:
    """Whether the vendor has refused just this bonus before."""
    found = select(PaymentIntent.id).where(
        PaymentIntent.kind == PaymentKind.BONUS,
        PaymentIntent.state == PaymentState.REFUSED,
        PaymentIntent.posting_id == through.posting.vendor_id,
        PaymentIntent.submission_id == through.row.vendor_id,
        PaymentIntent.rater_id == through.row.rater_id,
        PaymentIntent.amount == amount,
    )
    return session.execute(found.limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Handed-in work that a person has to look at, and why."""

    submission_id: int
    vendor_id: str
    rater: str
    code: str | None
    reason: str


def unmatched(session: Session, channel: BatchChannel) -> list[Unmatched]:
    """Submissions that wait at the vendor and are not approved by themselves. Nobody is rejected for being here."""
    settings = channels.settings_of(channel)
    rows = session.execute(
        select(Submission.id, Submission.rater_id, Rater.external_id)
        .join(Rater, Rater.id == Submission.rater_id)
        .where(Submission.batch_id == channel.batch_id, on(channel), Submission.state == SubmissionState.SUBMITTED)
        .order_by(Submission.id)
    ).all()
    found = []
    for number, rater_id, who in rows:
        one = next(each for each in handed_in(session, channel, rater_id) if each.row.id == number)
        own = [each for each in work_of(session, channel.batch_id, rater_id) if one.covers(each.comparison_id)]
        live = one.approval is not None and one.approval != PaymentState.REFUSED
        reason = reason_against(settings, one, own)
        if reason is not None and not live and not one.is_rejected:
            found.append(Unmatched(number, one.row.vendor_id, who, one.row.code, reason))
    return found
