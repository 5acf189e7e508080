"""A batch at a glance: its counts, its win rate so far and the raters who stand out. Knows no study and no page.

A glance costs what results cost: seconds for a million ratings. So it is kept and taken again when ratings have come,
and the larger the batch the older it may get; a pulse is asked at every look and costs next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import Batch, BatchState
from backend.db.comparisons import Comparison, Seat
from backend.domain.results.candidates import opening
from backend.domain.results.counted import counted
from backend.domain.results.material import Material
from backend.domain.results.raters import reports
from backend.domain.statistics.intervals import Interval, over_prompts
from backend.services.money import spending, why_unowed
from backend.services.money.budgets import Standing
from backend.services.money.why_unowed import Why
from backend.services.results.material import gather
from backend.services.studies import batches, seated

MOST_KEPT = 1_000
SEATS_AT_ONCE = 20_000
SEATS_A_SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Pulse:
    """What may be asked at every look: comparisons, seats that are open and that are held, and raters at work now.

    A held seat whose lease has run out is held until somebody else sits down, but nobody is at work there.
    budget: None where nobody is paid.
    """

    comparisons: int
    open: int
    held: int
    at_work: int
    budget: Standing | None = None

    @property
    def is_complete(self) -> bool:
        """Nothing is left to rate and nobody is still at it."""
        return self.comparisons > 0 and self.open == 0 and self.held == 0


@dataclass(frozen=True, slots=True)
class Headline:
    """The win rate of the primary candidate, or of the only one. others: how many candidates there are besides."""

    candidate: str
    others: int
    win_rate: Interval


# The batch's state, and of its pulse all that ratings and payments change.
Version = tuple[str, int, int, int, Standing | None]


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen of a batch. flagged: raters with a flag whom no declared rule excludes already.

    unpaid: pieces of work that could be owed and are not.
    """

    version: Version
    taken_at: datetime
    seats: int
    rated: int
    raters: int
    unjudgeable: int
    flagged: int
    last_rated_at: datetime | None
    headline: Headline | None
    unpaid: int = 0


class Memory:
    """The newest glance of each batch, the last thousand of them. Threads share it."""

    def __init__(self) -> None:
        self.kept: dict[int, Glance] = {}
        self.turn = Lock()

    def get(self, batch_id: int) -> Glance | None:
        """The batch's newest glance, if it is remembered."""
        return self.kept.get(batch_id)

    def keep(self, batch_id: int, glance: Glance) -> None:
        """Remember it, and forget the one that was kept the longest."""
        with self.turn:
            self.kept.pop(batch_id, None)
            self.kept[batch_id] = glance
            if len(self.kept) > MOST_KEPT:
                del self.kept[next(iter(self.kept))]


def pulses(session: Session, batch_ids: Sequence[int], *, now: datetime) -> dict[int, Pulse]:
    """The pulse of each of these batches, from indexes alone."""
    comparisons = dict(
        session.execute(
            select(Comparison.batch_id, func.count())
            .where(Comparison.batch_id.in_(batch_ids))
            .group_by(Comparison.batch_id)
        ).all()
    )
    # The partial indexes are used only where the query says the very words of their condition.
    open_seats = dict(
        session.execute(
            select(Seat.batch_id, func.count())
            .where(Seat.batch_id.in_(batch_ids), text("seats.is_open"))
            .group_by(Seat.batch_id)
        ).all()
    )
    bound = dict(
        session.execute(
            select(Seat.batch_id, func.count())
            .join(Comparison, Comparison.id == Seat.comparison_id)
            .where(Seat.batch_id.in_(batch_ids), batches.IS_WAITED_FOR)
            .group_by(Seat.batch_id)
        ).all()
    )
    held = {
        batch: (total, live)
        for batch, total, live in session.execute(
            select(Assignment.batch_id, func.count(), func.count(case((Assignment.lease_expires_at > now, 1))))
            .where(Assignment.batch_id.in_(batch_ids), Assignment.state == text(f"'{AssignmentState.HELD}'"))
            .group_by(Assignment.batch_id)
        )
    }
    money = spending.standings(session, batch_ids)
    return {
        number: Pulse(
            comparisons.get(number, 0),
            open_seats.get(number, 0) + bound.get(number, 0),
            *held.get(number, (0, 0)),
            budget=money.get(number),
        )
        for number in batch_ids
    }


