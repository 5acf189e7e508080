"""What can go wrong between us and a vendor, each row a test, on both databases, at simulators behind real sockets.

After each of them the same is asked: nothing was paid twice, nobody is unpaid, no comparison has a fourth rating, and
ledger, budget and vendor agree to the cent.

| what goes wrong                                              | what comes of it                                      |
|--------------------------------------------------------------|-------------------------------------------------------|
| killed before a call (publish, approve, bonus, extend, close)| the intent is there; the next round asks              |
| killed between the vendor's answer and our commit            | the next round asks again with the same token         |
| the vendor says 500, or hangs up, after it has acted         | as above                                              |
| a bonus is paid in the background and shows later            | no second one is asked for                            |
| two rounds at once                                           | one posting for each comparison, one payment for each |
| notices that are doubled, late, early or lost                | reading is all that counts, and reading twice is once |
| a token that is older than the vendor's memory               | nothing is published; a person is asked to look       |
| credentials that have expired                                | the round says so; the next one goes on               |
| a balance that is too low, at publishing and at paying       | nothing is lost; the next round goes on               |
| a budget that is too small                                   | nothing is published, and what is missing is said     |
| a return that races an accept                                | three ratings; the late one is kept and paid          |
| a submission after the close                                 | kept and paid                                         |
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backend.crowd.protocol import Crowd
from backend.db.assignments import Assignment, AssignmentState
from backend.db.channels import Posting, PostingState
from backend.db.ledger import Account
from backend.db.payments import PaymentIntent
from backend.db.raters import Channel
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.domain.money import Money
from backend.services.approval import rounds
from backend.services.crowd import holders, publishing, steering, submissions
from backend.services.crowd.steering import Published, Wish
from backend.services.money import budgets, ledger, payments
from backend.simulator.mturk import workers
from backend.simulator.mturk.faults import Fault
from backend.simulator.prolific import Fault as ProlificFault
from backend.simulator.prolific import When
from tests.channels import DOOR, OnMTurk, OnProlific, budget, on_mturk, on_prolific

# Chosen so that the fees on what is missing to the target are whole cents, or are rounded up by the simulators too.
SLOW, SLOW_IN_POUNDS = 55_200, 60_000


class Killed(BaseException):
    """The process ends here, whatever is being done."""


class Dying:
    """A real account in a process that is killed at the first call of this name: before it, or once it was answered."""

    def __init__(self, crowd: Crowd, name: str, *, before: bool) -> None:
        self.crowd, self.name, self.before = crowd, name, before
        self.is_dead = False

    def __getattr__(self, name: str) -> Callable[..., object]:
        act: Callable[..., object] = getattr(self.crowd, name)
        if name != self.name or self.is_dead:
            return act

        def dying(*arguments: object, **named: object) -> None:
            self.is_dead = True
            if not self.before:
                act(*arguments, **named)
            raise Killed

        return dying


def survive(on: OnMTurk | OnProlific, crowd: Crowd | Dying | None = None) -> None:
    """A round; where its process is killed another one takes over, once the dead one's payment has waited enough."""
    try:
        on.keep(crowd)
    except Killed:
        on.clock.advance(minutes=6) if isinstance(on, OnProlific) else on.advance(minutes=6)
        on.keep()


def everything_on_mturk(on: OnMTurk, crowd: Crowd | Dying | None = None) -> None:
    """Publish, three slow raters do everything, pay, top up."""
    survive(on, crowd)
    on.everybody(active_ms=SLOW)
    survive(on, crowd)
    survive(on, crowd)


def everything_on_prolific(on: OnProlific, crowd: Crowd | Dying | None = None) -> None:
    """Publish, two raters do a place's work, one stops after a half of it, and a fourth does the rest."""
    survive(on, crowd)
    on.work("ada", pieces=2, active_ms=SLOW_IN_POUNDS)
    on.work("eve", pieces=2)
    vendor_id, link = on.arrive("bob")
    on.rate("bob", link, pieces=1)
    on.finish(link)
    on.vendor.participants.submit(vendor_id, "DONE")
    survive(on, crowd)
    on.work("dan", pieces=2)
    with on.database.transaction() as session:
        bobs = session.scalars(select(Submission.id).where(Submission.vendor_id == vendor_id)).one()
        rounds.other_approvals.approve_by_hand(session, bobs, now=on.clock())
    survive(on, crowd)
    survive(on, crowd)


