"""Mixture boundaries against the unit tests of the confseq library and against sums done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.mixtures import (
    best_rho,
    beta_binomial_log_mixture,
    normal_sequence,
    share,
)


def test_the_mixing_precision_has_the_value_of_confseq() -> None:
    """Unit tests of confseq: v_opt = 100, alpha = .05."""
    assert best_rho(100, 0.05) == pytest.approx(12.60056, abs=1e-5)


def test_the_beta_binomial_mixture_has_the_value_of_confseq() -> None:
    """Unit tests of confseq: s = 10, v = v_opt = 100, g = .2, h = .8, alpha = .05."""
    assert beta_binomial_log_mixture(10, 100, best_at=100, below=0.2, above=0.8) == pytest.approx(-0.6941012, abs=1e-7)


@pytest.mark.parametrize(
    ("successes", "trials", "best_at", "low", "high"),
    [(700, 1000, 100, 0.651629, 0.745949), (15, 50, 50, 0.129556, 0.511896)],
)
def test_the_interval_of_a_share_has_the_values_of_confseq(
    successes: int, trials: int, best_at: float, low: float, high: float
) -> None:
    assert share(successes, trials, best_at=best_at) == pytest.approx((low, high), abs=2e-6)


@given(st.integers(1, 300), st.floats(0, 1))
def test_a_share_is_in_its_interval_and_mirrors(trials: int, part: float) -> None:
    successes = round(part * trials)
    low, high = share(successes, trials, best_at=100)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = share(trials - successes, trials, best_at=100)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_a_share_of_nothing_or_beyond_the_trials_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="a share needs trials"):
        share(successes, trials, best_at=100)


def test_the_normal_sequence_is_its_bound_around_the_mean_and_only_narrows() -> None:
    """400 values with mean .7 vary by at most 100: ± the bound of confseq's unit test at v = v_opt = 100, over 400."""
    values = np.tile([1, 0, 1, 1, 0.5, 1, 0, 1, 1, 0.5], 40)
    found = normal_sequence(values, best_at=400)
    half = 30.35209 / 400
    assert found.low[-1] == pytest.approx(0.7 - half, abs=0.005)
    assert found.low[-1] >= 0.7 - half - 1e-8
    assert (np.diff(found.low) >= 0).all()
    assert (np.diff(found.high) <= 0).all()


def test_a_normal_sequence_of_drifting_values_says_that_no_mean_fits() -> None:
    found = normal_sequence(np.repeat([1.0, 0.0], 500))
    assert found.contradicted is not None
    assert (found.low <= found.high).all()
