"""Work for which nothing was ever owed, and why, so that a person can mend it. Changes nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import case, func, select, union_all
from sqlalchemy.orm import Session

from backend.db.budgets import Budget
from backend.db.raters import Channel, Rater
from backend.db.submissions import Rejection, Submission
from backend.domain.submissions import SubmissionState
from backend.services.money import unowed

BY_VENDOR = (Channel.PROLIFIC, Channel.MTURK)


class Why(StrEnum):
    """Why nothing is owed for some work.

    waits: for the next round of payments. no_money: what is free and reserved pays for no piece of it. unlisted: the
    vendor has not said that it was handed in. rejected: a person refused it.
    """

    WAITS = "waits"
    NO_MONEY = "no_money"
    UNLISTED = "unlisted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Unowed:
    """So many pieces of work of so many raters of one channel for which nothing is owed."""

    channel: str
    why: Why
    pieces: int
    raters: int


def of_batch(session: Session, batch_id: int, *, channels: Collection[str]) -> list[Unowed]:
    """What is unpaid on the channels that pay from here, those that need a hand first."""
    work = union_all(unowed.seats(batch_id).order_by(None), unowed.checks(batch_id).order_by(None)).subquery()
    mine = (Submission.batch_id == batch_id) & (Submission.rater_id == Rater.id)
    handed_in = Submission.confirmed_at.is_not(None) & (Submission.state != SubmissionState.ACTIVE)
    refused = select(Rejection.submission_id).join(Submission, Submission.id == Rejection.submission_id)
    is_listed = Rater.channel.not_in(BY_VENDOR) | select(Submission.id).where(mine, handed_in).exists()
    why = case(
        (refused.where(mine).exists(), Why.REJECTED.value),
        (~is_listed, Why.UNLISTED.value),
        else_=Why.WAITS.value,
    )
    rows = session.execute(
        select(Rater.channel, why, func.count(), func.count(Rater.id.distinct()))
        .select_from(work)
        .join(Rater, Rater.id == work.c.rater_id)
        .where(Rater.channel.in_(channels))
        .group_by(Rater.channel, why)
    )
    waits = Why.WAITS if has_money(session, batch_id) else Why.NO_MONEY
    found = [
        Unowed(channel, waits if reason == Why.WAITS else Why(reason), pieces, raters)
        for channel, reason, pieces, raters in rows
    ]
    return sorted(found, key=lambda one: (list(Why).index(one.why), one.channel))


def has_money(session: Session, batch_id: int) -> bool:
    """Whether anything of the budget is left for work that was done."""
    budget = session.get(Budget, batch_id, populate_existing=True)
    return budget is not None and budget.allowed > budget.spent


def count(session: Session, batch_id: int) -> int:
    """How many pieces of work nothing is owed for, on any channel."""
    return sum(
        session.scalar(select(func.count()).select_from(work.order_by(None).subquery())) or 0
        for work in (unowed.seats(batch_id), unowed.checks(batch_id))
    )