def assert_all_is_well(on: OnMTurk | OnProlific, *, ratings: int = 6) -> None:
    """Nobody unpaid, nothing twice, no fourth rating, and all sums agree."""
    with on.database.reading() as session:
        found = ledger.balances(session, on.batch)
        counts = session.execute(
            select(func.count()).where(Assignment.state == AssignmentState.RATED).group_by(Assignment.comparison_id)
        )
        assert {count for (count,) in counts} == {3}
        assert session.execute(select(func.count()).select_from(Rating)).scalar_one() == ratings
        assert payments_there(on) == found[Account.PAID].minor
    assert found[Account.OWED].minor == found[Account.PAYING].minor == 0
    assert budget(on.database, on.batch).spent == on.spent
    assert budget(on.database, on.batch).reserved == 0
    done = on.keep()
    assert (done.published, done.paid, done.troubles) == (0, 0, [])
    assert done.differences is not None
    assert done.differences.none


def payments_there(on: OnMTurk | OnProlific) -> int:
    """What the vendor says that it has paid raters."""
    with on.database.reading() as session:
        ids = [one for one in session.scalars(select(Posting.vendor_id)) if one is not None]
    return sum(payment.amount.minor for vendor_id in ids for payment in on.crowd.payments(vendor_id))


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", ["publish", "approve", "pay_bonus", "close"])
def test_a_round_on_mturk_is_killed_around_a_call(database: Database, name: str, before: bool) -> None:
    with on_mturk(database) as on:
        dying = Dying(on.crowd, name, before=before)
        everything_on_mturk(on, dying)
        assert dying.is_dead
        assert len(on.market.hits) == 2
        assert_all_is_well(on)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", ["publish", "approve", "pay_bonus", "extend", "close"])
def test_a_round_on_prolific_is_killed_around_a_call(database: Database, name: str, before: bool) -> None:
    with on_prolific(database) as on:
        dying = Dying(on.crowd, name, before=before)
        everything_on_prolific(on, dying)
        assert dying.is_dead
        assert [study.places for study in on.vendor.account.studies.values()] == [4]
        assert_all_is_well(on)


OPERATIONS = ["CreateHITWithHITType", "ApproveAssignment", "SendBonus", "UpdateExpirationForHIT"]


@pytest.mark.parametrize("fault", [Fault.AFTER_ACTING, Fault.CUT_OFF, Fault.BEFORE_ACTING, Fault.THROTTLED])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_mturk_fails_around_acting(database: Database, operation: str, fault: Fault) -> None:
    with on_mturk(database) as on:
        on.market.faults.plan(operation, fault)
        on.keep()
        everything_on_mturk(on)
        assert not on.market.faults.planned
        assert len(on.market.hits) == 2
        assert_all_is_well(on)


CALLS = [
    ("POST", "/studies/"),
    ("POST", "/transition/"),
    ("PATCH", "/studies/"),
    ("POST", "/bonus-payments/"),
    ("POST", "/pay/"),
]


@pytest.mark.parametrize("when", [When.AFTER, When.BEFORE, When.GIBBERISH])
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_prolific_fails_around_acting(database: Database, method: str, path: str, when: When) -> None:
    with on_prolific(database) as on:
        on.vendor.faults.append(ProlificFault(when, method, path, times=9 if when == When.BEFORE else 1))
        on.keep()
        on.vendor.faults = [one for one in on.vendor.faults if path not in ("/studies/", "/transition/")]
        on.keep()
        everything_on_prolific(on)
        on.vendor.faults.clear()
        on.clock.advance(hours=2)  # until then it is not known whether a bonus was paid
        on.keep()
        on.keep()
        assert_all_is_well(on)


def test_a_bonus_that_shows_later_is_not_paid_again(database: Database) -> None:
    with on_prolific(database) as on:
        on.vendor.account.slow_bonuses = True
        on.vendor.faults.append(ProlificFault(When.AFTER, "POST", "/pay/"))
        everything_on_prolific(on)
        on.keep(on.another_process())
        assert sum(bonus.paid for bonus in on.vendor.account.bonuses.values()) == 1
        on.vendor.account.show_bonuses()
        on.keep(on.another_process())
        assert_all_is_well(on)


