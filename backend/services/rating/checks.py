"""Raters at checks: when they get one, what they see, what they answer. A check looks like any comparison.

A batch that declares no checks pays for none of this: its settings, which every visit reads anyway, say so.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import SkipReason
from backend.db.checks import Check, CheckAnswer, CheckAssignment, CheckState
from backend.db.raters import Link
from backend.domain.checks import CheckKind, Had, drawn, due
from backend.errors import Conflict, NotFound
from backend.services.rating import assignments, ratings, repeats, tasks, visitors
from backend.services.rating.ratings import Receipt, Vote
from backend.services.rating.repeats import Chosen
from backend.services.rating.tasks import Task
from backend.services.rating.visitors import Visitor

GIVEN_UP = (CheckState.LAPSED, CheckState.RETURNED)


def visitor(session: Session, *, link_id: int, alone: bool = False) -> Visitor:
    """Who came through this link and how far they are, checks among it. Raises as `visitors.visitor` does.

    alone: where there are checks, first wait for this rater's other requests. Otherwise two tabs could be given a seat
    and a check at the same moment: triggers can't see what another transaction is about to store.
    """
    who = visitors.visitor(session, link_id=link_id)
    if not who.settings.checks.any:
        return who
    if alone and assignments.dialect(session) == "postgresql":
        session.execute(select(Link.id).where(Link.id == link_id).with_for_update())
        who = visitors.visitor(session, link_id=link_id)
    return with_checks(session, who)


def with_checks(session: Session, who: Visitor) -> Visitor:
    """The visitor with the checks that they were given; the answered ones are judged as any comparison is."""
    rows = session.execute(
        select(CheckAssignment.id, CheckAssignment.kind, CheckAssignment.after, CheckAssignment.state).where(
            CheckAssignment.batch_id == who.batch_id, CheckAssignment.rater_id == who.rater_id
        )
    ).all()
    checked = sum(row.state == CheckState.ANSWERED for row in rows)
    return replace(
        who,
        judged=who.judged + checked,
        checked=checked,
        held_check=next((row.id for row in rows if row.state == CheckState.HELD), None),
        checks=tuple(Had(CheckKind(row.kind), row.after, counts=row.state not in GIVEN_UP) for row in rows),
    )


def claim(session: Session, who: Visitor, *, now: datetime) -> int | None:
    """The check that this rater is at from now on, or None when none is due; a seat they hold comes first.

    A rater who is at a check stays at it, with a fresh lease: reloading or pressing twice never gives another one.
    """
    until = now + timedelta(seconds=who.lease_seconds)
    if who.held is not None:
        return None
    if who.held_check is not None:
        return renew(session, who.held_check, until=until)
    if not who.may_claim:
        return None
    lapse(session, who, now=now)
    for kind in due(who.settings.checks, judged=who.compared, had=who.checks, seed=who.seed, rater=who.rater_id):
        chosen = repeats.own_comparison(session, who) if kind == CheckKind.REPEAT else next_written(session, who, kind)
        if chosen is not None:
            return sit(session, who, kind, chosen, now=now, until=until)
    return None


def renew(session: Session, number: int, *, until: datetime) -> int | None:
    """Prolong a lease that is still held."""
    return session.execute(
        update(CheckAssignment)
        .where(CheckAssignment.id == number, CheckAssignment.state == CheckState.HELD)
        .values(lease_expires_at=until)
        .returning(CheckAssignment.id)
        .execution_options(synchronize_session=False)
    ).scalar()


def lapse(session: Session, who: Visitor, *, now: datetime) -> None:
    """Other raters' checks whose lease has run out are no longer held; an answer that comes all the same is kept."""
    session.execute(
        update(CheckAssignment)
        .where(
            CheckAssignment.batch_id == who.batch_id,
            CheckAssignment.rater_id != who.rater_id,
            CheckAssignment.state == CheckState.HELD,
            CheckAssignment.lease_expires_at <= now,
        )
        .values(state=CheckState.LAPSED)
        .execution_options(synchronize_session=False)
    )


