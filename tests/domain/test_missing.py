"""Bounds of missing seats, worked out by hand."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.missing import Bounds, Missing, MissingSeats, missing

# (prompt, can't judge, returned, unfinished) of a comparison; nobody is excluded
Row = tuple[int, int, int, int]


def seats(*rows: Row) -> MissingSeats:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return MissingSeats(*columns, excluded=np.zeros_like(columns[0]))


def found(votes: list[tuple[float, int]], *rows: Row) -> Missing:
    """votes: (win score, prompt)."""
    win = np.array([score for score, _ in votes], dtype=np.float64)
    prompt = np.array([prompt for _, prompt in votes], dtype=np.int64)
    return missing(win, (win > 0).astype(np.float64), prompt, seats(*rows))


def test_every_missing_seat_counts_as_nothing_or_as_a_win() -> None:
    """By hand: prompt 7 has 1, ½ and a seat missing; prompt 9 has 0 and two missing; prompt 4 has 1, 1, 0."""
    one = found([(1, 7), (0.5, 7), (0, 9), (1, 4), (1, 4), (0, 4)], (7, 1, 0, 0), (9, 0, 1, 1), (4, 0, 0, 0))
    assert asdict(one.win_rate) == pytest.approx(
        {
            "observed": (3 / 4 + 0 + 2 / 3) / 3,
            "worst": (1.5 / 3 + 0 + 2 / 3) / 3,
            "best": (2.5 / 3 + 2 / 3 + 2 / 3) / 3,
        }
    )
    assert one.equal_or_better.observed == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert one.equal_or_better.worst == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)
    assert (one.rated, one.cant_judge, one.returned, one.unfinished, one.prompts_without_votes) == (6, 1, 1, 1, 0)


def test_a_prompt_nobody_rated_is_in_the_bounds_only() -> None:
    one = found([(1, 0)], (1, 3, 0, 0))
    assert one.win_rate == Bounds(observed=1.0, worst=0.5, best=1.0)
    assert one.prompts_without_votes == 1


def test_without_missing_seats_both_bounds_are_what_was_observed() -> None:
    assert found([(1, 0), (0, 0), (0.5, 1)]).win_rate == Bounds(0.5, 0.5, 0.5)


def test_a_system_that_nobody_rated_may_be_anything() -> None:
    assert found([], (0, 0, 0, 3)).win_rate == Bounds(None, 0.0, 1.0)


def test_a_system_without_seats_has_no_bounds() -> None:
    assert found([]).equal_or_better == Bounds(None, None, None)


def test_comparisons_of_one_prompt_add_up() -> None:
    assert found([(1, 0)], (0, 1, 0, 0), (0, 0, 2, 0)) == found([(1, 0)], (0, 1, 2, 0))


def test_missing_seats_go_into_json() -> None:
    json.dumps(asdict(found([(1, 0)], (0, 1, 2, 0))), allow_nan=False)


def test_columns_of_missing_seats_must_fit_and_count_up() -> None:
    one, two = np.zeros(1, dtype=np.int64), np.zeros(2, dtype=np.int64)
    with pytest.raises(ValueError, match="same length"):
        MissingSeats(one, one, two, one, one)
    with pytest.raises(ValueError, match="below 0"):
        seats((0, 0, -1, 0))


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 5)), max_size=20),
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 5)), max_size=20),
)
def test_whatever_the_missing_would_have_said_lies_within_the_bounds(
    rated: list[tuple[float, int]], would_be: list[tuple[float, int]]
) -> None:
    one = found(rated, *((prompt, 0, 1, 0) for _, prompt in would_be)).win_rate
    complete = found([*rated, *would_be]).win_rate
    if complete.observed is not None:
        assert one.worst is not None
        assert one.best is not None
        assert one.worst - 1e-9 <= complete.observed <= one.best + 1e-9