def test_two_rounds_at_once_on_mturk(database: Database) -> None:
    with on_mturk(database, prompts=4) as on, ThreadPoolExecutor(2) as pool:

        def both() -> None:
            for done in [pool.submit(on.keep), pool.submit(on.keep)]:
                done.result()

        both()
        assert len(on.market.hits) == 4
        on.everybody(active_ms=SLOW)
        both()
        both()
        on.keep()
        assert_all_is_well(on, ratings=12)


def test_two_rounds_at_once_on_prolific(database: Database) -> None:
    with on_prolific(database) as on, ThreadPoolExecutor(2) as pool:

        def both() -> None:
            for done in [pool.submit(on.keep), pool.submit(on.keep, on.another_process())]:
                done.result()

        both()
        assert len(on.vendor.account.studies) == 1
        for name in ("ada", "eve", "dan"):
            on.work(name, pieces=2, active_ms=SLOW_IN_POUNDS)
        both()
        both()
        on.keep()
        assert_all_is_well(on)


def test_notices_only_ring(database: Database) -> None:
    """Doubled, early, late or lost: what follows each is reading, and it is read at the next round anyway."""
    with on_mturk(database) as on:
        on.keep()
        submissions.sync(database, on.crowd, on.channel, clock=on.clock, only=1)
        on.everybody(active_ms=SLOW)
        for only in (2, 2, 1, 77):
            submissions.sync(database, on.crowd, on.channel, clock=on.clock, only=only)
        with database.reading() as session:
            assert session.execute(select(func.count()).select_from(Submission)).scalar_one() == 6
        on.keep()
        on.keep()
        assert_all_is_well(on)


