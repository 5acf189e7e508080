"""Mechanical Turk gives the id of a returned assignment to the next rater, from the accept to the payment.

At a simulator behind a real socket, on both databases; our pages are those of services.crowd.hits. The notice of the
return is read before the second rater comes (early), while they are at work (late), or never.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.crowd.mturk_frame import Came
from backend.crowd.mturk_queue import Queue
from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import Posting
from backend.db.payments import PaymentIntent
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.errors import Forbidden
from backend.services.approval.rounds import Kept
from backend.services.crowd import hits
from backend.services.crowd.hits import Hit, Piece
from backend.services.rating import ratings
from backend.services.rating.ratings import Vote
from backend.simulator.mturk import notifications, workers
from backend.simulator.mturk.faults import Delivery
from tests.channels import OnMTurk, on_mturk
from tests.system.test_crowd_faults import assert_all_is_well
from tests.system.test_crowd_notices import queue_of

Notice = Literal["early", "late", "never"]
WHEN = pytest.mark.parametrize("notice", ["early", "late", "never"])
ADA, BEN, CAT, DAN, EVE = (f"AWORKER{number}" for number in range(5))


@dataclass
class Place:
    """A batch of one comparison on the simulated Mechanical Turk, with its notices."""

    on: OnMTurk
    queue: Queue

    @property
    def hit(self) -> str:
        return self.on.hits()[-1]

    def keep(self) -> Kept:
        """A round, a moment later: notices tell whole seconds."""
        self.on.advance(seconds=2)
        return self.on.keep(queue=self.queue)

    def came(self, worker: str, vendor_id: str) -> Came:
        return Came(vendor_id, self.hit, worker, "https://www.mturk.com")

    def begin(self, worker: str, vendor_id: str = "") -> str:
        """Accept the HIT, or only say an id of it, and press Begin; the id."""
        name = vendor_id or workers.accept(self.on.market, worker, self.hit).id
        with self.on.database.transaction() as session:
            hits.begin(session, self.of(session), self.came(worker, name), now=self.on.clock())
        return name

    def of(self, session: Session) -> Hit:
        return hits.get(session, session.scalars(select(Posting.id).where(Posting.vendor_id == self.hit)).one())

    def piece(self, worker: str, vendor_id: str) -> Piece:
        """What this rater's pages show of their work."""
        with self.on.database.reading() as session:
            hit = self.of(session)
            link = hits.link_of(session, hit, self.came(worker, vendor_id))
            assert link is not None
            assert link.rater_id is not None
            found = hits.found(session, hit, link.rater_id)
            assert found is not None
            return found

    def rate(self, worker: str, vendor_id: str) -> str:
        """Choose; the receipt."""
        piece, vote = self.piece(worker, vendor_id), Vote(Choice.TIE, active_ms=43_200)
        with self.on.database.transaction() as session:
            return ratings.submit(
                session, rater_id=piece.rater_id, assignment_id=piece.assignment_id, vote=vote, now=self.on.clock()
            ).number

    def work(self, worker: str, vendor_id: str = "") -> str:
        """All of it, to the hand-in; the vendor's id."""
        name = vendor_id or self.begin(worker)
        self.on.hand_in(name, self.rate(worker, name))
        return name

    def states(self) -> dict[str, str]:
        """rater -> what became of their assignment."""
        with self.on.database.reading() as session:
            rows = session.execute(select(Rater.external_id, Assignment.state).join(Assignment))
            return dict(rows.all())

    def paid(self) -> list[str]:
        """Who was paid through the vendor, by our records."""
        with self.on.database.reading() as session:
            return sorted(session.scalars(select(Rater.external_id).join(PaymentIntent)))

    def assert_all_is_well(self, *, ratings: int) -> None:
        """Once nobody can be at work any more: all sums agree, and nothing is set aside."""
        self.on.advance(hours=3)
        self.keep()
        assert_all_is_well(self.on, ratings=ratings)

    def given_on(self, notice: Notice) -> str:
        """Ada begins, and returns the HIT; Ben accepts it, under the same id."""
        self.on.market.faults.delivery = {"early": Delivery.ONCE, "late": Delivery.LATE, "never": Delivery.NEVER}[
            notice
        ]
        left = self.begin(ADA)
        self.on.advance(seconds=2)
        workers.give_back(self.on.market, left)
        self.keep()
        assert self.states()[ADA] == (AssignmentState.LAPSED if notice == "early" else AssignmentState.HELD)
        assert self.begin(BEN) == left
        self.on.advance(seconds=2)
        notifications.release(self.on.market)
        self.keep()
        return left


@contextmanager
def place(database: Database, *, study: Mapping[str, object] | None = None) -> Iterator[Place]:
    """The batch, published. study: its settings."""
    with on_mturk(database, prompts=1, study=study) as on, queue_of(on) as queue:
        made = Place(on, queue)
        assert made.keep().troubles == []
        yield made


