"""The slopes of the three models against differences of their log-likelihoods, and the models' own identities."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.statistics.preference_likelihood import (
    PreferenceModel,
    davidson_probabilities,
    first_tie_parameter,
    natural,
    slopes,
)
from backend.domain.statistics.votes import Floats

STEP = 1e-4
differences = st.floats(-4, 4)
outcomes = st.tuples(*[st.floats(0, 9)] * 3)


def value(model: PreferenceModel, difference: float, tie: float, counts: Floats) -> float:
    return slopes(model, np.array([difference]), tie, counts).log_likelihood


@pytest.mark.parametrize("model", PreferenceModel)
@settings(deadline=None)
@given(difference=differences, tie=st.floats(0.1, 2), outcome=outcomes)
def test_slopes_are_the_derivatives_of_the_log_likelihood(
    model: PreferenceModel, difference: float, tie: float, outcome: tuple[float, float, float]
) -> None:
    counts = np.array([outcome])
    found = slopes(model, np.array([difference]), tie, counts)
    up, down = value(model, difference + STEP, tie, counts), value(model, difference - STEP, tie, counts)
    assert found.d[0] == pytest.approx((up - down) / (2 * STEP), abs=1e-4)
    assert found.dd[0] == pytest.approx(-(up - 2 * found.log_likelihood + down) / STEP**2, abs=1e-3)
    if not model.has_tie_parameter:
        assert (found.t[0], found.dt[0], found.tt[0]) == (0, 0, 0)
        return
    later = slopes(model, np.array([difference]), tie + STEP, counts)
    earlier = slopes(model, np.array([difference]), tie - STEP, counts)
    assert found.t[0] == pytest.approx((later.log_likelihood - earlier.log_likelihood) / (2 * STEP), abs=1e-3)
    assert found.dt[0] == pytest.approx(-(later.d[0] - earlier.d[0]) / (2 * STEP), abs=1e-3)
    assert found.tt[0] == pytest.approx(-(later.t[0] - earlier.t[0]) / (2 * STEP), abs=1e-2, rel=1e-4)


@settings(deadline=None)
@given(difference=st.floats(-700, 700), tie=st.floats(-5, 5))
def test_davidson_s_probabilities_add_up_without_overflow_and_mirror(difference: float, tie: float) -> None:
    loss, even, win = davidson_probabilities(np.array([difference]), tie)
    assert loss + even + win == pytest.approx(1)
    assert davidson_probabilities(np.array([-difference]), tie)[0] == pytest.approx(win)


def test_davidson_s_ties_go_with_the_root_of_wins_times_losses() -> None:
    """The model's defining identity, P(tie) = v √(P(win) P(loss)), Davidson (1970), equation 2.1."""
    loss, even, win = davidson_probabilities(np.array([-1.0, 0.0, 2.5]), log(0.7))
    assert even == pytest.approx(0.7 * np.sqrt(win * loss))


@pytest.mark.parametrize("model", [PreferenceModel.DAVIDSON, PreferenceModel.RAO_KUPPER])
def test_a_fit_starts_where_equal_systems_tie_as_often_as_was_seen(model: PreferenceModel) -> None:
    """At no difference and 30 ties of 100, the slope by the tie parameter vanishes."""
    found = slopes(model, np.zeros(1), first_tie_parameter(model, 0.3), np.array([[35.0, 30.0, 35.0]]))
    assert found.t[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("model", [PreferenceModel.DAVIDSON, PreferenceModel.RAO_KUPPER])
def test_without_ties_both_models_are_bradley_and_terry_s(model: PreferenceModel) -> None:
    difference, counts = np.array([0.3, -1.2]), np.array([[3.0, 0, 4], [2, 0, 9]])
    plain = slopes(PreferenceModel.BRADLEY_TERRY, difference, None, counts)
    assert slopes(model, difference, None, counts).log_likelihood == plain.log_likelihood
    assert natural(model, None) == (0.0 if model == PreferenceModel.DAVIDSON else 1.0)
    assert natural(model, 0.5) == exp(0.5)
