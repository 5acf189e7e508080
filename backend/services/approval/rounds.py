"""One whole round of a channel: read, steer, publish, owe, pay, top up, compare. May be killed anywhere, or run twice.

Each step does what is missing and leaves the rest, so a round that was cut short is finished by the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.notices import Notices
from backend.crowd.protocol import Crowd, CrowdError, Payment
from backend.db.budgets import Reservation
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.session import Database
from backend.domain.channels import PAYS_ITSELF
from backend.domain.money import Money
from backend.errors import AppError
from backend.services.approval import approvals, handed, other_approvals, rejections
from backend.services.approval.approvals import Unmatched
from backend.services.crowd import notices, overdue, postings, publishing, steering, submissions
from backend.services.crowd.overdue import Unconfirmed
from backend.services.crowd.publishing import Door
from backend.services.crowd.steering import Wish
from backend.services.money import budgets, by_hand, demand, payments, top_ups
from backend.services.money.payments import Differences
from backend.services.studies import channels

log = structlog.get_logger()
Clock = Callable[[], datetime]
Step = Callable[[], None]


def silent() -> None:
    """Nobody wants to know how far a round is."""


@dataclass(slots=True)
class Kept:
    """What a round did, and what it leaves to a person.

    noted: payments to be made by hand. unconfirmed, unmatched: for a person to look at. is_over: the batch needs this
    channel no more. waits: somebody may still hand in. differences: between the ledger and the vendor's list, None
    where they were not compared.
    """

    published: int = 0
    extended: int = 0
    closed: int = 0
    read: int = 0
    paid: int = 0
    refused: int = 0
    noted: int = 0
    is_over: bool = False
    waits: bool = False
    ignored: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    unmatched: list[Unmatched] = field(default_factory=list)
    unconfirmed: list[Unconfirmed] = field(default_factory=list)
    differences: Differences | None = None


def keep(
    database: Database,
    crowd: Crowd,
    batch_id: int,
    channel: str,
    *,
    door: Door,
    clock: Clock,
    queue: Notices | None = None,
    compare: bool = True,
    step: Step = silent,
) -> Kept:
    """A whole round. queue: where the vendor puts its notices, if they are to be heard as well.

    compare: also read the vendor's list of payments. step: called after each posting and payment.
    """
    done = Kept()
    with database.reading() as session:
        row = channels.get(session, batch_id, channel)
        wanted = steering.wish_of(session, row)
    if channel not in PAYS_ITSELF:
        pay_by_hand(database, row, wanted, done, clock=clock)
        return done
    if queue is not None:
        done.troubles += notices.hear(database, queue, channel)
    read = submissions.sync(database, crowd, row.id, clock=clock, step=step)
    done.read = read.read
    done.troubles += read.troubles
    offer(database, crowd, row, done, door=door, clock=clock, step=step)
    if queue is not None:
        done.troubles += notices.watch(database, queue, row.id)
    pay(database, crowd, row, done, clock=clock, step=step)
    if compare:
        compare_payments(database, crowd, row, done)
    with database.reading() as session:
        done.is_over = steering.wish_of(session, row) == Wish.CLOSED
        done.waits = brings_more(session, row, now=clock())
        done.unmatched = approvals.unmatched(session, row)
        done.unconfirmed = overdue.unconfirmed(session, row.id, now=clock())
    log.info("channel.kept", batch=batch_id, channel=channel, published=done.published, paid=done.paid)
    return done


def offer(
    database: Database, crowd: Crowd, row: BatchChannel, done: Kept, *, door: Door, clock: Clock, step: Step = silent
) -> None:
    """Close and pause what has to be, then publish what is missing."""
    found = steering.Published()
    steering.steer(database, crowd, row.id, found, clock=clock)
    made = publishing.publish(database, crowd, row.id, door=door, clock=clock, step=step)
    done.published, done.extended, done.closed = len(made.published), len(made.extended), len(found.closed)
    done.ignored = sorted(made.ignored)
    done.troubles += [*found.troubles, *made.troubles]


def pay(database: Database, crowd: Crowd, row: BatchChannel, done: Kept, *, clock: Clock, step: Step = silent) -> None:
    """Owe what was handed in, tell of rejections, pay, and top up once the batch needs nobody more."""
    intend(database, row, done, clock=clock, step=step)
    done.troubles += rejections.tell(database, crowd, row.id, clock=clock)
    settle(database, crowd, row, done, clock=clock)
    try:
        with database.transaction() as session:
            topped_up = top_up(session, row, now=clock())
    except AppError as error:
        done.troubles.append(str(error))
        return
    if topped_up:
        intend(database, row, done, clock=clock, step=step)
        settle(database, crowd, row, done, clock=clock)


def intend(database: Database, row: BatchChannel, done: Kept, *, clock: Clock, step: Step) -> None:
    """Rater by rater, approvals before extras, each in a transaction: what is missing for one holds nobody else up."""
    with database.reading() as session:
        waiting = handed.waiting_raters(session, row)
    for rater_id in waiting:
        try:
            with database.transaction() as session:
                approvals.approve_rater(session, row, rater_id, now=clock())
            with database.transaction() as session:
                approvals.pay_extras(session, row, rater_id, now=clock())
        except AppError as error:
            done.troubles.append(str(error))
            continue
        step()
    book(database, row, done, clock=clock)


def book(database: Database, row: BatchChannel, done: Kept, *, clock: Clock) -> None:
    """Follow what the vendor has approved by itself."""
    with database.reading() as session:
        waiting = other_approvals.unbooked(session, row)
    for submission_id in waiting:
        try:
            with database.transaction() as session:
                other_approvals.book(session, row, submission_id, now=clock())
        except AppError as error:
            done.troubles.append(str(error))


def settle(database: Database, crowd: Crowd, row: BatchChannel, done: Kept, *, clock: Clock) -> None:
    """Ask the vendor for all payments that wait."""
    try:
        found = payments.settle(database, crowd, row.batch_id, channel=row.channel, clock=clock)
    except CrowdError as error:  # the vendor's list could not be read, before anything was asked again
        done.troubles.append(str(error))
        return
    done.paid += len(found.confirmed)
    done.refused += len(found.refused)
    if found.unknown:
        done.troubles.append(f"{row.channel} gave no answer to {len(found.unknown)} payments; the next round asks.")
    if found.stopped is not None:
        done.troubles.append(found.stopped)


def top_up(session: Session, row: BatchChannel, *, now: datetime) -> dict[int, Money]:
    """Once the batch needs nobody more and nobody is at work: give back what was set aside, and owe the top-ups."""
    if steering.wish_of(session, row) != Wish.CLOSED or brings_more(session, row, now=now):
        return {}
    settings = channels.settings_of(row)
    budgets.locked(session, row.batch_id)
    of_postings = select(Posting.reservation_id).where(Posting.channel_id == row.id)
    for number in session.scalars(
        select(Reservation.id).where(Reservation.id.in_(of_postings), Reservation.remaining > 0)
    ):
        budgets.release(session, number)
    rule = demand.rule_of(settings)
    aside = budgets.reserve(
        session, row.batch_id, amount=Money(0, rule.per_hour.currency), key=f"top-ups of channel {row.id}", now=now
    )
    return top_ups.top_up(session, aside.id, rule=rule, fees=settings.fees, now=now, channel=row.channel)


def brings_more(session: Session, row: BatchChannel, *, now: datetime) -> bool:
    """Whether anybody is at work on the channel, or can still be sent here."""
    offered = postings.in_state(session, row.id, PostingState.INTENDED, *postings.LIVE)
    return bool(offered) or overdue.at_work(session, row.id, now=now) > 0


def pay_by_hand(database: Database, row: BatchChannel, wanted: Wish, done: Kept, *, clock: Clock) -> None:
    """Set money aside while raters come, and note what a person has to pay once the batch needs nobody more."""
    done.is_over = wanted == Wish.CLOSED
    try:
        with database.transaction() as session:
            if wanted == Wish.CLOSED:
                done.noted = by_hand.note(session, row, now=clock())
            else:
                by_hand.set_aside(session, row, now=clock())
    except AppError as error:
        done.troubles.append(str(error))


def compare_payments(database: Database, crowd: Crowd, row: BatchChannel, done: Kept) -> None:
    """The vendor's whole list of payments against the ledger."""
    try:
        done.differences = reconcile(database, crowd, row)
    except CrowdError as error:
        done.troubles.append(str(error))


def reconcile(database: Database, crowd: Crowd, row: BatchChannel) -> Differences:
    """Where the ledger and the vendor's list differ, over every posting of the channel. Raises a CrowdError."""
    with database.reading() as session:
        ids = session.scalars(select(Posting.vendor_id).where(Posting.channel_id == row.id).order_by(Posting.id))
        known = [vendor_id for vendor_id in ids if vendor_id is not None]
    listed: list[Payment] = [payment for vendor_id in known for payment in crowd.payments(vendor_id)]
    with database.reading() as session:
        return payments.reconcile(session, row.batch_id, listed, channel=row.channel)
