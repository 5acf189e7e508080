"""Seats and who sits on them: the claim that gives a rater the next comparison. Knows no page.

The claim is one statement. The schema decides who sits where; this only asks for a good place: among comparisons
already begun first, on the side that keeps the rater's own sides in balance.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any  # a dialogue is JSON as the domain wrote it

from sqlalchemy import (
    Insert,
    Integer,
    Select,
    Text,
    Update,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.base import constant, table
from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import Output
from backend.db.raters import Link
from backend.db.studies import Prompt, StudyVersion
from backend.domain.checks import Had
from backend.domain.settings import StudySettings, from_json
from backend.errors import Forbidden, NotFound

HELD = constant(AssignmentState.HELD)
JUDGED = (constant(AssignmentState.RATED), constant(AssignmentState.LATE))
LAPSES_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Visitor:
    """A rater who came through a personal link, and how far they are in its batch.

    balance: (own comparisons with the candidate second) - (with it first). A withdrawn rater gets no further seat.
    next_lapse: when the first lease of another rater in the batch ends; None while nobody else holds a seat.
    judged: everything, the checks among it: a rater can't tell them from comparisons. met: prompts they were given.
    checked: answered checks; held_check: the one they are at; checks: all they were given. Read by
    backend.services.rating.checks where a batch has any.
    """

    rater_id: int
    batch_id: int
    batch_state: str
    lease_seconds: int
    session_size: int
    rater_cap: int | None
    seed: int
    settings: StudySettings
    judged: int
    balance: int
    held: int | None
    next_lapse: datetime | None
    withdrawn: bool
    met: int = 0
    checked: int = 0
    held_check: int | None = None
    checks: tuple[Had, ...] = ()

    @property
    def compared(self) -> int:
        """How many comparisons this rater has judged, checks not among them."""
        return self.judged - self.checked

    @property
    def is_at_work(self) -> bool:
        """Whether a comparison, or a check that looks like one, lies before this rater."""
        return self.held is not None or self.held_check is not None

    @property
    def may_claim(self) -> bool:
        """Whether this rater can be given another comparison now."""
        return self.batch_state == BatchState.OPEN and not self.withdrawn and not self.has_reached_cap

    @property
    def has_reached_cap(self) -> bool:
        """Whether this rater has judged as many comparisons as one rater may."""
        return self.rater_cap is not None and self.judged >= self.rater_cap

    @property
    def has_ended_session(self) -> bool:
        """Whether this rater stands exactly between two sessions."""
        return self.judged > 0 and self.judged % self.session_size == 0


@dataclass(frozen=True, slots=True)
class Task:
    """What a rater sees of the comparison they hold: a dialogue and two texts, and nothing of who wrote them."""

    assignment_id: int
    dialogue: Sequence[dict[str, Any]]
    first: str
    second: str
    is_check: bool = False


ASSIGNMENTS, SEATS, COMPARISONS = table(Assignment).c, table(Seat).c, table(Comparison).c
BATCHES, LINKS, VERSIONS = table(Batch).c, table(Link).c, table(StudyVersion).c
ZERO, ONE = literal_column("0", Integer), literal_column("1", Integer)

side = case(
    (ASSIGNMENTS.state.not_in((*JUDGED, HELD)), ZERO),
    (SEATS.flipped.is_(True), ONE),
    (SEATS.flipped.is_(False), -ONE),
    else_=ZERO,
)
came = table(Link).alias("came")
OWN = (
    select(
        func.count(case((ASSIGNMENTS.state.in_(JUDGED), ONE))).label("judged"),
        func.count(ASSIGNMENTS.id).label("met"),
        func.max(case((ASSIGNMENTS.state == HELD, ASSIGNMENTS.id))).label("held"),
        func.coalesce(func.sum(side), ZERO).label("balance"),
    )
    .select_from(
        came.join(
            table(Assignment),
            (ASSIGNMENTS.batch_id == came.c.batch_id) & (ASSIGNMENTS.rater_id == came.c.rater_id),
        ).join(table(Seat), (SEATS.comparison_id == ASSIGNMENTS.comparison_id) & (SEATS.seat == ASSIGNMENTS.seat))
    )
    .where(came.c.id == bindparam("link"))
    .subquery("own")
)
other = table(Assignment).alias("other")
NEXT_LAPSE = (
    select(func.min(other.c.lease_expires_at))
    .where(other.c.batch_id == LINKS.batch_id, other.c.state == HELD, other.c.rater_id != LINKS.rater_id)
    .scalar_subquery()
)
VISITOR = (
    select(
        LINKS.rater_id,
        LINKS.revoked_at,
        LINKS.withdrawn_at,
        BATCHES.id.label("batch_id"),
        BATCHES.state,
        BATCHES.lease_seconds,
        BATCHES.session_size,
        BATCHES.rater_cap,
        BATCHES.seed,
        cast(VERSIONS.settings, Text).label("settings"),
        OWN.c.judged,
        OWN.c.met,
        OWN.c.held,
        OWN.c.balance,
        NEXT_LAPSE.label("next_lapse"),
    )
    .select_from(
        table(Link)
        .join(table(Batch), BATCHES.id == LINKS.batch_id)
        .join(table(StudyVersion), VERSIONS.id == BATCHES.version_id)
        .join(OWN, true())
    )
    .where(LINKS.id == bindparam("link"))
)


@lru_cache(maxsize=100)
def settings_in(stored: str) -> StudySettings:
    """Settings from their JSON. The same text is always the same settings, so what is kept can't be out of date."""
    return from_json(json.loads(stored))


