"""Agreement of two parties against tables by hand, published values, and the measures for any number of raters."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.statistics.agreement import NO_PAIRS, ONE_CATEGORY, gwet_ac1
from backend.domain.statistics.cohen import Paired, paired
from backend.domain.statistics.tables import table
from backend.domain.statistics.votes import Floats, Integers
from tests.domain.crowd import pandalm


def one_hot(label: Integers, categories: int) -> Floats:
    return (np.arange(categories)[:, None] == label).astype(np.float64)


def of_labels(one: Integers, other: Integers, categories: int) -> Paired:
    return paired(one, one_hot(other, categories), np.arange(len(one)))


def of_table(cells: list[list[int]]) -> Paired:
    rows = [(i, j) for i, row in enumerate(cells) for j, count in enumerate(row) for _ in range(count)]
    one, other = np.array(rows).T
    return of_labels(one, other, len(cells))


def test_two_by_two_by_hand() -> None:
    """20 and 15 of 50 agree, .7. Chance for κ: .5 · .6 + .5 · .4 = .5. For AC1: π = .55, 2 · .55 · .45 = .495."""
    found = of_table([[20, 5], [10, 15]])
    assert found.percent.value == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.kappa.chance == pytest.approx(0.5)
    assert found.ac1.value == pytest.approx((0.7 - 0.495) / 0.505)


def test_pandalm_s_people_have_their_published_kappas(shared_data: Path) -> None:
    votes, _ = pandalm(shared_data)
    label = votes.label.reshape(-1, 3)
    kappas = [of_labels(label[:, i], label[:, j], 3).kappa.value for i, j in ((0, 1), (0, 2), (1, 2))]
    assert sorted(round(value, 3) for value in kappas if value is not None) == [0.880, 0.880, 0.895]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=40))
def test_with_one_label_each_ac1_is_that_for_any_number_of_raters(rows: list[tuple[int, int]]) -> None:
    one, other = np.array(rows).T
    found = of_labels(one, other, 3).ac1
    unit = np.repeat(np.arange(len(rows)), 2)
    general = gwet_ac1(table(unit, np.array(rows).ravel(), categories=3))
    assert found.value == pytest.approx(general.value)
    assert found.standard_error == pytest.approx(general.standard_error, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((general.low, general.high))


def test_the_standard_errors_are_those_of_leaving_one_out() -> None:
    one, other = np.random.default_rng(1).integers(3, size=(2, 400))
    other = np.where(np.arange(400) % 3 == 0, other, one)
    found = of_labels(one, other, 3)
    left_out = [of_labels(np.delete(one, at), np.delete(other, at), 3) for at in range(400)]
    for name in ("percent", "kappa", "ac1"):
        values = np.array([getattr(each, name).value for each in left_out])
        jackknife = np.sqrt(399 / 400 * ((values - values.mean()) ** 2).sum())
        assert getattr(found, name).standard_error == pytest.approx(jackknife, rel=0.02)


def test_a_rater_drawn_at_random_agrees_by_the_share_of_votes() -> None:
    """Unit 1: two of three say what the judge says; unit 2: none of two."""
    shares = np.array([[2 / 3, 0.5], [1 / 3, 0.0], [0.0, 0.5]])
    assert paired(np.array([0, 1]), shares, np.arange(2)).percent.value == pytest.approx(1 / 3)


def test_units_of_one_cluster_count_as_one() -> None:
    one, other = np.array([0, 0, 1, 1, 0, 1] * 4), np.array([0, 1, 1, 1, 0, 0] * 4)
    alone = of_labels(one, other, 2).kappa
    clustered = paired(one, one_hot(other, 2), np.repeat(np.arange(6), 4)).kappa
    assert (alone.value, alone.clusters, clustered.clusters) == (clustered.value, 24, 6)
    assert alone.standard_error != clustered.standard_error


def test_where_nothing_can_be_said_the_reason_is() -> None:
    assert paired(np.zeros(0, np.int64), np.zeros((2, 0)), np.zeros(0, np.int64)).kappa.method == NO_PAIRS
    found = of_labels(np.zeros(5, np.int64), np.zeros(5, np.int64), 2)
    assert found.kappa.method == ONE_CATEGORY
    assert (found.percent.value, found.ac1.value) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("label", "shares", "says"),
    [
        ([0, 1, 1], np.ones((2, 2)) / 2, "every unit needs a label"),
        ([0, 0], np.ones((1, 2)), "at least two categories"),
        ([0, 2], np.ones((2, 2)) / 2, "labels are 0 to categories - 1"),
    ],
)
def test_columns_that_do_not_fit_are_refused(label: list[int], shares: Floats, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        paired(np.array(label), shares, np.arange(len(label)))
