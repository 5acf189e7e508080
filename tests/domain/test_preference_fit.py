"""Where Newton's method has to take care: steps that are too long, columns that say nothing, likelihoods that fall."""

from math import log

import numpy as np
import pytest

from backend.domain.statistics.preference_design import Design, condensed, designed, kinds_of
from backend.domain.statistics.preference_fit import NoMaximumError, at, climbed, gradient, maximise
from backend.domain.statistics.preference_likelihood import PreferenceModel
from tests.domain.pairs import pair_votes


def design(wins: int, ties: int, losses: int) -> Design:
    votes = pair_votes({(1, 0): (wins, ties, losses)})
    kinds = kinds_of(votes.left, votes.right, votes.order, votes.preference)
    return condensed(kinds, systems=2, with_order=False)


@pytest.mark.parametrize("model", PreferenceModel)
@pytest.mark.parametrize("counts", [(999_999, 1, 1), (1, 5000, 1), (3000, 1, 2), (1, 1, 1), (40, 1, 4000)])
def test_very_unequal_counts_reach_their_maximum(model: PreferenceModel, counts: tuple[int, int, int]) -> None:
    """The gradient vanishes there, also where the first whole step would make Rao–Kupper's h negative."""
    fit = maximise(design(*counts), model)
    slope = gradient(fit.design, at(fit.design, model, fit.theta, fit.has_tie), fit.has_tie)
    assert np.abs(slope).max() < 1e-6 * sum(counts)


def test_a_step_that_is_too_long_is_halved_until_it_gains() -> None:
    """From 0 the maximum lies at log 3; a step of 16 overshoots, 8, 4 and 2 still gain nothing or something."""
    balanced = design(30, 0, 10)
    start = at(balanced, PreferenceModel.BRADLEY_TERRY, np.zeros(1), has_tie=False)
    theta, found = climbed(balanced, PreferenceModel.BRADLEY_TERRY, np.zeros(1), np.array([16.0]), start, has_tie=False)
    assert found.log_likelihood > start.log_likelihood
    assert 0 < theta[0] < 2 * log(3) + 1


def test_a_step_downhill_is_refused() -> None:
    tilted = design(30, 0, 10)
    start = at(tilted, PreferenceModel.BRADLEY_TERRY, np.zeros(1), has_tie=False)
    with pytest.raises(NoMaximumError, match="no step raises the likelihood"):
        climbed(tilted, PreferenceModel.BRADLEY_TERRY, np.zeros(1), np.array([-1e12]), start, has_tie=False)


def test_a_covariate_that_is_always_zero_has_no_estimate() -> None:
    ones, outcome = np.ones(4, dtype=np.int64), np.array([0, 2, 2, 2])
    empty = designed(ones, ones - 1, outcome, np.zeros((4, 1)), systems=2)
    with pytest.raises(NoMaximumError, match="can't be told apart"):
        maximise(empty, PreferenceModel.BRADLEY_TERRY)


def test_weights_count_like_votes() -> None:
    """By hand: wins weighing 3 and a loss weighing 1 have the log-odds log 3."""
    ones = np.ones(2, dtype=np.int64)
    weighed = designed(ones, ones - 1, np.array([2, 0]), np.zeros((2, 0)), systems=2, weight=np.array([3.0, 1.0]))
    assert maximise(weighed, PreferenceModel.BRADLEY_TERRY).theta[0] == pytest.approx(log(3))


@pytest.mark.parametrize("model", PreferenceModel)
def test_ratings_that_grow_together_with_the_order_are_no_estimate(model: PreferenceModel) -> None:
    """By hand: both systems win whenever they are shown first, so their ratings and the order can grow without end.

    At such ratings rounding lets Newton's steps vanish, which is no maximum.
    """
    first = [(1, 2)] * 3 + [(2, 2)] * 2
    second = [(1, 2)] * 2 + [(1, 1)] + [(1, 0)] * 3 + [(2, 0)] + [(2, 1)] * 2
    left, outcome = np.array([*first, *second]).T
    order = np.array([1] * len(first) + [-1] * len(second))
    both = condensed(kinds_of(left, np.zeros_like(left), order, outcome - 1), systems=3, with_order=True)
    with pytest.raises(NoMaximumError, match="separated"):
        maximise(both, model)


@pytest.mark.parametrize("model", [PreferenceModel.DAVIDSON, PreferenceModel.RAO_KUPPER])
def test_ties_alone_say_nothing_whatever_they_weigh(model: PreferenceModel) -> None:
    """The sum of these weights and the sum of the table that holds them differ in the last digit."""
    weight = np.array([1, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1])
    ones = np.ones(len(weight), dtype=np.int64)
    ties = designed(ones, ones - 1, ones, np.zeros((len(weight), 0)), systems=2, weight=weight)
    with pytest.raises(NoMaximumError, match="every vote is a tie"):
        maximise(ties, model)