def look(
    session: Session, memory: Memory, batches: Sequence[tuple[Batch, Pulse]], *, key: str, now: datetime, patient: bool
) -> dict[int, Glance]:
    """batch id -> its glance, taken again where it is due; a batch that was never seen and is too large is left out.

    key: the server's, for the raters' pseudonyms. patient: one batch may be taken that is larger than what a page
    can wait for.
    """
    left, large_ones, seen = SEATS_AT_ONCE, int(patient), {}
    for batch, pulse in batches:
        glance, seats = memory.get(batch.id), pulse.comparisons * batch.opening
        if glance is None or is_due(glance, batch, pulse, now=now):
            fits = seats <= left
            if fits or large_ones:
                left, large_ones = (left - seats, large_ones) if fits else (left, 0)
                glance = take(session, batch, pulse, key=key, now=now)
                memory.keep(batch.id, glance)
        if glance is not None:
            seen[batch.id] = glance
    return seen


def is_due(glance: Glance, batch: Batch, pulse: Pulse, *, now: datetime) -> bool:
    """Whether ratings have come since, and the glance is old for its size or nothing more will come."""
    if glance.version == version(batch, pulse):
        return False
    is_over = pulse.is_complete or batch.state == BatchState.CLOSED
    return is_over or now - glance.taken_at >= timedelta(seconds=glance.seats // SEATS_A_SECOND)


def version(batch: Batch, pulse: Pulse) -> Version:
    """Other seats are open or held after every rating; claims and lapses move them too, and cost a look in vain."""
    return batch.state, pulse.comparisons, pulse.open, pulse.held, pulse.budget


def take(session: Session, batch: Batch, pulse: Pulse, *, key: str, now: datetime) -> Glance:
    """Look at all the votes of the batch, as its results do."""
    given = gather(session, batch, key=key)
    found = counted(given)
    flagged = {given.raters[one.rater] for one in reports(found.everybody) if one.flags}
    return Glance(
        version=version(batch, pulse),
        taken_at=now,
        seats=seats_opened(session, batch.id),
        rated=len(given.votes),
        raters=len(set(given.votes.rater.tolist())),
        unjudgeable=int(given.launched.unjudgeable.sum()),
        flagged=len(flagged - {one.rater for one in found.excluded}),
        last_rated_at=seated.last_rated_at(session, batch.id),
        headline=headline(found.material),
        unpaid=0 if pulse.budget is None else unpaid(session, batch.id),
    )


def unpaid(session: Session, batch_id: int) -> int:
    """Pieces of work for which nothing is owed yet, because no round came since or no money is left."""
    found = why_unowed.of_batch(session, batch_id, channels=spending.rules(session, batch_id))
    return sum(one.pieces for one in found if one.why in (Why.WAITS, Why.NO_MONEY))


def headline(material: Material) -> Headline | None:
    """The primary candidate's win rate with the interval that the results give it; None before its first vote."""
    names = list(material.candidates)
    primary = material.settings.analysis.primary
    code = names.index(primary) if primary in names else 0
    votes = opening(material, code)
    if not len(votes):
        return None
    return Headline(names[code], len(names) - 1, over_prompts(votes.win_scores, votes.prompt, votes.rater))


def seats_opened(session: Session, batch_id: int) -> int:
    """The seats that have opened so far, as a batch's progress counts them."""
    opened = func.coalesce(func.sum(Comparison.opened), 0)
    return session.execute(select(opened).where(Comparison.batch_id == batch_id)).scalar_one()
