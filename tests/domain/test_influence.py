"""Two-way clustered variances against sums worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.statistics.influence import clusters, covariance, interval, no_interval
from backend.domain.statistics.votes import Floats

PROMPT, RATER = np.repeat(np.arange(3), 5), np.tile(np.arange(5), 3)


def column(*values: float) -> Floats:
    return np.array(values)[:, None]


def test_prompts_plus_raters_less_cells_by_hand() -> None:
    """Influences: prompt 0 gives 1 for raters 0-3, prompt 1 gives 1 for rater 0, prompt 2 for raters 0-2.

    Sums of prompts 4, 1, 3, of raters 3, 2, 2, 1, 0: (16 + 1 + 9) · 3/2 + (9 + 4 + 4 + 1) · 5/4 - 8 · 15/14.
    """
    values = column(1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0)
    found = covariance(values, clusters(PROMPT, RATER))
    assert found.item() == pytest.approx(26 * 1.5 + 18 * 1.25 - 8 * 15 / 14)


def test_two_votes_of_a_rater_on_a_prompt_are_one_cell() -> None:
    """Every vote twice, half as strong: sums of prompts and raters as before, and so are those of cells."""
    values = column(1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0)
    twice = covariance(np.concatenate([values, values]) / 2, clusters(np.tile(PROMPT, 2), np.tile(RATER, 2)))
    assert twice == pytest.approx(covariance(values, clusters(PROMPT, RATER)))


def test_raters_of_one_vote_each_leave_the_variance_over_prompts() -> None:
    """By hand: sums of prompts 3, -3; of raters and of cells alike, and both are scaled by 6/5."""
    found = clusters(np.repeat([7, 9], 3), np.arange(6))
    assert covariance(column(1, 1, 1, -1, -1, -1), found).item() == pytest.approx((9 + 9) * 2)


def test_fewer_than_five_raters_are_a_fixed_panel() -> None:
    found = clusters(np.repeat([0, 1], 4), np.tile(np.arange(4), 2))
    assert found.method == "fixed panel, by influence"
    assert found.degrees_of_freedom == 1
    assert covariance(column(1, 0, 0, 0, -1, 0, 0, 0), found).item() == pytest.approx(4)


def test_no_variance_is_below_that_of_the_prompts_alone() -> None:
    """Raters cancel exactly, cells don't: prompts + raters - cells would be below prompts alone."""
    signs = np.array([1.0, -1, 1, -1, 1, -1])
    prompt, rater = np.repeat(np.arange(6), 6), np.tile(np.arange(6), 6)
    values = (0.1 + np.outer(signs, signs).ravel())[:, None]
    alone = covariance(values, clusters(prompt, np.zeros(36, dtype=np.int64)))
    assert covariance(values, clusters(prompt, rater)).item() == pytest.approx(alone.item())


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_covariances_are_positive_semidefinite_whatever_the_influences(seed: int) -> None:
    generator = np.random.default_rng(seed)
    found = clusters(generator.integers(0, 6, 30), generator.integers(0, 7, 30))
    spread = covariance(generator.standard_normal((30, 4)), found)
    assert spread == pytest.approx(spread.T)
    assert np.linalg.eigvalsh(spread).min() > -1e-9


@settings(deadline=None)
@given(st.permutations(range(15)))
def test_neither_the_order_of_votes_nor_their_ids_matter(order: list[int]) -> None:
    values = np.arange(15.0)[:, None]
    a = covariance(values, clusters(PROMPT, RATER))
    assert covariance(values[order], clusters(10**12 * PROMPT[order] - 5, 3 * RATER[order])) == pytest.approx(a)


def test_one_prompt_has_no_variance() -> None:
    with pytest.raises(ValueError, match="needs two"):
        covariance(column(1, 2), clusters(np.zeros(2, dtype=np.int64), np.arange(2)))


def test_an_interval_is_t_times_the_standard_error_in_the_unit_asked_for() -> None:
    """t(4) at .975 is 2.776 in any table: 3 prompts by 5 raters leave 2, t(2) is 4.303."""
    found = interval(0.1, 0.0004, clusters(PROMPT, RATER), level=0.95, unit=100)
    assert (found.mean, found.low, found.high) == pytest.approx((10, 10 - 4.3027 * 2, 10 + 4.3027 * 2), abs=1e-3)
    assert (found.method, found.degrees_of_freedom) == ("prompts × raters, by influence, few raters", 2)


def test_twenty_raters_are_not_few() -> None:
    assert clusters(np.arange(20), np.arange(20)).method == "prompts × raters, by influence"


def test_without_variation_or_reason_there_is_no_interval() -> None:
    found = clusters(PROMPT, RATER)
    assert interval(0.5, 0.0, found, level=0.95).method == "no variation"
    assert interval(0.5, 0.0, found, level=0.95).low is None
    assert (no_interval(found, "one order only", level=0.9).mean, no_interval(found, "x", level=0.9).method) == (
        None,
        "x",
    )
