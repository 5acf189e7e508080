"""Mixture boundaries against the unit tests of the confseq library and against sums done by hand."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from backend.domain.statistics.mixtures import (
    best_rho,
    beta_binomial_bound,
    beta_binomial_log_mixture,
    e_values,
    normal_bound,
    normal_log_mixture,
    normal_sequence,
    share,
)


@pytest.mark.parametrize(
    ("wins", "losses", "evidence"), [(44, 14, 481.641), (30, 20, 0.468424), (60, 40, 0.913050), (8, 2, 2.068687)]
)
def test_the_evidence_against_an_even_chance_is_arithmetic(wins: int, losses: int, evidence: float) -> None:
    """By hand with a flat prior: 2^n s! f! / (n + 1)!."""
    signs = np.repeat([1, -1], [wins, losses])
    assert exp(e_values(signs)[-1]) == pytest.approx(evidence, rel=2e-6)
    assert exp(e_values(-signs)[-1]) == pytest.approx(evidence, rel=2e-6)


@given(st.permutations([1] * 9 + [-1] * 4 + [0] * 3))
def test_evidence_ignores_ties_and_the_order_of_signs(signs: list[int]) -> None:
    assert e_values(np.array(signs))[-1] == pytest.approx(e_values(np.repeat([1, -1], [9, 4]))[-1])


@given(st.floats(0.5, 5), st.floats(0.5, 5), st.integers(1, 12))
def test_the_evidence_is_one_on_average_while_the_chance_is_even(wins: float, losses: float, n: int) -> None:
    """What makes it always valid, summed over all outcomes of n even decisions."""
    of_each = [exp(e_values(np.repeat([1, -1], [s, n - s]), wins=wins, losses=losses)[-1]) for s in range(n + 1)]
    assert float(stats.binom.pmf(np.arange(n + 1), n, 0.5) @ np.array(of_each)) == pytest.approx(1)


def test_signs_and_priors_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="signs are coded"):
        e_values(np.array([2]))
    with pytest.raises(ValueError, match="positive"):
        e_values(np.array([1]), wins=0)


def test_normal_mixtures_have_the_values_of_confseq() -> None:
    """Unit tests of confseq: s = 10, v = v_opt = 100, alpha = .05."""
    assert best_rho(100, 0.05) == pytest.approx(12.60056, abs=1e-5)
    assert normal_log_mixture(10, 100, best_at=100) == pytest.approx(-0.6510052, abs=1e-7)
    assert normal_bound(100, best_at=100) == pytest.approx(30.35209, abs=1e-5)
    assert normal_log_mixture(10, 100, best_at=100, one_sided=True) == pytest.approx(-0.06502391, abs=1e-8)
    assert normal_bound(100, best_at=100, one_sided=True) == pytest.approx(27.66071, abs=1e-5)


def test_beta_binomial_mixtures_have_the_values_of_confseq() -> None:
    """Unit tests of confseq: s = 10, v = v_opt = 100, g = .2, h = .8, alpha = .05."""
    assert beta_binomial_log_mixture(10, 100, best_at=100, below=0.2, above=0.8) == pytest.approx(-0.6941012, abs=1e-7)
    assert beta_binomial_bound(100, best_at=100, below=0.2, above=0.8) == pytest.approx(31.4308, abs=1e-4)


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


@given(st.floats(0.5, 500), st.floats(-5, 5), st.floats(1, 500))
def test_the_normal_mixture_is_the_integral_over_effects(variance: float, deviations: float, best_at: float) -> None:
    """The definition: exp(effect · s − effect² v / 2), averaged over normal effects of precision rho."""
    rho, total = best_rho(best_at, 0.05), deviations * variance**0.5
    peak, width = total / (variance + rho), (variance + rho) ** -0.5

    def part(effect: float) -> float:
        return exp(effect * total - effect**2 * variance / 2) * float(stats.norm.pdf(effect, scale=rho**-0.5))

    around = integrate.quad(part, peak - 9 * width, peak + 9 * width, points=[peak])[0]
    assert normal_log_mixture(total, variance, best_at=best_at) == pytest.approx(log(around), abs=1e-6)


@pytest.mark.parametrize("variance", [0.05, 1.0, 10.0, 1000.0])
def test_a_bound_is_where_the_mixture_reaches_the_threshold_or_what_can_be(variance: float) -> None:
    for one_sided in (True, False):
        bound = normal_bound(variance, best_at=20, one_sided=one_sided)
        assert normal_log_mixture(bound, variance, best_at=20, one_sided=one_sided) == pytest.approx(log(20))
    most = beta_binomial_bound(variance, best_at=20, below=0.5, above=0.5)
    reached = beta_binomial_log_mixture(most, variance, best_at=20, below=0.5, above=0.5)
    assert reached == pytest.approx(log(20)) if most < variance / 0.5 else reached < log(20)


def test_the_normal_sequence_is_its_bound_around_the_mean_and_only_narrows() -> None:
    """By hand at 200 values with mean .7: .7 ± the bound of variance 200/4, tightest at 100/4, over 200."""
    values = np.tile([1, 0, 1, 1, 0.5, 1, 0, 1, 1, 0.5], 20)
    found = normal_sequence(values, best_at=100)
    half = normal_bound(50, best_at=25) / 200
    assert found.low[-1] == pytest.approx(0.7 - half, abs=0.005)
    assert found.low[-1] >= 0.7 - half
    assert (np.diff(found.low) >= 0).all()
    assert (np.diff(found.high) <= 0).all()


def test_a_normal_sequence_of_drifting_values_says_that_no_mean_fits() -> None:
    found = normal_sequence(np.repeat([1.0, 0.0], 500))
    assert found.contradicted is not None
    assert (found.low <= found.high).all()
