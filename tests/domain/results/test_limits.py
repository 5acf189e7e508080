"""What a size can't show, against the normal quantiles by hand."""

import pytest

from backend.domain.results.limits import smallest_shown
from backend.domain.statistics.intervals import Interval


def interval(mean: float | None, low: float | None, high: float | None, **changes: object) -> Interval:
    given = {"level": 0.95, "method": "prompts × raters", "prompts": 60, "raters": 30, "degrees_of_freedom": None}
    return Interval(mean, low, high, **(given | changes))


def test_four_of_five_studies_would_show_1_43_half_widths() -> None:
    """By hand: (1.959964 + 0.841621) / 1.959964 = 1.429406 half-widths of .1."""
    assert smallest_shown(interval(0.5, 0.4, 0.6)) == pytest.approx(0.1429406, abs=1e-7)


def test_few_degrees_of_freedom_take_students_quantiles() -> None:
    """By hand, from a table of t with 10 degrees of freedom: (2.228139 + 0.879058) / 2.228139."""
    found = smallest_shown(interval(0.5, 0.4, 0.6, degrees_of_freedom=10.0))
    assert found == pytest.approx(0.1 * 3.107197 / 2.228139, abs=1e-6)


def test_an_interval_cut_at_the_edge_is_measured_on_its_other_side() -> None:
    assert smallest_shown(interval(0.95, 0.85, 1.0)) == pytest.approx(0.1429406, abs=1e-7)


def test_without_variance_nothing_is_said() -> None:
    assert smallest_shown(interval(None, None, None, method="no votes")) is None
    assert smallest_shown(interval(1.0, 0.9, 1.0, method="Wilson on prompts")) is None
