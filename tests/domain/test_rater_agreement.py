"""One rater against the rest, against cases worked out by hand."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.intervals import wilson, wilson_bounds
from backend.domain.statistics.rater_agreement import FEWEST_SHARED, WithRest, human_ceiling, per_rater
from backend.domain.statistics.tables import table
from backend.domain.statistics.votes import Integers


def rows(*units: str) -> tuple[Integers, Integers, Integers]:
    """(unit, rater, label): one word a unit, one digit a rating, from 1; a dot is a rater who did not rate."""
    found = [
        (number, rater, int(digit) - 1)
        for number, word in enumerate(units)
        for rater, digit in enumerate(word)
        if digit != "."
    ]
    array = np.array(found, dtype=np.int64).reshape(-1, 3)
    return array[:, 0], array[:, 1], array[:, 2]


def test_the_ceiling_by_hand() -> None:
    """113: the others are 13, 13, 11; equal pairs 1/3; majority ½, ½, 0; one, one and two of two steps from the mean.

    111: 1 on every measure.
    """
    unit, _, label = rows("113", "111")
    found = human_ceiling(table(unit, label, categories=3))
    assert found.one_other.value == pytest.approx((1 / 3 + 1) / 2)
    assert found.majority.value == pytest.approx(((0.5 + 0.5 + 0) / 3 + 1) / 2)
    assert found.mean.value == pytest.approx(((0.5 + 0.5 + 0) / 3 + 1) / 2)


def test_the_majority_of_the_others_is_a_harder_mark_to_miss_than_one_other() -> None:
    """By hand, 11112: a 1 meets 1112 (¾ of the others, majority 1), the 2 meets 1111: 4/5 · ¾ and 4/5."""
    unit, _, label = rows("11112")
    found = human_ceiling(table(unit, label, categories=2))
    assert found.one_other.value == pytest.approx(0.6)
    assert found.majority.value == pytest.approx(0.8)


def test_a_ceiling_needs_comparisons_with_two_ratings() -> None:
    unit, _, label = rows("1", "2")
    assert human_ceiling(table(unit, label, categories=2)).majority.value is None


def test_each_rater_against_the_rest_by_hand() -> None:
    """Sixteen comparisons of three raters: 112 eight times, 222 eight times.

    Raters 0, 1: on 112 half of the others agree, on 222 all: ¾. Their labels are ½, ½; the others' ¼ + 0, ¼ + ½:
    chance ½ · ¼ + ½ · ¾ = ½, so corrected ½. Rater 2: 0 and 1: ½; always 2, as the others ½ of the time: nothing left.
    """
    first, _, third = per_rater(*rows(*["112", "222"] * 8), categories=2)
    assert (first.ratings, first.shared, first.agreement, first.chance) == (16, 16, 0.75, 0.5)
    assert first.corrected == pytest.approx(0.5)
    assert (first.low, first.high) == pytest.approx(wilson(12, 16))
    assert (third.agreement, third.chance, third.corrected) == (0.5, 0.5, 0.0)


def test_a_comparison_nobody_else_rated_says_nothing() -> None:
    found = per_rater(*rows(*["11"] * 11, "1."), categories=2)[0]
    assert (found.ratings, found.shared, found.too_few, found.agreement) == (12, FEWEST_SHARED - 1, True, None)


def test_raters_who_all_say_one_thing_agree_and_nothing_can_be_corrected() -> None:
    found = per_rater(*rows(*["111"] * 12), categories=3)[0]
    assert (found.agreement, found.chance, found.corrected, found.too_few) == (1.0, 1.0, None, False)


def test_without_ratings_there_are_no_raters() -> None:
    assert per_rater(*rows(), categories=3) == ()


@given(st.lists(st.text("123.", min_size=3, max_size=3), min_size=12, max_size=30), st.integers(0, 99))
def test_the_order_of_rows_never_matters(units: list[str], seed: int) -> None:
    unit, rater, label = rows(*units)
    order = np.random.default_rng(seed).permutation(len(unit))
    a, b = per_rater(unit, rater, label, categories=3), per_rater(unit[order], rater[order], label[order], categories=3)
    assert [rounded(one) for one in a] == [rounded(one) for one in b]


def rounded(one: WithRest) -> list[object]:
    return [round(value, 9) if isinstance(value, float) else value for value in astuple(one)]


def test_wilson_s_bounds_are_those_of_the_scalar_function() -> None:
    successes, trials = np.array([0.0, 2.5, 7.0, 40.0]), np.array([5, 5, 7, 60])
    low, high = wilson_bounds(successes, trials, level=0.9)
    expected = [wilson(s, t, level=0.9) for s, t in zip(successes.tolist(), trials.tolist(), strict=True)]
    np.testing.assert_allclose(np.stack([low, high], axis=1), expected)
    assert np.isnan(wilson_bounds(np.zeros(1), np.zeros(1, dtype=np.int64))[0]).all()