@WHEN
def test_who_gets_the_id_of_returned_work_rates_and_is_paid(database: Database, notice: Notice) -> None:
    with place(database) as at:
        left = at.given_on(notice)
        assert at.states()[ADA] == (AssignmentState.HELD if notice == "never" else AssignmentState.LAPSED)
        assert at.states()[BEN] == AssignmentState.HELD
        assert at.work(BEN, left) == left
        done = at.keep()
        assert (done.troubles, done.unmatched, done.paid) == ([], [], 1)
        assert at.states() == {ADA: AssignmentState.LAPSED, BEN: AssignmentState.RATED}
        with pytest.raises(Forbidden, match="somebody else"):
            at.piece(ADA, left)
        for worker in (CAT, DAN):
            at.work(worker)
        at.keep()
        at.keep()
        assert at.paid() == [BEN, CAT, DAN]
        assert at.on.spent == 3 * 22
        at.assert_all_is_well(ratings=3)


@pytest.mark.parametrize("notice", ["late", "never"])
def test_where_every_other_seat_is_taken_they_wait_at_the_first_ones_and_are_paid(
    database: Database, notice: Notice
) -> None:
    with place(database) as at:
        for worker in (CAT, DAN):
            at.work(worker)
        left = at.given_on(notice)
        at.work(BEN, left)
        counts = notice == "late"
        assert at.states()[BEN] == (AssignmentState.RATED if counts else AssignmentState.LATE)
        at.keep()
        assert at.states()[ADA] == AssignmentState.LAPSED
        assert at.paid() == [BEN, CAT, DAN]
        if not counts:  # the seat that the list has freed is offered again
            at.keep()
            assert len(at.on.hits()) == 2
            at.work(EVE)
        at.keep()
        at.keep()
        assert at.paid() == ([BEN, CAT, DAN] if counts else [BEN, CAT, DAN, EVE])
        at.assert_all_is_well(ratings=3 if counts else 4)


def test_work_that_ran_out_of_time_is_given_on_as_well(database: Database) -> None:
    with place(database) as at:
        left = at.begin(ADA)
        at.on.advance(hours=1, minutes=1)
        at.keep()
        assert at.begin(BEN) == left
        at.work(BEN, left)
        for worker in (CAT, DAN):
            at.work(worker)
        at.keep()
        at.keep()
        assert at.paid() == [BEN, CAT, DAN]
        at.assert_all_is_well(ratings=3)


@pytest.mark.parametrize("others", [0, 2], ids=["free seats", "no free seat"])
def test_who_only_knows_anothers_id_gets_nothing_of_theirs(database: Database, others: int) -> None:
    with place(database) as at:
        for worker in (CAT, DAN)[:others]:
            at.work(worker)
        adas = at.begin(ADA)
        at.begin(EVE, adas)
        assert at.states()[ADA] == AssignmentState.HELD
        assert at.piece(EVE, adas).assignment_id != at.piece(ADA, adas).assignment_id
        at.rate(EVE, adas)
        at.work(ADA, adas)
        assert at.states()[ADA] == AssignmentState.RATED
        assert at.states()[EVE] == (AssignmentState.LATE if others else AssignmentState.RATED)
        at.keep()
        with pytest.raises(Forbidden, match="somebody else"):
            at.piece(EVE, adas)
        with pytest.raises(Forbidden, match="somebody else"):
            at.begin(EVE, adas)
        at.on.advance(hours=3)
        done = at.keep()
        assert [(one.rater, one.ratings) for one in done.unconfirmed] == [(EVE, 1)]
        assert at.paid() == sorted([ADA, *(CAT, DAN)[:others]])
        assert [one.worker_id for one in at.on.market.assignments.values()].count(EVE) == 0


def test_a_forgers_seat_is_free_once_the_list_says_whose_the_id_is(database: Database) -> None:
    with place(database) as at:
        adas = at.begin(ADA)
        at.begin(EVE, adas)
        at.work(ADA, adas)
        at.keep()
        assert at.states()[EVE] == AssignmentState.LAPSED
        for worker in (CAT, DAN):
            at.work(worker)
        at.keep()
        at.keep()
        assert at.paid() == [ADA, CAT, DAN]
        at.assert_all_is_well(ratings=3)


def test_whoever_came_with_it_late_notices_touch_nobody_whom_the_list_names(database: Database) -> None:
    with place(database) as at:
        left = at.given_on("never")
        at.on.market.faults.delivery = Delivery.ONCE
        at.work(BEN, left)
        at.keep()
        at.on.market.queue.append(
            notifications.body(at.on.market, "AssignmentReturned", {"HITId": at.hit, "AssignmentId": left})
        )
        at.keep()
        assert at.states()[BEN] == AssignmentState.RATED
        with database.reading() as session:
            assert session.scalars(select(Rating.state)).all() == [AssignmentState.RATED]
