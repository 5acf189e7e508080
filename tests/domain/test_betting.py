"""The betting sequence against values computed independently with the published reference implementation's rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.betting import hedged

# A made-up sequence of 200 values with mean .7.
TENTHS = np.tile([1, 0, 1, 1, 0.5, 1, 0, 1, 1, 0.5], 20)
scores = st.lists(st.sampled_from([0.0, 1 / 6, 1 / 3, 0.5, 2 / 3, 5 / 6, 1.0]), min_size=1, max_size=150)


@pytest.mark.parametrize(
    ("seen", "low", "high"), [(10, 0.302, 0.980), (50, 0.524, 0.854), (100, 0.572, 0.820), (200, 0.606, 0.792)]
)
def test_each_interval_on_its_own_has_the_reference_values(seen: int, low: float, high: float) -> None:
    """Computed once with the hedged process of Waudby-Smith and Ramdas on the same 1,000 breaks."""
    found = hedged(TENTHS, running_intersection=False)
    assert (found.low[seen - 1], found.high[seen - 1]) == pytest.approx((low, high), abs=1e-9)


def test_bets_planned_for_one_look_give_the_reference_interval() -> None:
    """Computed once with their fixed-size betting interval, which takes the running intersection."""
    found = hedged(TENTHS, planned=len(TENTHS))
    assert (found.low[-1], found.high[-1]) == pytest.approx((0.616, 0.770), abs=1e-9)


def by_hand(values: list[float]) -> tuple[int, int]:
    """(first, last) of 51 means that neither gambler has grown rich against after all values, one mean at a time."""
    alive = []
    for step in range(51):
        mean, up, down = step / 50, 1.0, 1.0
        total, squares = 0.5, 0.25
        for seen, value in enumerate(values, start=1):
            bet = np.sqrt(2 * np.log(40) / (squares / seen * seen * np.log(1 + seen)))
            up *= 1 + (min(bet, 0.5 / mean) if mean else bet) * (value - mean)
            down *= 1 - (min(bet, 0.5 / (1 - mean)) if mean < 1 else bet) * (value - mean)
            total += value
            squares += (value - total / (seen + 1)) ** 2
        if max(up, down) / 2 <= 20:
            alive.append(step)
    return min(alive), max(alive)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40))
def test_capital_in_blocks_of_logarithms_is_capital_multiplied_out(values: list[float]) -> None:
    found = hedged(np.array(values), breaks=50, running_intersection=False)
    first, last = by_hand(values)
    if found.contradicted is None:
        assert found.low[-1] == pytest.approx(max(0.0, (first - 1) / 50))
        assert found.high[-1] == pytest.approx(min(1.0, (last + 1) / 50))


@given(scores)
def test_the_running_intersection_is_the_intersection_of_all_intervals_so_far(values: list[float]) -> None:
    alone, running = hedged(np.array(values), running_intersection=False), hedged(np.array(values))
    if running.contradicted is None:
        assert running.low == pytest.approx(np.maximum.accumulate(alone.low))
        assert running.high == pytest.approx(np.minimum.accumulate(alone.high))


@given(scores)
def test_swapping_candidate_and_baseline_mirrors_the_sequence(values: list[float]) -> None:
    one, other = hedged(np.array(values)), hedged(1 - np.array(values))
    assert other.low == pytest.approx(1 - one.high, abs=1e-9)
    assert other.high == pytest.approx(1 - one.low, abs=1e-9)


@given(scores, scores)
def test_later_values_never_change_an_earlier_interval(values: list[float], more: list[float]) -> None:
    short, long = hedged(np.array(values)), hedged(np.array(values + more))
    assert np.array_equal(long.low[: len(values)], short.low)
    assert np.array_equal(long.high[: len(values)], short.high)


def test_less_alpha_gives_a_wider_sequence() -> None:
    strict, loose = hedged(TENTHS, alpha=0.005), hedged(TENTHS, alpha=0.05)
    assert strict.level == 0.995
    assert (strict.low <= loose.low).all()
    assert (strict.high >= loose.high).all()
    assert strict.high[-1] - strict.low[-1] > loose.high[-1] - loose.low[-1]


@pytest.mark.parametrize("running", [True, False])
def test_values_that_drift_leave_no_mean_and_that_is_said(running: bool) -> None:
    """500 wins and then 500 losses: no mean fits both, and the interval stands still from there on."""
    found = hedged(np.repeat([1.0, 0.0], 500), running_intersection=running)
    if running:
        assert found.contradicted is not None
        assert 500 < found.contradicted <= 1000
        assert found.low[-1] == found.low[found.contradicted - 2]
    else:
        assert found.low[-1] < found.low[499]
    assert (found.low <= found.high).all()


def test_without_values_there_is_nothing_to_show() -> None:
    assert len(hedged(np.zeros(0))) == 0


@pytest.mark.parametrize("values", [[1.1], [-0.1], [float("nan")]])
def test_values_outside_their_bounds_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        hedged(np.array(values))


@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
def test_an_alpha_that_is_no_chance_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha lies between 0 and 1"):
        hedged(TENTHS, alpha=alpha)
