"""Seats and who sits on them: the claim that gives a rater the next comparison. Knows no page.

The claim is one statement. The schema decides who sits where; this only asks for a good place: among comparisons
already begun first, on the side that keeps the rater's own sides in balance.
"""

from datetime import datetime, timedelta
from typing import Any  # what a statement selects

from sqlalchemy import Insert, Select, Update, bindparam, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.base import constant, table
from backend.db.comparisons import Comparison, Seat
from backend.services.rating.visitors import Visitor

HELD = constant(AssignmentState.HELD)
LAPSES_AT_ONCE = 50
ASSIGNMENTS, SEATS, COMPARISONS = table(Assignment).c, table(Seat).c, table(Comparison).c


def open_seat(*, one_side: bool) -> Select[Any]:
    """The best open seat for a rater: begun comparisons first, then launch order. Never a prompt met before.

    The comparison's row is locked before its seats are touched: two raters who open the same comparison at the same
    moment would otherwise wait for each other's seats for ever. The prompts met are one list, not a question for each
    seat: a rater far ahead of the others passes all the comparisons that they have begun, and with statistics of before
    the launch PostgreSQL then reads the whole list anew at each of them.
    """
    own = table(Assignment).alias("own").c
    met = select(own.prompt_id).where(own.batch_id == bindparam("batch"), own.rater_id == bindparam("rater"))
    chosen = select(
        SEATS.batch_id,
        bindparam("rater", type_=ASSIGNMENTS.rater_id.type),
        SEATS.prompt_id,
        SEATS.comparison_id,
        SEATS.seat,
        HELD,
        bindparam("now", type_=ASSIGNMENTS.claimed_at.type),
        bindparam("until", type_=ASSIGNMENTS.claimed_at.type),
    ).select_from(table(Seat).join(table(Comparison), COMPARISONS.id == SEATS.comparison_id))
    chosen = chosen.where(SEATS.batch_id == bindparam("batch"), text("seats.is_open"), SEATS.prompt_id.not_in(met))
    if one_side:
        chosen = chosen.where(SEATS.flipped == bindparam("side"))
    return (
        chosen.order_by(SEATS.started.desc(), SEATS.position, SEATS.seat)
        .limit(1)
        .with_for_update(of=[table(Comparison), table(Seat)], skip_locked=True)
    )


COLUMNS = ["batch_id", "rater_id", "prompt_id", "comparison_id", "seat", "state", "claimed_at", "lease_expires_at"]


def claiming(*, one_side: bool) -> dict[str, Insert]:
    """The claim in each database's words; nothing is inserted where the rater holds a seat already."""
    chosen = open_seat(one_side=one_side)
    return {
        name: insert(table(Assignment))
        .from_select(COLUMNS, chosen, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(ASSIGNMENTS.id)
        for name, insert in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
    }


CLAIM, CLAIM_ONE_SIDE = claiming(one_side=False), claiming(one_side=True)
LAPSE: Update = (
    update(table(Assignment))
    .where(
        ASSIGNMENTS.id.in_(
            select(ASSIGNMENTS.id)
            .where(
                ASSIGNMENTS.batch_id == bindparam("batch"),
                ASSIGNMENTS.state == HELD,
                ASSIGNMENTS.lease_expires_at <= bindparam("now"),
                ASSIGNMENTS.rater_id != bindparam("rater"),
            )
            .limit(LAPSES_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
    )
    .values(state=constant(AssignmentState.LAPSED))
)


def claim(session: Session, who: Visitor, *, now: datetime) -> int | None:
    """The assignment that this rater holds from now on, or None when there is no seat for them.

    A rater who holds a seat keeps it, with a fresh lease: reloading or pressing twice never takes a second one.
    """
    lease = {"now": now, "until": now + timedelta(seconds=who.lease_seconds)}
    if who.held is not None:
        return renew(session, who.held, **lease)
    if not who.may_claim:
        return None
    place = {"batch": who.batch_id, "rater": who.rater_id, **lease}
    if who.next_lapse is not None and who.next_lapse <= now:
        session.execute(LAPSE, place)
    return sit(session, place, side=None if who.balance == 0 else who.balance < 0)


def sit(session: Session, place: dict[str, object], *, side: bool | None) -> int | None:
    """Take the best open seat, on the side that balances this rater's own where there is one."""
    name = dialect(session)
    taken: int | None = None
    if side is not None:
        taken = session.execute(CLAIM_ONE_SIDE[name], {**place, "side": side}).scalar()
    if taken is None:
        taken = session.execute(CLAIM[name], place).scalar()
    return taken or held_by(session, place)


def held_by(session: Session, place: dict[str, object]) -> int | None:
    """The seat that this rater took meanwhile in another tab, if any."""
    return session.execute(
        select(Assignment.id).where(
            Assignment.batch_id == place["batch"],
            Assignment.rater_id == place["rater"],
            Assignment.state == AssignmentState.HELD,
        )
    ).scalar()


def may_come_back(session: Session, who: Visitor) -> bool:
    """Whether this rater, who got no seat, may get one later: one is open, somebody else may leave theirs, or one that
    a vendor holds may come back from it."""
    own, place = table(Assignment).alias("own").c, {"batch": who.batch_id, "rater": who.rater_id}
    mine = (own.batch_id == bindparam("batch")) & (own.rater_id == bindparam("rater"))
    opened = exists().where(
        SEATS.batch_id == bindparam("batch"),
        text("seats.is_open"),
        ~exists().where(mine, own.prompt_id == SEATS.prompt_id),
    )
    held = exists().where(
        ASSIGNMENTS.batch_id == bindparam("batch"),
        ASSIGNMENTS.state == HELD,
        ~exists().where(mine, own.prompt_id == ASSIGNMENTS.prompt_id),
    )
    bound = exists().where(
        SEATS.batch_id == bindparam("batch"),
        text("seats.posting_id IS NOT NULL"),
        COMPARISONS.id == SEATS.comparison_id,
        ~COMPARISONS.unjudgeable,
        ~exists().where(mine, own.prompt_id == SEATS.prompt_id),
        ~exists().where(
            ASSIGNMENTS.comparison_id == SEATS.comparison_id,
            ASSIGNMENTS.seat == SEATS.seat,
            ASSIGNMENTS.state == text(f"'{AssignmentState.RATED}'"),
        ),
    )
    return bool(session.execute(select(opened | held | bound), place).scalar_one())


def renew(session: Session, assignment_id: int, *, now: datetime, until: datetime) -> int | None:
    """Prolong a lease that is still held; None when it lapsed at this very moment."""
    return session.execute(
        update(Assignment)
        .where(Assignment.id == assignment_id, Assignment.state == AssignmentState.HELD)
        .values(lease_expires_at=until)
        .returning(Assignment.id)
        .execution_options(synchronize_session=False)
    ).scalar()


def dialect(session: Session) -> str:
    """Which database this is: "sqlite" or "postgresql"."""
    return session.get_bind().dialect.name
