"""What handed-in work earns and through which of the vendor's payments: owed and intended in one transaction.

A vendor pays a place its whole reward, or nothing; the ledger names pieces of work. So that both agree to the cent:
- An approval pays the reward of the place. It is apportioned among the pieces that were done there, as many as the
  place was for; whoever did fewer because there was nothing more to do gets all of it.
- Everything else is a bonus at the declared reward a piece: further pieces, late ones, work on a place that was given
  back or ran out of time, entry tests; and top-ups and compensations.
Nothing is paid for a submission that the vendor has not listed, and nothing by itself where no work of ours is behind
it: a person decides about those. Nothing here rejects anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db.channels import BatchChannel, Posting
from backend.db.ledger import Account, LedgerEntry, Purpose, Work
from backend.db.payments import PaymentIntent, PaymentKind, PaymentState
from backend.db.raters import Rater
from backend.db.submissions import Submission
from backend.domain.channels import ChannelSettings
from backend.domain.money import Money
from backend.domain.pay import apportion
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, NotFound
from backend.services import budgets, channels, demand, intents, ledger, rewards, unpaid
from backend.services.handed import (
    LEFT,
    PAYABLE,
    Done,
    Handed,
    carrier,
    handed_in,
    is_over,
    on,
    pieces_of,
    reason_against,
    work_of,
)
from backend.services.ledger import Due, Piece

TOP_UPS = (Purpose.TOP_UP, Purpose.TOP_UP_FEE)


def pay_rater(session: Session, channel: BatchChannel, rater_id: int, *, now: datetime) -> None:
    """Owe one rater's work and intend its payments. Again, or twice at once, adds nothing.

    Conflict where the budget is too small; then nothing of it is owed.
    """
    budgets.locked(session, channel.batch_id)
    settings = channels.settings_of(channel)
    for one in handed_in(session, channel, rater_id):
        own = [each for each in work_of(session, channel.batch_id, rater_id) if one.covers(each.comparison_id)]
        if reason_against(settings, one, own) is None:
            approve(session, settings, one, own, now=now)
    handed = handed_in(session, channel, rater_id)
    owe_extras(session, channel, settings, handed, rater_id, now=now)
    intend_bonuses(session, channel, handed, rater_id, now=now)


def approve(session: Session, settings: ChannelSettings, one: Handed, own: Sequence[Done], *, now: datetime) -> None:
    """Owe the place's reward to its pieces of work, and intend the approval that pays it."""
    pieces = [each.piece for each in own[: pieces_of(settings, one.posting)]]
    reward = Money(one.posting.reward, one.posting.currency)
    owe(session, one.posting, pieces, reward, fee_of(session, settings, one.posting), now=now)
    intend(session, one, entries_of(session, one.row, pieces), PaymentKind.APPROVAL, "The reward of this work", now=now)


def fee_of(session: Session, settings: ChannelSettings, posting: Posting) -> Money:
    """The vendor's fee on the reward of one place."""
    masters = demand.for_masters(session, posting.batch_id)
    return settings.fees.on_reward(Money(posting.reward, posting.currency), places=posting.places, masters=masters)


def owe(
    session: Session, posting: Posting, pieces: Sequence[Piece], reward: Money, fee: Money, *, now: datetime
) -> None:
    """Owe a sum to pieces of work in equal parts, and the fee on it as well; out of the posting's reservation."""
    assert posting.reservation_id is not None
    parts = apportion(reward.minor, [1] * len(pieces))
    of_fee = apportion(fee.minor, parts)
    dues = [
        Due(piece, purpose, Money(minor, reward.currency))
        for piece, part, fee_part in zip(pieces, parts, of_fee, strict=True)
        for purpose, minor in ((Purpose.REWARD, part), (Purpose.REWARD_FEE, fee_part))
    ]
    ledger.owe(session, posting.reservation_id, dues, now=now)


