"""A job's purse: however many ask, no more is set aside than the budget, and what is left goes back."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.config import Settings
from backend.db.session import Database
from backend.domain.jobs import JobState, Queue
from backend.services.asking import jobs
from backend.services.asking.jobs import BudgetSpent, Lost
from tests.jobs import looked, queued
from worker.duty import Duty, clock
from worker.purse import QUESTIONS_A_LOT, Purse


def purse(database: Database, *, allowed: int | None) -> Purse:
    """Of a job that is held."""
    with database.transaction() as session:
        queued(session, allowed=allowed)
    with database.transaction() as session:
        held = jobs.claim(session, "one", list(Queue), now=clock())
    assert held is not None
    return Purse(Duty(database, Settings(), held))


def spent(purse: Purse) -> int:
    return looked(purse.duty.database, purse.duty.held.job_id).spent


def test_money_is_set_aside_in_lots_and_what_is_not_needed_goes_back(database: Database) -> None:
    mine = purse(database, allowed=10_000)
    for _ in range(3):
        mine.take(10)
    assert spent(mine) == 10 * QUESTIONS_A_LOT
    mine.put_back(4)
    mine.close()
    assert spent(mine) == 26


def test_where_there_is_no_room_for_a_lot_questions_are_paid_one_by_one_to_the_last(database: Database) -> None:
    mine = purse(database, allowed=35)
    for _ in range(3):
        mine.take(10)
    with pytest.raises(BudgetSpent, match="larger budget"):
        mine.take(10)
    mine.take(5)
    assert spent(mine) == 35


def test_what_costs_nothing_takes_nothing(database: Database) -> None:
    mine = purse(database, allowed=0)
    mine.take(0)
    mine.close()
    assert spent(mine) == 0


def test_a_job_without_a_budget_counts_what_it_spends(database: Database) -> None:
    mine = purse(database, allowed=None)
    mine.take(1_000)
    mine.close()
    assert spent(mine) == 1_000


def test_many_threads_take_what_the_budget_allows_and_not_one_more(database: Database) -> None:
    mine = purse(database, allowed=1_000)

    def tried(_: int) -> bool:
        try:
            mine.take(7)
        except BudgetSpent:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(tried, range(200))) == 1_000 // 7
    mine.close()
    assert spent(mine) == 1_000 // 7 * 7


def test_a_worker_that_was_given_up_takes_nothing_more_and_gives_nothing_back(database: Database) -> None:
    mine = purse(database, allowed=1_000)
    mine.take(10)
    with database.transaction() as session:
        jobs.finish(session, mine.duty.held, JobState.FAILED, error="Given up.", now=clock())
    with pytest.raises(Lost):
        mine.take(10 * QUESTIONS_A_LOT)
    with pytest.raises(Lost):
        mine.close()
    assert spent(mine) == 10 * QUESTIONS_A_LOT, "what it had set aside may have been spent"
