"""Lines over a run's steps."""

import re

import pytest

from backend.web.drawings.traces import Trace, axis_of, short, traces


def test_without_a_point_there_is_no_picture() -> None:
    assert traces([Trace([])], label="Loss", steps=10) == ""


def test_a_line_goes_from_step_nought_to_the_runs_last() -> None:
    drawn = traces([Trace([(0, 1.0), (5, 3.0)])], label="<Loss>", steps=10)
    assert 'aria-label="&lt;Loss&gt;"' in drawn
    assert re.findall(r'points="([^"]+)"', drawn) == ["0.00,184.00 50.00,12.00"]
    assert 'x="50.00%"' not in re.findall(r"<circle[^>]*>", drawn)


def test_the_second_line_and_a_first_point_alone_are_shown_as_points() -> None:
    assert traces([Trace([(1, 2.0)])], label="Loss", steps=5).count("<circle") == 1
    assert (
        traces([Trace([(1, 2.0), (2, 1.0)]), Trace([(1, 3.0), (2, 2.0)], "other")], label="", steps=2).count(
            '<circle class="other"'
        )
        == 2
    )


def test_thousands_of_points_are_thinned() -> None:
    drawn = traces([Trace([(float(x), float(x % 7)) for x in range(5000)])], label="", steps=5000)
    assert len(re.findall(r'points="([^"]+)"', drawn)[0].split()) == 300


@pytest.mark.parametrize(
    ("values", "from_zero", "low", "high"),
    [([1.3, 3.9], False, 1.0, 4.0), ([2e-3], True, 0.0, 2e-3), ([5.0, 5.0], False, 5.0, 5.02), ([0.0], True, 0.0, 0.0)],
)
def test_an_axis_ends_at_round_numbers_around_its_values(
    values: list[float], from_zero: bool, low: float, high: float
) -> None:
    axis = axis_of(values, from_zero=from_zero)
    assert axis.low <= min(values)
    assert axis.high >= max(values)
    assert axis.low == pytest.approx(low, abs=1e-9)
    assert axis.high == pytest.approx(high, rel=0.05, abs=1e-9)
    assert 2 <= len(axis.ticks) <= 7


@pytest.mark.parametrize(("value", "words"), [(0.002, "0.002"), (2.5, "2.5"), (12500, "12.5k"), (2e-5, "2e-05")])
def test_numbers_beside_an_axis_are_short(value: float, words: str) -> None:
    assert short(value) == words