def entries_of(session: Session, row: Submission, pieces: Sequence[Piece]) -> list[LedgerEntry]:
    """What is owed for these pieces of work and nobody has begun to pay."""
    names = {piece.name for piece in pieces}
    return [one for one in ledger.owed(session, row.batch_id, rater_id=row.rater_id) if named(one) in names]


def named(entry: LedgerEntry) -> str:
    """The name of the piece of work that an entry pays."""
    return Piece(
        Work(entry.work),
        entry.rater_id,
        entry.assignment_id,
        entry.check_assignment_id,
        entry.entry_test,
        entry.compensation_id,
    ).name


def intend(
    session: Session, one: Handed, entries: Sequence[LedgerEntry], kind: PaymentKind, reason: str, *, now: datetime
) -> None:
    """Intend a payment for a submission."""
    assert one.posting.vendor_id is not None
    intents.intend_payment(
        session,
        entries,
        kind=kind,
        posting_id=one.posting.vendor_id,
        submission_id=one.row.vendor_id,
        reason=reason,
        now=now,
    )


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
        owe(session, through.posting, pieces, sum_of, settings.fees.on_bonus(sum_of), now=now)
    for piece, exercises in unpaid.entry_tests(session, channel.batch_id, rater_id=rater_id):
        earned = rewards.of_test(rule, exercises)
        owe(session, through.posting, [piece], earned, settings.fees.on_bonus(earned), now=now)


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
    top_ups = [one for one in owed if one.purpose in TOP_UPS]
    others = [one for one in owed if one.purpose not in TOP_UPS]
    for entries, reason in ((others, "For further work"), (top_ups, "Up to the hourly pay that was promised")):
        amount = sum(one.amount for one in entries if one.purpose in (Purpose.REWARD, Purpose.TOP_UP))
        if amount and not was_refused(session, through, amount):
            intend(session, through, entries, PaymentKind.BONUS, reason, now=now)


def held_back(session: Session, handed: Sequence[Handed]) -> set[int]:
    """The ids of entries that a refused approval gave back, of submissions that still wait at the vendor."""
    stuck = [one for one in handed if one.approval == PaymentState.REFUSED and one.row.state not in LEFT]
    keys = [(one.posting.vendor_id, one.row.vendor_id) for one in stuck]
    if not keys:
        return set()
    of = or_(*((PaymentIntent.posting_id == there) & (PaymentIntent.submission_id == number) for there, number in keys))
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


def approve_by_hand(session: Session, submission_id: int, *, now: datetime) -> None:
    """A person says that a submission is to be paid its reward. Conflict where it is paid, or no work is behind it.

    For who did no work of ours that could be named, there are compensations.
    """
    row = session.get(Submission, submission_id)
    if row is None:
        raise NotFound(f"There is no submission {submission_id}.")
    channel = channels.by_id(session, session.get_one(Posting, row.posting_id).channel_id)
    budgets.locked(session, row.batch_id)
    settings = channels.settings_of(channel)
    one = next(each for each in handed_in(session, channel, row.rater_id) if each.row.id == submission_id)
    if one.approval not in (None, PaymentState.REFUSED) or one.is_rejected or row.state not in PAYABLE:
        raise Conflict(f"Submission {submission_id} is paid already, was rejected, or is not waiting at the vendor.")
    own = [each for each in work_of(session, row.batch_id, row.rater_id) if one.covers(each.comparison_id)]
    waits = held_back(session, [one])
    again = [entry for entry in ledger.owed(session, row.batch_id, rater_id=row.rater_id) if entry.id in waits]
    if again:
        intend(session, one, again, PaymentKind.APPROVAL, "The reward of this work", now=now)
    elif own:
        approve(session, settings, one, own, now=now)
    else:
        raise Conflict(
            f"There is no work of ours behind submission {submission_id} that its reward could pay. A compensation pays"
            " who could not work, with a reason."
        )
