"""Mechanical Turk's notices out of a queue, at a simulator behind a real socket, on both databases.

| what becomes of the notice of a return                  | what comes of it                                           |
|---------------------------------------------------------|------------------------------------------------------------|
| it is read                                              | the seat is free in the next round, before the deadline    |
| it comes twice, or late and in another order            | the same                                                   |
| it is lost                                              | the seat is free at the deadline                           |
| the process is killed before it is taken from the queue | it comes again, and changes nothing                        |
| it comes after the rater has accepted again             | they keep their seat                                       |
| the queue can't be read, or holds something else        | the round says so and goes on                              |
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from backend.crowd import mturk_queue
from backend.crowd.mturk_account import Account
from backend.crowd.mturk_queue import Queue
from backend.crowd.notices import Notice
from backend.crowd.protocol import Refused
from backend.db.assignments import Assignment, AssignmentState
from backend.db.raters import Rater
from backend.db.session import Database
from backend.services.approval.rounds import Kept
from backend.simulator.mturk import notifications, workers
from backend.simulator.mturk.faults import Delivery, Fault
from backend.simulator.mturk.queue import PATH
from tests.channels import OnMTurk, on_mturk


@contextmanager
def queue_of(on: OnMTurk, *, path: str = PATH) -> Iterator[Queue]:
    account = Account(on.market.access_key, on.market.secret_key, endpoint_url=on.url)
    made = mturk_queue.connect(account, on.url + path, attempts=1)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def heard(database: Database, *, prompts: int = 1) -> Iterator[tuple[OnMTurk, Queue]]:
    """A published batch whose postings are watched."""
    with on_mturk(database, prompts=prompts) as on, queue_of(on) as queue:
        assert on.keep(queue=queue).troubles == []
        yield on, queue


class Killed(BaseException):
    """The process ends here, whatever is being done."""


@dataclass
class Dying:
    """A queue in a process that is killed when it would take the notice of a return out of it."""

    queue: Queue
    is_return: bool = False

    def watch(self, posting_id: str) -> None:
        self.queue.watch(posting_id)

    def read(self) -> Iterator[Notice]:
        for notice in self.queue.read():
            self.is_return = bool(notice.given_back)
            yield notice

    def done(self, receipt: str) -> None:
        if self.is_return:
            raise Killed
        self.queue.done(receipt)


def returned(on: OnMTurk) -> int:
    """Somebody has begun the first HIT and given it back; their assignment."""
    vendor_id, assignment = on.arrive("AWORKER9", on.hits()[0])
    assert assignment is not None
    workers.give_back(on.market, vendor_id)
    return assignment


def state(database: Database, assignment: int) -> str:
    with database.reading() as session:
        return session.get_one(Assignment, assignment).state


def assert_three_rate(on: OnMTurk, queue: Queue) -> None:
    """The seats are there for three others."""
    on.everybody()
    assert_paid(on, queue)


def assert_paid(on: OnMTurk, queue: Queue) -> None:
    """Three have rated; each is paid once, and the ledger agrees with the vendor."""
    on.keep(queue=queue)
    done = on.keep(queue=queue)
    assert (done.troubles, done.paid) == ([], 0)
    assert done.differences is not None
    assert done.differences.none
    with on.database.reading() as session:
        of_rated = select(Rater.external_id).join(Assignment).where(Assignment.state == AssignmentState.RATED)
        assert sorted(session.scalars(of_rated)) == ["AWORKER0", "AWORKER1", "AWORKER2"]
    assert len(on.market.bonuses) == 0
    assert on.spent == 3 * 22  # 18 cents, and a fee of 20 %, rounded up


def waiting(on: OnMTurk) -> int:
    return len(on.market.queue) + len(on.market.hidden)


def test_a_hit_that_was_returned_frees_its_seat_before_the_deadline(database: Database) -> None:
    with heard(database) as (on, queue):
        assignment = returned(on)
        assert workers.offers(on.market, "AWORKER0")
        assert state(database, assignment) == AssignmentState.HELD
        assert on.keep(queue=queue).troubles == []
        assert state(database, assignment) == AssignmentState.LAPSED
        assert waiting(on) == 0
        assert_three_rate(on, queue)


def test_without_a_queue_the_seat_stays_taken_until_the_deadline(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        assignment = returned(on)
        on.keep()
        assert state(database, assignment) == AssignmentState.HELD
        assert on.market.watches == {}


@pytest.mark.parametrize("delivery", [Delivery.TWICE, Delivery.LATE])
def test_a_notice_that_comes_twice_or_out_of_order_frees_it_the_same(database: Database, delivery: Delivery) -> None:
    with heard(database) as (on, queue):
        on.market.faults.delivery = delivery
        assignment = returned(on)
        notifications.release(on.market)
        on.keep(queue=queue)
        assert state(database, assignment) == AssignmentState.LAPSED
        assert waiting(on) == 0
        assert_three_rate(on, queue)


def test_where_a_notice_is_lost_the_deadline_frees_the_seat(database: Database) -> None:
    with heard(database) as (on, queue):
        on.market.faults.delivery = Delivery.NEVER
        assignment = returned(on)
        on.keep(queue=queue)
        assert state(database, assignment) == AssignmentState.HELD
        on.advance(hours=1, minutes=1)
        on.keep(queue=queue)
        assert state(database, assignment) == AssignmentState.LAPSED
        assert_three_rate(on, queue)


def test_a_notice_that_was_not_taken_out_comes_again_and_harms_nobody(database: Database) -> None:
    with heard(database) as (on, queue):
        assignment = returned(on)
        with pytest.raises(Killed):
            on.keep(queue=Dying(queue))
        assert state(database, assignment) == AssignmentState.LAPSED
        assert waiting(on) == 1
        on.advance(seconds=2)  # notices tell whole seconds
        others = [on.arrive(f"AWORKER{number}", on.hits()[0]) for number in range(3)]
        on.advance(minutes=1)
        on.keep(queue=queue)
        assert waiting(on) == 0
        for number, (vendor_id, seat) in enumerate(others):
            assert seat is not None
            assert state(database, seat) == AssignmentState.HELD
            on.hand_in(vendor_id, on.rate(f"AWORKER{number}", seat))
        assert_paid(on, queue)


def test_a_late_notice_does_not_unseat_who_has_accepted_again(database: Database) -> None:
    with heard(database) as (on, queue):
        on.market.faults.delivery = Delivery.LATE
        assignment = returned(on)
        workers.accept(on.market, "AWORKER8", on.hits()[0])  # who gets the id that was returned
        vendor_id, again = on.arrive("AWORKER9", on.hits()[0])
        assert again == assignment
        notifications.release(on.market)
        on.keep(queue=queue)
        assert state(database, assignment) == AssignmentState.HELD
        on.hand_in(vendor_id, on.rate("AWORKER9", assignment))
        assert on.keep(queue=queue).paid == 1


def test_a_late_notice_costs_who_has_accepted_again_under_the_same_id_no_rating(database: Database) -> None:
    with heard(database) as (on, queue):
        on.market.faults.delivery = Delivery.LATE
        assignment = returned(on)
        vendor_id, again = on.arrive("AWORKER9", on.hits()[0])
        assert again == assignment
        notifications.release(on.market)
        on.keep(queue=queue)
        assert state(database, assignment) == AssignmentState.LAPSED
        on.hand_in(vendor_id, on.rate("AWORKER9", assignment))
        assert state(database, assignment) == AssignmentState.RATED
        assert on.keep(queue=queue).paid == 1


def test_a_notice_about_what_is_not_known_here_is_taken_out_and_passed_over(database: Database) -> None:
    with heard(database) as (on, queue):
        notifications.deliver(
            on.market, notifications.body(on.market, "AssignmentReturned", {"HITId": "3X", "AssignmentId": "3Y"})
        )
        notifications.deliver(
            on.market, notifications.body(on.market, "AssignmentReturned", {"HITId": on.hits()[0], "AssignmentId": "3"})
        )
        assert on.keep(queue=queue).troubles == []
        assert waiting(on) == 0


def assert_goes_on(on: OnMTurk, done: Kept, trouble: str) -> None:
    """The round says what is wrong with the queue once, and has published all the same."""
    assert done.published == 1
    assert len(done.troubles) == 1
    assert trouble in done.troubles[0]
    assert "frees its seat at the deadline" in done.troubles[0]


def test_a_wrong_queue_is_said_and_the_round_goes_on(database: Database) -> None:
    with on_mturk(database, prompts=1) as on, queue_of(on, path="/1/another") as queue:
        assert_goes_on(on, on.keep(queue=queue), "The specified queue does not exist.")


@pytest.mark.parametrize(
    ("fault", "trouble"), [(Fault.BEFORE_ACTING, "busy or failing"), (Fault.CUT_OFF, "no answer that can be read")]
)
def test_a_queue_that_fails_is_said_and_its_notices_come_again(database: Database, fault: Fault, trouble: str) -> None:
    with on_mturk(database, prompts=1) as on, queue_of(on) as queue:
        on.market.faults.plan("ReceiveMessage", fault)
        assert_goes_on(on, on.keep(queue=queue), trouble)
        assignment = returned(on)
        on.market.faults.plan("ReceiveMessage", fault)
        on.keep(queue=queue)
        on.advance(minutes=1)
        assert on.keep(queue=queue).troubles == []
        assert state(database, assignment) == AssignmentState.LAPSED


def test_what_is_no_notification_stays_in_the_queue_and_is_said(database: Database) -> None:
    with on_mturk(database, prompts=1) as on, queue_of(on) as queue:
        on.market.queue += ["somebody else's"] * 12
        assert_goes_on(on, on.keep(queue=queue), "12 messages, left there")
        assert waiting(on) == 12


def test_switching_notices_on_is_asked_again_after_a_failure(database: Database) -> None:
    with on_mturk(database, prompts=1) as on, queue_of(on) as queue:
        on.market.faults.plan("UpdateNotificationSettings", Fault.BEFORE_ACTING)
        assert "Notices are not switched on" in on.keep(queue=queue).troubles[0]
        assert on.market.watches == {}
        assert on.keep(queue=queue).troubles == []
        assert [one.destination for one in on.market.watches.values()] == [queue.url]


def test_a_message_is_hidden_from_others_until_its_time_is_over(database: Database) -> None:
    with heard(database) as (on, queue):
        returned(on)
        (accepted, given_back) = queue.read()
        assert [accepted.given_back, len(given_back.given_back)] == [(), 1]
        assert list(queue.read()) == []
        on.advance(seconds=30)
        again = list(queue.read())
        assert [one.given_back for one in again] == [(), given_back.given_back]
        queue.done(again[0].receipt)
        queue.done(again[0].receipt)  # twice is no error
        with pytest.raises(Refused, match="handle is invalid"):
            queue.done("a made-up one")
        assert waiting(on) == 1