def next_written(session: Session, who: Visitor, kind: CheckKind) -> Chosen | None:
    """The next gold or attention check for this rater, from a start of their own on; None when they had them all."""
    there = select(func.count()).where(Check.batch_id == who.batch_id, Check.kind == kind)
    count = session.execute(there).scalar_one()
    met = sum(one.kind == kind for one in who.checks)
    if met >= count:
        return None
    position = (int(drawn(who.seed, who.rater_id, kind, "start") * count) + met) % count
    return Chosen(
        session.execute(
            select(Check.id).where(Check.batch_id == who.batch_id, Check.kind == kind, Check.position == position)
        ).scalar_one()
    )


def sit(session: Session, who: Visitor, kind: CheckKind, chosen: Chosen, *, now: datetime, until: datetime) -> int:
    """Store that this rater is at this check; the new row's id."""
    row = {
        "batch_id": who.batch_id,
        "rater_id": who.rater_id,
        "check_id": chosen.check_id,
        "kind": kind,
        "after": who.compared,
        "original_id": chosen.original_id,
        "state": CheckState.HELD,
        "claimed_at": now,
        "lease_expires_at": until,
    }
    return session.execute(insert(CheckAssignment).values(row).returning(CheckAssignment.id)).scalar_one()


def task(session: Session, number: int) -> Task:
    """What a rater at this check is to compare; of a repeat the original with its sides reversed."""
    row = session.execute(
        select(CheckAssignment.original_id, Check.dialogue, Check.first, Check.second)
        .join(Check, Check.id == CheckAssignment.check_id)
        .where(CheckAssignment.id == number)
    ).one()
    if row.original_id is None:
        return Task(number, row.dialogue, row.first, row.second, is_check=True)
    original = tasks.task(session, row.original_id)
    return Task(number, original.dialogue, original.second, original.first, is_check=True)


def submit(session: Session, *, rater_id: int, assignment_id: int, vote: Vote, now: datetime) -> Receipt:
    """Store this answer, once; raises as `ratings.submit` does. No seat is lost meanwhile, so none is ever late."""
    answered = session.execute(
        update(CheckAssignment)
        .where(
            CheckAssignment.id == assignment_id,
            CheckAssignment.rater_id == rater_id,
            CheckAssignment.state.in_([CheckState.HELD, CheckState.LAPSED]),
        )
        .values(state=CheckState.ANSWERED)
        .returning(CheckAssignment.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    if answered is None:
        return earlier_receipt(session, rater_id, assignment_id)
    number = ratings.receipt_number()
    session.execute(
        insert(CheckAnswer),
        {
            "assignment_id": assignment_id,
            "rater_id": rater_id,
            "state": CheckState.ANSWERED,
            "choice": vote.choice,
            "comment": ratings.comment_of(vote),
            "active_ms": vote.active_ms,
            "receipt": number,
            "answered_at": now,
        },
    )
    return Receipt(number, vote.choice, late=False, again=False)


def earlier_receipt(session: Session, rater_id: int, number: int) -> Receipt:
    """The receipt that was given when this check was answered; NotFound or Conflict, in words as for any comparison."""
    row = session.execute(
        select(CheckAssignment.state, CheckAnswer.receipt, CheckAnswer.choice)
        .outerjoin(CheckAnswer, CheckAnswer.assignment_id == CheckAssignment.id)
        .where(CheckAssignment.id == number, CheckAssignment.rater_id == rater_id)
    ).one_or_none()
    if row is None:
        raise NotFound(ratings.NOT_YOURS)
    if row.state != CheckState.ANSWERED:
        raise Conflict(ratings.GIVEN_BACK)
    return Receipt(row.receipt, row.choice, late=False, again=True)


def skip(session: Session, *, rater_id: int, assignment_id: int, reason: SkipReason) -> None:
    """The rater can't judge this check: it is recorded and held against nobody."""
    ratings.skip(session, rater_id=rater_id, assignment_id=assignment_id, reason=reason, of=CheckAssignment)
