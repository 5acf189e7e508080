"""Curves with few enough points to be drawn."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.domain.curves import thinned


def test_few_points_stay_as_they_are() -> None:
    assert thinned([(1, 2.0), (2, 3.0)], most=3) == [(1, 2.0), (2, 3.0)]


def test_of_many_neighbours_their_means_and_both_ends_are_left() -> None:
    points = [(float(x), float(x % 2)) for x in range(10)]
    assert thinned(points, most=4) == [(0, 0), (2.5, 0.5), (6.5, 0.5), (9, 1)]


def test_a_curve_of_two_points_is_none() -> None:
    with pytest.raises(ValueError, match="at most 2 points is none"):
        thinned([(1, 2.0)], most=2)


@given(some.integers(0, 2000), some.integers(3, 400))
def test_there_are_never_more_than_wanted_and_x_rises(number: int, most: int) -> None:
    found = thinned([(float(x), 1.0) for x in range(number)], most)
    assert len(found) == min(number, most)
    assert [x for x, _ in found] == sorted({x for x, _ in found})
    assert all(y == pytest.approx(1.0) for _, y in found)
