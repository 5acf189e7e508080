"""Variance components against the same moments worked out with whole matrices."""

import numpy as np
import pytest

from backend.domain.statistics.variance import by_moments, components, crossing
from backend.domain.statistics.votes import Floats, Integers


def by_traces(scores: Floats, prompt: Integers, rater: Integers) -> Floats:
    """Henderson's method I: each sum of squares is y'Ay, and its expectation per component s² of ZZ' is tr(A ZZ')."""
    one, of_prompts, of_raters = (
        np.ones((len(scores), 1)),
        np.eye(prompt.max() + 1)[prompt],
        np.eye(rater.max() + 1)[rater],
    )

    def onto(columns: Floats) -> Floats:
        return np.asarray(columns @ np.linalg.inv(columns.T @ columns) @ columns.T)

    forms = [onto(of_prompts) - onto(one), onto(of_raters) - onto(one), np.eye(len(scores)) - onto(one)]
    parts = [of_prompts @ of_prompts.T, of_raters @ of_raters.T, np.eye(len(scores))]
    expected = [[np.trace(form @ part) for part in parts] for form in forms]
    return np.linalg.solve(expected, [scores @ form @ scores for form in forms])


@pytest.mark.parametrize("repeats", [1, 2], ids=["a vote a cell", "some raters vote twice"])
def test_components_solve_the_expected_sums_of_squares(repeats: int) -> None:
    generator = np.random.default_rng(8)
    prompt = np.repeat(np.arange(12), 3)
    rater = np.concatenate([generator.permutation(6)[:3] for _ in range(12)])
    prompt, rater = (np.concatenate([column, column[: 9 * (repeats - 1)]]) for column in (prompt, rater))
    scores = generator.normal(0, 1, 12)[prompt] + generator.normal(0, 1, 6)[rater] + generator.normal(0, 1, len(prompt))
    expected = by_traces(scores, prompt, rater)
    assert (expected > 0).all()
    assert components(scores, crossing(prompt, rater)) == pytest.approx(expected)


def test_a_component_is_never_below_zero() -> None:
    """Prompts differ less than chance: every prompt has one win and one loss."""
    found = components(np.tile([1.0, 0.0], 6), crossing(np.repeat(np.arange(6), 2), np.arange(12)))
    assert found[0] == 0.0
    assert (found >= 0).all()


def test_what_a_negative_component_took_goes_back_to_the_others() -> None:
    """By hand: six prompts of equal means, twelve raters of one vote. 5 s² = 0, 11 s² = 3 and again: s² = 66 / 267."""
    scores, found = np.tile([1.0, 0.0], 6), crossing(np.repeat(np.arange(6), 2), np.arange(12))
    solved = components(scores, found)
    assert solved[1] + solved[2] == pytest.approx(66 / 267)


def test_raters_of_one_vote_leave_the_degrees_of_freedom_of_raters() -> None:
    """By hand: twelve raters of one vote have no rest to be told from, and prompts no part: 12 - 1 are left."""
    scores, found = np.tile([1.0, 0.0], 6), crossing(np.repeat(np.arange(6), 2), np.arange(12))
    assert by_moments(scores, found)[1] == pytest.approx(11)


def test_a_component_of_nought_leaves_its_degrees_of_freedom_to_the_rest() -> None:
    """By hand: in a balanced table of 4 x 6 without prompt and rater effects 24 - 1 are left, and V = s² / 24."""
    prompt, rater = (np.ravel(one) for one in np.indices((4, 6)))
    scores, found = ((prompt + rater) % 2).astype(np.float64), crossing(prompt, rater)
    variance, freedom = by_moments(scores, found)
    assert freedom == pytest.approx(23)
    assert variance == pytest.approx(components(scores, found)[2] / 24)


def test_equal_loads_make_as_many_effective_raters_as_there_are() -> None:
    """By hand: loads 3, 1, 1, 1 of 6 make 36 / 12 = 3."""
    assert crossing(np.arange(8), np.arange(8) % 4).effective_raters == pytest.approx(4)
    assert crossing(np.arange(6), np.array([0, 0, 0, 1, 2, 3])).effective_raters == pytest.approx(3)
