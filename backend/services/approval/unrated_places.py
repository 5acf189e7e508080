"""A place's reward where no rating of ours is behind the submission: what pays it then, to the cent.

The vendor pays the whole reward when such a submission is approved. It goes to entry tests of its rater that nobody has
begun to pay, as far as they earned it, and the rest is a compensation. What a test earned beyond the reward tops it up,
by a bonus.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from backend.db.ledger import FEES, LedgerEntry, Purpose, Work
from backend.db.payments import PaymentKind
from backend.domain.channels import ChannelSettings
from backend.domain.money import Money
from backend.domain.pay import apportion
from backend.services.approval import place_rewards
from backend.services.approval.handed import Handed
from backend.services.money import demand, earnings, ledger, unowed
from backend.services.money.ledger import Due, Piece


@dataclass(frozen=True, slots=True)
class Part:
    """How much of an entry test the reward pays, and how much of it is left for a bonus; in minor units."""

    test: Piece
    paid: int
    left: int


def parts_of(session: Session, settings: ChannelSettings, one: Handed, reward: int) -> list[Part]:
    """The rater's entry tests for which nothing is owed, as far as so much of a reward pays them, oldest first."""
    rule, found = demand.rule_of(settings), list[Part]()
    for piece, exercises in unowed.entry_tests(session, one.row.batch_id, rater_id=one.row.rater_id):
        earned = earnings.of_test(rule, exercises).minor
        paid = min(earned, reward)
        if paid:
            found.append(Part(piece, paid, earned - paid))
            reward -= paid
    return found


def approve_test(session: Session, settings: ChannelSettings, one: Handed, *, now: datetime) -> None:
    """Approve who handed in a place for one comparison after an entry test alone; nothing where there was no test.

    A vendor approves by itself what nobody judges: were the test paid by a bonus, it would be paid twice.
    """
    parts = parts_of(session, settings, one, one.posting.reward)
    if one.posting.comparison_id is not None and sum(part.paid for part in parts) == one.posting.reward:
        approve(session, settings, one, reason="", key="", now=now)


def approve(session: Session, settings: ChannelSettings, one: Handed, *, reason: str, key: str, now: datetime) -> None:
    """Owe the reward of a place on which nothing was rated, and intend the approval that pays it.

    reason, key: of the compensation, where no entry test earned all of it. Conflict where the budget is too small.
    """
    row, posting = one.row, one.posting
    entries = owed_tests(session, settings, one)
    left = posting.reward - sum(entry.amount for entry in entries if entry.purpose not in FEES)
    fee = place_rewards.fee_of(session, settings, posting).minor - sum(
        one.amount for one in entries if one.purpose in FEES
    )
    parts = parts_of(session, settings, one, left)
    beyond = left - sum(part.paid for part in parts)
    *fees, last = apportion(fee, [*(part.paid for part in parts), beyond])
    owe_tests(session, settings, one, parts, fees, now=now)
    pieces = [part.test for part in parts]
    if beyond:
        made = ledger.compensate(
            session,
            row.batch_id,
            rater_id=row.rater_id,
            amount=Money(beyond, posting.currency),
            fee=Money(last, posting.currency),
            reason=reason,
            key=key,
            now=now,
        )
        pieces.append(Piece(Work.COMPENSATION, row.rater_id, compensation_id=made.id))
    found = place_rewards.entries_of(session, row, pieces)
    entries += [entry for entry in found if entry.purpose in (Purpose.REWARD, Purpose.REWARD_FEE)]
    place_rewards.intend(session, one, entries, PaymentKind.APPROVAL, place_rewards.WORDS, now=now)


def owed_tests(session: Session, settings: ChannelSettings, one: Handed) -> list[LedgerEntry]:
    """What is owed for entry tests and nobody pays, such as after a refused bonus; none of it where the place's reward
    and fee could not pay it exactly."""
    owed = ledger.owed(session, one.row.batch_id, rater_id=one.row.rater_id)
    found = [entry for entry in owed if entry.work == Work.ENTRY_TEST]
    earned = sum(entry.amount for entry in found if entry.purpose not in FEES)
    taken = sum(entry.amount for entry in found if entry.purpose in FEES)
    reward, fee = one.posting.reward, place_rewards.fee_of(session, settings, one.posting).minor
    fits = (earned < reward and taken <= fee) or (earned, taken) == (reward, fee)
    return found if fits else []


def owe_tests(
    session: Session,
    settings: ChannelSettings,
    one: Handed,
    parts: Sequence[Part],
    fees: Sequence[int],
    *,
    now: datetime,
) -> None:
    """Owe entry tests: what the approval pays with its part of the fee, and the rest as a bonus does."""
    assert one.posting.reservation_id is not None
    currency, dues = one.posting.currency, list[Due]()
    for part, fee in zip(parts, fees, strict=True):
        rest = Money(part.left, currency)
        dues += [
            Due(part.test, Purpose.REWARD, Money(part.paid, currency)),
            Due(part.test, Purpose.REWARD_FEE, Money(fee, currency)),
            Due(part.test, Purpose.TOP_UP, rest),
            Due(part.test, Purpose.TOP_UP_FEE, settings.fees.on_bonus(rest)),
        ]
    ledger.owe(session, one.posting.reservation_id, dues, now=now)
