"""Slopes over a ladder against Student's t on the slope of each prompt."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from backend.domain.statistics.ladder import Slope, slope
from backend.domain.statistics.votes import Floats

AMOUNTS = [3.0, 3.5, 4.5]
RISING = np.array([[0, 0, 0.5], [0, 0.5, 0.5], [0.5, 0, 1], [0, 1, 1], [0.5, 0.5, 0.5], [0, 0, 1]])


def found(table: Floats, *, margin: float = 0.1, amounts: list[float] | None = None) -> Slope:
    """One vote a prompt and rung, each by a rater of its own. table: shape (prompts, rungs)."""
    prompt, candidate = (np.ravel(one) for one in np.indices(table.shape))
    rater = np.arange(table.size)
    return slope(table.ravel(), prompt, rater, candidate, amounts=amounts or AMOUNTS, margin=margin)


def test_the_slope_is_the_mean_slope_of_prompts_with_student_s_interval() -> None:
    """Least squares in each prompt by numpy, then scipy's t test of one sample."""
    each = np.polyfit(AMOUNTS, RISING.T, 1)[0]
    expected = stats.ttest_1samp(each, 0)
    interval, narrow = expected.confidence_interval(0.95), expected.confidence_interval(0.9)
    one = found(RISING)
    assert one.slope == pytest.approx(each.mean())
    assert (one.low, one.high) == pytest.approx((interval.low, interval.high))
    assert one.change == pytest.approx(1.5 * each.mean())
    assert (one.change_low, one.change_high) == pytest.approx((1.5 * narrow.low, 1.5 * narrow.high))
    assert (one.degrees_of_freedom, one.rungs, one.pairs) == (5, 3, 3)
    assert one.verdict == "changes"


def level(rows: Floats) -> Floats:
    """Prompts whose rungs differ by nothing but one deviation in twenty."""
    return np.concatenate(
        [np.tile(rows, (95, 1)), np.tile([[0.0, 0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]], (2, 1))]
    )


def test_a_ladder_is_flat_when_its_whole_change_and_every_pair_lie_within_the_margin() -> None:
    one = found(level(np.array([[0.5, 0.5, 0.5]])))
    assert one.change == pytest.approx(0, abs=0.02)
    assert (one.verdict, one.pairs_within_margin) == ("flat", 3)


def test_a_ladder_that_rises_and_falls_again_has_no_slope_and_is_not_flat() -> None:
    one = found(level(np.array([[0.0, 1.0, 0.0]])), amounts=[1.0, 2.0, 3.0])
    assert one.change is not None
    assert abs(one.change) < 0.02
    assert (one.verdict, one.pairs_within_margin) == ("undecided", 1)


def test_a_short_study_that_shows_no_change_is_undecided_not_flat() -> None:
    one = found(RISING[[1, 4, 0, 4]], margin=0.1)
    assert one.verdict == "undecided"


def test_rungs_without_votes_leave_nothing_to_say() -> None:
    one = found(RISING, amounts=[1.0, 2.0, 3.0, 5.0])
    assert (one.slope, one.low, one.change_high, one.verdict, one.method) == (None, None, None, "undecided", "no votes")


@pytest.mark.parametrize(
    ("amounts", "margin", "message"), [([2.0, 2.0, 2.0], 0.1, "two different amounts"), (AMOUNTS, 0.0, "above 0")]
)
def test_a_ladder_without_length_or_a_margin_of_nothing_is_refused(
    amounts: list[float], margin: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        found(RISING, amounts=amounts, margin=margin)


def test_a_slope_goes_into_json() -> None:
    json.dumps(asdict(found(RISING)), allow_nan=False)
