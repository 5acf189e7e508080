"""What raters earned for their time: hourly pay as it came out, and the top-up to the target. Knows no vendor.

Only work that is timed counts: comparisons and checks for which a reward is owed. Entry tests and compensations are
paid as such, and neither raise nor lower anybody's hourly pay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np
from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from backend.db.checks import CheckAnswer
from backend.db.ledger import Account, LedgerEntry, Purpose, Work
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.domain.money import Money
from backend.domain.pay import Fees, PayRule, RaterPay, apportion, realised
from backend.services.money import budgets, ledger
from backend.services.money.ledger import Due, Piece

TIMED = (Work.RATING, Work.LATE_RATING, Work.CHECK, Work.SKIP)


@dataclass(frozen=True, slots=True)
class PaidPiece:
    """A timed piece of work, its time (None where unknown), and what it earned so far, top-ups included."""

    piece: Piece
    active_ms: int | None
    earned: int
    topped_up: bool


def of_timed_work(batch_id: int) -> ColumnElement[bool]:
    """Whether an entry says that timed work of this batch earned something: the first of its money's way."""
    return and_(
        LedgerEntry.batch_id == batch_id,
        LedgerEntry.from_account == Account.RESERVED,
        LedgerEntry.purpose.in_((Purpose.REWARD, Purpose.TOP_UP)),
        LedgerEntry.work.in_(TIMED),
    )


def paid_pieces(session: Session, batch_id: int, *, channel: str | None = None) -> list[PaidPiece]:
    """Every timed piece of work of a batch (of one channel) for which a reward is owed or was paid, by rater."""
    of_top_up = LedgerEntry.purpose == Purpose.TOP_UP
    on_channel = true() if channel is None else Rater.channel == channel
    rows = session.execute(
        select(
            LedgerEntry.work,
            LedgerEntry.rater_id,
            LedgerEntry.assignment_id,
            LedgerEntry.check_assignment_id,
            func.coalesce(Rating.active_ms, CheckAnswer.active_ms).label("active_ms"),
            func.sum(LedgerEntry.amount).label("earned"),
            func.max(case((of_top_up, 1), else_=0)).label("topped_up"),
        )
        .join(Rater, Rater.id == LedgerEntry.rater_id)
        .outerjoin(Rating, Rating.assignment_id == LedgerEntry.assignment_id)
        .outerjoin(CheckAnswer, CheckAnswer.assignment_id == LedgerEntry.check_assignment_id)
        .where(of_timed_work(batch_id), on_channel)
        .group_by(
            LedgerEntry.rater_id,
            LedgerEntry.work,
            LedgerEntry.assignment_id,
            LedgerEntry.check_assignment_id,
            Rating.active_ms,
            CheckAnswer.active_ms,
        )
        .order_by(LedgerEntry.rater_id, LedgerEntry.assignment_id, LedgerEntry.check_assignment_id)
    )
    return [
        PaidPiece(
            Piece(Work(one.work), one.rater_id, one.assignment_id, one.check_assignment_id),
            one.active_ms,
            int(one.earned),
            bool(one.topped_up),
        )
        for one in rows
    ]


def hourly(session: Session, batch_id: int, rule: PayRule) -> RaterPay:
    """Each rater's hourly pay as it came out so far."""
    found = paid_pieces(session, batch_id)
    return realised(
        np.array([one.piece.rater_id for one in found], dtype=np.int64),
        np.array([-1 if one.active_ms is None else one.active_ms for one in found], dtype=np.int64),
        np.array([one.earned for one in found], dtype=np.int64),
        median_ms=rule.median_ms,
    )


def top_up(
    session: Session, reservation_id: int, *, rule: PayRule, fees: Fees, now: datetime, channel: str | None = None
) -> dict[int, Money]:
    """Owe every rater of the reservation's batch what is missing to the target; by rater, of those who miss something.

    With a channel, its raters alone: each channel of a batch has its own target and fees.

    The declared rule, applied to all: nobody asks for it and nobody decides it. Doing it again adds nothing, unless
    there is more work since. The vendor's fee on one bonus a rater is owed with it.
    """
    batch_id = budgets.reserved(session, reservation_id).batch_id
    made: dict[int, Money] = {}
    dues: list[Due] = []
    for rater, pieces in groupby(paid_pieces(session, batch_id, channel=channel), key=lambda one: one.piece.rater_id):
        own = list(pieces)
        missing = rule.top_up(
            counted_ms=sum(rule.counted(one.active_ms) for one in own),
            earned=Money(sum(one.earned for one in own), rule.per_hour.currency),
        )
        if missing.minor:
            made[rater] = missing
            dues += shared(own, missing, rule, fees)
    ledger.owe(session, reservation_id, dues, now=now)
    return made


def shared(own: Sequence[PaidPiece], missing: Money, rule: PayRule, fees: Fees) -> list[Due]:
    """A top-up and its fee over the pieces of work that had none yet, by their counted time; to the cent."""
    pieces = [one for one in own if not one.topped_up]
    parts = apportion(missing.minor, [rule.counted(one.active_ms) for one in pieces])
    of_fee = apportion(fees.on_bonus(missing).minor, parts)
    return [
        Due(one.piece, purpose, Money(minor, missing.currency))
        for one, part, fee in zip(pieces, parts, of_fee, strict=True)
        for purpose, minor in ((Purpose.TOP_UP, part), (Purpose.TOP_UP_FEE, fee))
    ]
