"""Who came through a link and how far they are in its batch, in one statement. Gives nobody a seat."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Integer, Text, bindparam, case, cast, func, literal_column, select, true
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.base import constant, table
from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Seat
from backend.db.raters import Link
from backend.db.studies import StudyVersion
from backend.domain.checks import Had
from backend.domain.settings import StudySettings, from_json
from backend.errors import Forbidden, NotFound

HELD = constant(AssignmentState.HELD)
JUDGED = (constant(AssignmentState.RATED), constant(AssignmentState.LATE))


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


ASSIGNMENTS, SEATS = table(Assignment).c, table(Seat).c
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