def visitor(session: Session, *, link_id: int) -> Visitor:
    """Who came through this personal link. NotFound without one, Forbidden once it was revoked."""
    found = session.execute(VISITOR, {"link": link_id}).one_or_none()
    if found is None or found.rater_id is None:
        raise NotFound("This link leads nowhere. Please ask whoever sent it to you for a new one.")
    if found.revoked_at is not None:
        raise Forbidden("This link was closed by the researcher. What you rated before is kept and counts.")
    return Visitor(
        rater_id=found.rater_id,
        batch_id=found.batch_id,
        batch_state=found.state,
        lease_seconds=found.lease_seconds,
        session_size=found.session_size,
        rater_cap=found.rater_cap,
        seed=found.seed,
        settings=settings_in(found.settings),
        judged=found.judged,
        met=found.met,
        balance=found.balance,
        held=found.held,
        next_lapse=found.next_lapse,
        withdrawn=found.withdrawn_at is not None,
    )


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


PROMPTS = table(Prompt).c
candidate, baseline = table(Output).alias("candidate"), table(Output).alias("baseline")
TASK = (
    select(
        PROMPTS.dialogue,
        SEATS.flipped,
        func.coalesce(candidate.c.shown, candidate.c.text).label("candidate"),
        func.coalesce(baseline.c.shown, baseline.c.text).label("baseline"),
    )
    .select_from(
        table(Assignment)
        .join(table(Seat), (SEATS.comparison_id == ASSIGNMENTS.comparison_id) & (SEATS.seat == ASSIGNMENTS.seat))
        .join(table(Comparison), COMPARISONS.id == ASSIGNMENTS.comparison_id)
        .join(table(Prompt), PROMPTS.id == ASSIGNMENTS.prompt_id)
        .join(candidate, candidate.c.id == COMPARISONS.candidate_output_id)
        .join(baseline, baseline.c.id == COMPARISONS.baseline_output_id)
    )
    .where(ASSIGNMENTS.id == bindparam("assignment"))
)


def task(session: Session, assignment_id: int) -> Task:
    """What the holder of this assignment is to compare, already in the order of the seat."""
    row = session.execute(TASK, {"assignment": assignment_id}).one()
    first, second = (row.baseline, row.candidate) if row.flipped else (row.candidate, row.baseline)
    return Task(assignment_id, row.dialogue, first, second)


def dialect(session: Session) -> str:
    """Which database this is: "sqlite" or "postgresql"."""
    return session.get_bind().dialect.name
