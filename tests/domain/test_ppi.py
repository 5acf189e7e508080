"""Prediction-powered means against values computed independently with the ppi-python package, and by simulation."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.ppi import best_tuning, estimate
from backend.domain.statistics.votes import Floats

HUMAN = np.array([1, 0, 0.5, 1, 0, 1, 0, 0, 0.5, 1])
JUDGED = np.array([1, 0, 1, 1, 0.5, 1, 0, 0.5, 0.5, 1])
OTHERS = np.array([1, 1, 0, 0.5, 1, 0, 1, 0.5, 0, 1, 1, 0, 0.5, 1, 1, 0, 1, 0.5, 0.5, 1])


@pytest.mark.parametrize(
    ("tuning", "mean", "low", "high"),
    [
        (1.0, 0.475, 0.24439168, 0.70560832),
        (None, 0.48540268, 0.28349514, 0.68731023),
        (0.0, 0.5, 0.22281924, 0.77718076),
    ],
)
def test_means_and_intervals_have_the_values_of_ppi_python(
    tuning: float | None, mean: float, low: float, high: float
) -> None:
    """Computed once with ppi-python 0.2.3 on the same made-up scores; it takes variances over n."""
    found = estimate(HUMAN, JUDGED, OTHERS, tuning=tuning, large_sample=True)
    assert (found.mean, found.low, found.high) == pytest.approx((mean, low, high), abs=1e-8)
    assert (found.labelled, found.unlabelled, found.degrees_of_freedom) == (10, 20, None)


def test_the_tuning_has_the_value_of_ppi_python() -> None:
    assert best_tuning(HUMAN, JUDGED, OTHERS) == pytest.approx(0.5838926, abs=1e-7)


def test_by_default_few_prompts_get_student_s_quantile_and_variances_over_n_minus_one() -> None:
    """By hand, without the judge: .5 ± t(9) at .975, which is 2.262 in any table, × √(1.8... / 9 / 10)."""
    found = estimate(HUMAN, JUDGED, OTHERS, tuning=0.0)
    half = 2.2621572 * sqrt(((HUMAN - 0.5) ** 2).sum() / 9 / 10)
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5 - half, 0.5 + half))
    assert found.degrees_of_freedom == 9
    assert found.effective_size == pytest.approx(10)


def test_from_fifty_prompts_on_the_quantile_is_the_normal_one() -> None:
    found = estimate(np.tile(HUMAN, 5), np.tile(JUDGED, 5), OTHERS)
    assert found.degrees_of_freedom is None
    half = (found.high - found.low) / 2
    elsewhere = found.tuning**2 * OTHERS.var(ddof=1) / 20
    rest = (np.tile(HUMAN, 5) - found.tuning * np.tile(JUDGED, 5)).var(ddof=1) / 50
    assert half == pytest.approx(stats.norm.ppf(0.975) * sqrt(elsewhere + rest))


def test_the_effective_size_is_how_many_human_prompts_would_say_as_much() -> None:
    """By hand: n times the variance without the judge over the variance with it."""
    alone, powered = estimate(HUMAN, JUDGED, OTHERS, tuning=0.0), estimate(HUMAN, JUDGED, OTHERS)
    narrowed = (powered.high - powered.low) / (alone.high - alone.low)
    assert powered.effective_size == pytest.approx(10 / narrowed**2)
    assert powered.effective_size > 10


def test_several_rows_of_a_prompt_count_as_one() -> None:
    """Rows doubled, and twice as many others: nothing was learned, so nothing may change."""
    prompts, others = np.arange(10), np.arange(20)
    doubled = estimate(
        np.tile(HUMAN, 2),
        np.tile(JUDGED, 2),
        np.tile(OTHERS, 2),
        prompt=np.tile(prompts, 2),
        unlabelled_prompt=np.tile(others, 2),
    )
    assert doubled == estimate(HUMAN, JUDGED, OTHERS)


@given(st.permutations(range(10)), st.permutations(range(20)))
def test_the_order_of_prompts_does_not_matter(order: list[int], others: list[int]) -> None:
    a, b = estimate(HUMAN, JUDGED, OTHERS), estimate(HUMAN[order], JUDGED[order], OTHERS[others])
    assert (b.mean, b.low, b.high, b.tuning) == pytest.approx((a.mean, a.low, a.high, a.tuning))


def test_a_judge_that_says_always_the_same_or_the_opposite_is_not_trusted() -> None:
    for judge in (np.full(10, 0.5), 1 - HUMAN):
        found = estimate(HUMAN, judge, np.full(20, 0.5) if judge.std() == 0 else OTHERS)
        assert (found.tuning, found.mean) == (0.0, 0.5)
        assert found.effective_size == pytest.approx(10)


def test_scores_without_any_spread_leave_an_effective_size_of_what_was_rated() -> None:
    found = estimate(np.ones(4), np.ones(4), np.ones(3))
    assert (found.mean, found.low, found.high, found.effective_size) == (1.0, 1.0, 1.0, 4.0)


def simulated(generator: np.random.Generator, n: int, others: int) -> tuple[Floats, Floats, Floats]:
    """Human scores around a latent quality whose mean is one half, and a judge who sees it as badly, .1 too high."""
    latent = generator.normal(size=n + others)
    human = (latent + generator.normal(size=n + others) > 0).astype(np.float64)
    judge = stats.norm.cdf(latent + generator.normal(size=n + others)) * 0.9 + 0.1
    return human[:n], judge[:n], judge[n:]


def test_intervals_hold_the_mean_although_the_judge_is_biased() -> None:
    """2,000 seeded runs of 30 rated prompts; three standard errors of a simulated share of .95 are .015."""
    generator = np.random.default_rng(7)
    found = [estimate(*simulated(generator, 30, 300)) for _ in range(2000)]
    assert abs(np.mean([one.low <= 0.5 <= one.high for one in found]) - 0.95) < 0.015
    assert np.mean([one.effective_size for one in found]) > 36


@pytest.mark.parametrize(
    ("human", "judged", "others", "says"),
    [
        ([1.0], [1.0], [1.0], "two prompts"),
        ([1.0, 0.0], [1.0, 0.0], [], "one without"),
        ([1.0, 0.0], [1.0], [1.0], "beside it"),
        ([1.0, np.nan], [1.0, 0.0], [1.0], "not finite"),
    ],
)
def test_what_no_estimate_can_be_made_of_is_refused(
    human: list[float], judged: list[float], others: list[float], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        estimate(np.array(human), np.array(judged), np.array(others))
