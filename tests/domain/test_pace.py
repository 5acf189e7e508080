"""How fast a job goes, and how long it still takes: worked by hand."""

import pytest

from backend.domain.pace import Pace, pace


def test_thirty_answers_in_a_minute_leave_two_minutes_for_sixty_more() -> None:
    assert pace(30, 60.0, 60) == Pace(a_minute=30.0, seconds_left=120.0)


@pytest.mark.parametrize(("answered", "seconds"), [(0, 100.0), (4, 100.0), (500, 1.9), (5, 0.0)])
def test_nothing_is_promised_before_enough_is_known(answered: int, seconds: float) -> None:
    assert pace(answered, seconds, 100) is None


def test_a_job_that_halts_slows_down_while_one_looks() -> None:
    before, after = pace(10, 10.0, 10), pace(10, 60.0, 10)
    assert before is not None
    assert after is not None
    assert after.a_minute == before.a_minute / 6
    assert after.seconds_left == 6 * before.seconds_left


def test_nothing_left_takes_no_time() -> None:
    assert pace(10, 10.0, 0) == Pace(60.0, 0.0)
