"""So much in any minute: exact over every window, whoever asks and however late."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worker.engines.asked import Clock
from worker.engines.limits import MARGIN, MINUTE, Limit, Share


def taken(limit: Limit, clock: Clock, amount: int) -> Share:
    """A share, after the waits that the limit names."""
    while isinstance(share := limit.take(amount), float):
        assert 0 < share <= MINUTE + 2 * MARGIN
        clock.moment += share
    return share


def test_what_is_within_the_limit_is_had_at_once_and_the_next_waits_for_the_oldest_to_be_a_minute_old() -> None:
    clock = Clock(0.0)
    limit = Limit(2, clock)
    limit.take(1)
    clock.moment = 10.0
    limit.take(1)
    clock.moment = 15.0
    assert limit.take(1) == 45.0 + MARGIN
    clock.moment = 60.0
    assert isinstance(limit.take(1), Share)
    assert limit.take(1) == 10.0 + MARGIN


def test_no_limit_makes_nobody_wait() -> None:
    limit = Limit(None, Clock())
    assert all(isinstance(limit.take(1_000_000), Share) for _ in range(100))


def test_more_than_the_limit_is_had_but_alone() -> None:
    clock = Clock(0.0)
    limit = Limit(100, clock)
    limit.take(1)
    assert limit.take(500) == MINUTE + MARGIN
    clock.moment = 60.0
    assert isinstance(limit.take(500), Share)
    assert limit.take(1) == MINUTE + MARGIN


def test_what_was_too_much_is_given_back_and_what_was_too_little_is_owed() -> None:
    clock = Clock(0.0)
    limit = Limit(100, clock)
    share = limit.take(100)
    assert isinstance(share, Share)
    assert limit.take(10) == MINUTE + MARGIN
    limit.correct(share, 50)
    assert isinstance(limit.take(50), Share)
    limit.correct(share, 70)
    assert limit.take(10) == MINUTE + MARGIN


def test_a_correction_that_comes_after_the_minute_changes_nothing() -> None:
    clock = Clock(0.0)
    limit = Limit(100, clock)
    share = limit.take(100)
    assert isinstance(share, Share)
    clock.moment = 61.0
    limit.correct(share, 5)
    limit.take(100)
    assert limit.total == 100
    clock.moment = 200.0
    limit.take(1)
    assert limit.total == 1


@settings(deadline=None)  # a busy machine is no failure
@given(
    most=st.integers(1, 50),
    asked=st.lists(st.tuples(st.integers(1, 60), st.floats(0, 45)), min_size=1, max_size=60),
)
def test_no_window_of_a_minute_holds_more_than_the_limit_unless_one_alone_is_more(
    most: int, asked: list[tuple[int, float]]
) -> None:
    clock = Clock(0.0)
    limit = Limit(most, clock)
    shares = []
    for amount, later in asked:
        clock.moment += later
        shares.append(taken(limit, clock, amount))
    for last in shares:
        window = [one.amount for one in shares if one.moment <= last.moment < one.ends]
        assert sum(window) <= most or len(window) == 1