def test_a_token_that_the_vendor_has_forgotten_is_not_used(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        with pytest.raises(Killed):
            on.keep(Dying(on.crowd, "publish", before=False))
        on.advance(hours=24)
        done = on.keep()
        assert "`assay crowd found 1 HIT-ID` or `assay crowd lost 1`" in done.troubles[0]
        assert len(on.market.hits) == 1
        publishing.found(database, 1, next(iter(on.market.hits)), now=on.clock())
        on.everybody(active_ms=SLOW)
        on.keep()
        on.keep()
        assert_all_is_well(on, ratings=3)


def test_a_posting_that_never_came_to_be_is_offered_anew(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        with pytest.raises(Killed):
            on.keep(Dying(on.crowd, "publish", before=True))
        on.advance(hours=24)
        publishing.lost(database, 1, now=on.clock())
        everything_on_mturk(on)
        assert len(on.market.hits) == 1
        assert_all_is_well(on, ratings=3)


def test_expired_credentials_are_said_and_the_next_round_goes_on(database: Database) -> None:
    with on_mturk(database) as on:
        on.market.faults.credentials_expired = True
        assert "does not take these credentials" in on.keep().troubles[0]
        assert budget(database, on.batch).reserved == 0
        on.market.faults.credentials_expired = False
        on.keep()
        on.everybody(active_ms=SLOW)
        on.keep(compare=False)
        on.market.faults.credentials_expired = True
        assert on.keep().troubles
        on.market.faults.credentials_expired = False
        on.keep()
        assert_all_is_well(on)


def test_a_balance_that_is_too_low_publishes_and_pays_nothing(database: Database) -> None:
    with on_mturk(database) as on:
        on.market.balance = 10
        done = on.keep()
        assert (done.published, budget(database, on.batch).reserved) == (0, 0)
        assert "can't pay" in done.troubles[0]
        on.market.balance = 100_000
        on.keep()
        on.everybody(active_ms=SLOW)
        on.market.faults.plan("SendBonus", Fault.NO_MONEY)
        done = on.keep()
        assert "can't pay" in done.troubles[0]
        assert budget(database, on.batch).spent == 168
        on.keep()
        assert_all_is_well(on)


def test_a_budget_that_is_too_small_publishes_nothing_beyond_it(database: Database) -> None:
    with on_mturk(database, allowed=300) as on:  # one posting needs $1.98 at worst
        done = on.keep()
        assert done.published == 1
        assert "This needs $1.98, but $1.02 of the budget" in done.troubles[0]
        with database.reading() as session:
            assert [one.state for one in session.scalars(select(Posting))] == [PostingState.PUBLISHED]
        with database.transaction() as session:
            budgets.set_budget(session, on.batch, allowed=Money(1_000))
        everything_on_mturk(on)
        assert_all_is_well(on)


def test_a_return_that_races_an_accept_leaves_three_ratings(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        first, second = on.hits()
        vendor_id, assignment = on.arrive("AWORKER9", first)
        assert assignment is not None
        workers.give_back(on.market, vendor_id)
        with database.transaction() as session:  # the vendor's notification, which its lists would never show
            holders.given_back(session, 1, vendor_id, at=on.clock())
        on.everybody(active_ms=SLOW)
        on.rate("AWORKER9", assignment, active_ms=SLOW)  # what they had chosen comes after all
        with database.reading() as session:
            late = session.get_one(Assignment, assignment)
            assert late.state == AssignmentState.LATE
        on.keep()
        on.advance(hours=3)
        on.keep()
        done = on.keep()
        assert [(one.rater, one.ratings) for one in done.unconfirmed] == [("AWORKER9", 1)]
        with database.reading() as session:
            assert second in set(session.scalars(select(PaymentIntent.posting_id)))
            counts = session.execute(
                select(func.count()).where(Assignment.state == AssignmentState.RATED).group_by(Assignment.comparison_id)
            )
            assert [count for (count,) in counts] == [3, 3]
        assert budget(database, on.batch).spent == on.spent


def test_who_returned_one_and_handed_in_another_is_paid_for_both(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        first, second = on.hits()
        vendor_id, assignment = on.arrive("AWORKER0", first)
        assert assignment is not None
        on.rate("AWORKER0", assignment, active_ms=SLOW)
        workers.give_back(on.market, vendor_id)
        for number in (1, 2):
            on.work(f"AWORKER{number}", first, active_ms=SLOW)
        for number in (0, 1, 2):
            on.work(f"AWORKER{number}", second, active_ms=SLOW)
        on.keep()
        on.advance(hours=3)
        on.keep()
        on.keep()
        assert_all_is_well(on)


def test_who_gives_a_place_back_is_paid_for_what_they_rated(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id, link = on.arrive("bob")
        on.rate("bob", link, pieces=1)
        assert on.claim(link) is not None
        on.vendor.participants.give_back(vendor_id)
        on.keep()  # the seat is free again, and so is the place
        for name in ("ada", "eve", "dan"):
            on.work(name, pieces=2)
        on.keep()
        on.keep()
        assert_all_is_well(on)


def test_a_submission_after_the_close_is_kept_and_paid(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        at_work = [(name, *on.arrive(name, hit)) for name in ("AWORKER0", "AWORKER1", "AWORKER2")]
        with database.reading() as session:
            channel = rounds.channels.by_id(session, on.channel)
        steering.wish(database, channel, Wish.CLOSED, now=on.clock())
        done = Published()
        steering.steer(database, on.crowd, on.channel, done, clock=on.clock)
        assert done.closed == [1]
        for name, vendor_id, assignment in at_work:
            assert assignment is not None
            on.hand_in(vendor_id, on.rate(name, assignment, active_ms=SLOW))
        on.keep()
        on.keep()
        assert len(on.market.hits) == 1
        assert_all_is_well(on, ratings=3)


def test_settling_looks_at_the_vendors_list_before_it_asks_again(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        on.everybody()
        on.market.faults.plan("ApproveAssignment", Fault.CUT_OFF, times=3)
        done = on.keep()
        assert done.paid == 0
        found = payments.settle(database, on.crowd, on.batch, channel=Channel.MTURK, clock=on.clock)
        assert len(found.confirmed) == 3
        on.advance(minutes=1)
        on.keep()
        assert_all_is_well(on, ratings=3)
        assert DOOR.base == "https://rate.example.org"
        assert timedelta(0) < publishing.REMEMBERED
