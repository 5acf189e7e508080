"""Sizes and differences against figures worked out for the paper's study, and against the exact binomial test."""

from math import inf

import pytest
from scipy import stats

from backend.domain.statistics.sample_sizes import (
    design_effect,
    detectable,
    difference_variance,
    half_width,
    student,
)

# The paper: 255 prompts, about 70 % of its majorities equal or better: a 0/1 score with variance .7 × .3.
PAPER, PROMPTS = 0.7 * 0.3, 255


def test_the_papers_size_has_an_interval_of_5_6_points_either_way() -> None:
    assert half_width(PAPER / PROMPTS) == pytest.approx(0.056, abs=5e-4)


@pytest.mark.parametrize("freedom", [1, 3.7, 29, 4_999, inf])
def test_student_s_quantile_is_scipy_s(freedom: float) -> None:
    assert student(0.95, freedom) == stats.t.ppf(0.975, freedom)


@pytest.mark.parametrize(("pairing", "points"), [(0.3, 9.5), (0.0, 11.4)])
def test_the_papers_size_finds_no_smaller_difference_between_two_checkpoints(pairing: float, points: float) -> None:
    assert 100 * detectable(difference_variance(PAPER / PROMPTS, pairing)) == pytest.approx(points, abs=0.05)


@pytest.mark.parametrize(("icc", "effect"), [(0.05, 1.49), (0.1, 1.98)])
def test_raters_who_are_like_themselves_inflate_the_variance(icc: float, effect: float) -> None:
    """765 votes of 71 raters: by hand 1 + (10.77 − 1) × ICC."""
    assert design_effect(765 / 71, icc) == pytest.approx(effect, abs=0.005)
