"""The reward of a place: owed to the work that was done on it, in equal parts, and intended as its approval."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from backend.db.channels import Posting
from backend.db.ledger import LedgerEntry, Purpose, Work
from backend.db.payments import PaymentKind
from backend.db.submissions import Submission
from backend.domain.channels import ChannelSettings
from backend.domain.money import Money
from backend.domain.pay import apportion
from backend.services.approval.handed import Done, Handed, pieces_of
from backend.services.money import demand, intents, ledger
from backend.services.money.ledger import Due, Piece

WORDS = "The reward of this work"


def approve(session: Session, settings: ChannelSettings, one: Handed, own: Sequence[Done], *, now: datetime) -> None:
    """Owe the place's reward to its pieces of work, and intend the approval that pays it."""
    pieces = [each.piece for each in own[: pieces_of(settings, one.posting)]]
    reward = Money(one.posting.reward, one.posting.currency)
    owe(session, one.posting, pieces, reward, fee_of(session, settings, one.posting), now=now)
    intend(session, one, entries_of(session, one.row, pieces), PaymentKind.APPROVAL, WORDS, now=now)


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
