"""Coefficients of agreement against published values, the packages irrCAC and krippendorff, and cases by hand."""

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.statistics.agreement import (
    NO_PAIRS,
    ONE_CATEGORY,
    Agreement,
    Measure,
    Scale,
    agreement,
    fleiss,
    gwet_ac1,
    krippendorff,
    percent,
)
from backend.domain.statistics.intervals import wilson
from backend.domain.statistics.tables import Table, table
from backend.domain.statistics.votes import Floats, Integers
from tests.domain.crowd import crowd, pandalm

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011): four raters, twelve units, values 1 to 5.
CANONICAL = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
# Ten units, three raters, three categories: made up, and run through irrCAC.
TOY = ("112", "222", "132", "331", "111", "223", "121", "311", "111", "233")


def rows(*units: str) -> tuple[Integers, Integers]:
    """(unit, label) of ratings written one word a unit, one digit a rating, from 1."""
    pairs = [(number, int(digit) - 1) for number, word in enumerate(units) for digit in word]
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def ratings(*units: str, categories: int = 3) -> Table:
    unit, label = rows(*units)
    return table(unit, label, categories=categories)


def canonical() -> Table:
    by_unit = zip(*CANONICAL, strict=True)
    return ratings(*("".join(column).replace(".", "") for column in by_unit), categories=5)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (Scale.NOMINAL, 0.743421),
        (Scale.ORDINAL, 0.815388),
        (Scale.INTERVAL, 0.849107),
        (Scale.RATIO, 0.797403),
    ],
)
def test_alpha_has_krippendorff_s_values_on_his_own_example(scale: Scale, expected: float) -> None:
    found = krippendorff(canonical(), scale, values=np.arange(1.0, 6.0))
    assert found.value == pytest.approx(expected, abs=1e-6)


def test_the_standard_errors_are_those_of_irrcac() -> None:
    """Package irrCAC 0.4.4 on the same ratings; the interval of AC1 is cut at 1 there too."""
    ac1 = gwet_ac1(canonical())
    assert (ac1.value, ac1.standard_error) == pytest.approx((0.77544, 0.14295), abs=5e-6)
    assert (ac1.low, ac1.high) == pytest.approx((0.46081, 1), abs=5e-6)
    kappa = fleiss(canonical())
    assert (kappa.value, kappa.standard_error) == pytest.approx((0.76117, 0.15302), abs=5e-6)
    assert krippendorff(canonical()).standard_error == pytest.approx(0.14557, abs=5e-6)


def test_a_small_table_has_the_values_of_irrcac() -> None:
    """Package irrCAC 0.4.4; α also by the package krippendorff 0.9.0."""
    ac1 = gwet_ac1(ratings(*TOY))
    assert (ac1.value, ac1.standard_error) == pytest.approx((0.26591, 0.18002), abs=5e-6)
    assert fleiss(ratings(*TOY)).value == pytest.approx(0.21603, abs=5e-6)
    assert krippendorff(ratings(*TOY)).value == pytest.approx(0.242160, abs=5e-7)


def test_everything_by_hand_on_three_comparisons() -> None:
    """Words 111, 112, 22: equal pairs 1, 1/3, 1, so 7/9. π = (5/9, 4/9): κ chance 41/81, AC1 chance 40/81.

    α: 8 ratings, five of one kind and three of the other; disagreeing pairs 2 · (1 · 2) / 2 = 2 of weight 1 against
    2 · 15 / 7 expected: 1 - 2 / (30 / 7) = 8/15.
    """
    unit, label = rows("111", "112", "22")
    found = agreement(unit, label, categories=2)
    assert found.percent.value == pytest.approx(7 / 9)
    assert found.fleiss.chance == pytest.approx(41 / 81)
    assert found.fleiss.value == pytest.approx((63 - 41) / 40)
    assert found.ac1.chance == pytest.approx(40 / 81)
    assert found.ac1.value == pytest.approx((63 - 40) / 41)
    assert found.alpha_nominal.value == pytest.approx(8 / 15)


def test_with_two_categories_every_scale_is_the_nominal_one() -> None:
    unit, label = rows("111", "112", "22", "12")
    found = agreement(unit, label, categories=2)
    assert found.alpha_ordinal.value == pytest.approx(found.alpha_nominal.value)
    assert found.alpha_interval.value == pytest.approx(found.alpha_nominal.value)


@pytest.mark.parametrize(("name", "expected"), [("bluebirds", 0.1255), ("weather-sentiment-CF", 0.577)])
def test_crowd_sets_have_their_published_alpha(name: str, expected: float, shared_data: Path) -> None:
    votes = crowd(shared_data, name)
    found = table(votes.unit, votes.label, categories=int(votes.label.max()) + 1)
    assert krippendorff(found).value == pytest.approx(expected, abs=5e-4 if expected > 0.5 else 5e-5)


def test_the_anaesthetists_of_1979_have_their_published_alpha(shared_data: Path) -> None:
    votes = crowd(shared_data, "dawid-skene-1979")
    found = table(votes.unit, votes.label, categories=4)
    assert krippendorff(found).value == pytest.approx(0.583, abs=5e-4)


def test_pandalm_has_its_published_agreement_and_prompts_widen_its_interval(shared_data: Path) -> None:
    votes, prompt = pandalm(shared_data)
    alone = table(votes.unit, votes.label, categories=3)
    by_prompt = table(votes.unit, votes.label, categories=3, cluster=prompt)
    assert fleiss(alone).value == pytest.approx(0.885, abs=5e-4)
    assert krippendorff(alone).value == pytest.approx(0.885, abs=5e-4)
    wide, narrow = krippendorff(by_prompt), krippendorff(alone)
    assert (wide.clusters, narrow.clusters, wide.units) == (160, 484, 484)
    assert wide.standard_error != narrow.standard_error


def repeated(times: int) -> tuple[Integers, Integers, Integers]:
    """(unit, label, cluster): the toy table, each unit as many times as asked, its copies one cluster."""
    unit, label = rows(*TOY)
    copies = np.repeat(np.arange(times), len(unit))
    return np.tile(unit, times) + 100 * copies, np.tile(label, times), np.tile(unit, times)


def test_copies_of_a_comparison_within_its_prompt_add_nothing() -> None:
    """However often each unit is there, ten clusters say what ten units say: for κ and AC1 to the last digit."""
    unit, label, cluster = repeated(5)
    once, five = ratings(*TOY), table(unit, label, categories=3, cluster=cluster)
    for measure in (fleiss, gwet_ac1, percent):
        a, b = measure(once), measure(five)
        assert (b.value, b.standard_error, b.low) == pytest.approx((a.value, a.standard_error, a.low))
        assert (b.units, b.clusters) == (50, 10)


def test_without_clusters_copies_count_as_evidence() -> None:
    unit, label, _ = repeated(5)
    a, b = percent(ratings(*TOY)), percent(table(unit, label, categories=3))
    assert a.standard_error is not None
    assert b.standard_error == pytest.approx(a.standard_error * np.sqrt(9 / 49))


@pytest.mark.parametrize("measure", [percent, fleiss, gwet_ac1, krippendorff])
def test_the_interval_covers_in_simulation(measure: Callable[[Table], Measure]) -> None:
    """Truth by a large sample of the same model; 400 studies of 60 prompts with 3 comparisons that share a truth."""
    generator = np.random.default_rng(11)
    truth = measure(simulated(generator, 60_000)).value or 0.0
    bounds = np.array([(one.low, one.high) for one in (measure(simulated(generator, 60)) for _ in range(400))])
    covered = ((bounds[:, 0] <= truth) & (truth <= bounds[:, 1])).mean()
    assert 0.92 <= covered <= 0.98


def simulated(generator: np.random.Generator, prompts: int) -> Table:
    """Prompts with an easy or a hard truth, three comparisons each with three raters."""
    shape = (prompts, 3, 3)
    skill = np.where(generator.random((prompts, 1, 1)) < 0.5, 0.95, 0.4)
    truth = generator.integers(0, 3, (prompts, 1, 1))
    label = np.where(generator.random(shape) < skill, truth, generator.integers(0, 3, shape)).ravel()
    unit = np.repeat(np.arange(prompts * 3), 3)
    return table(unit, label, categories=3, cluster=unit // 3)


def test_all_agreeing_is_not_certainty() -> None:
    """By hand: twelve comparisons in two categories, κ chance 1/2, so Wilson's bound of 12 of 12 is stretched."""
    found = fleiss(ratings(*["11", "22"] * 6, categories=2))
    low, high = wilson(12, 12)
    assert (found.value, found.standard_error, found.method) == (1.0, 0.0, "Wilson on clusters")
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1))


def test_kappa_and_alpha_say_nothing_when_one_category_is_used_and_ac1_still_does() -> None:
    unit, label = rows("111", "111", "111")
    found = agreement(unit, label, categories=3)
    assert (found.fleiss.value, found.fleiss.method) == (None, ONE_CATEGORY)
    assert (found.alpha_ordinal.value, found.alpha_ordinal.method) == (None, ONE_CATEGORY)
    assert found.ac1.value == found.percent.value == 1.0


@pytest.mark.parametrize("units", [(), ("1", "2", "3")])
def test_without_two_ratings_of_a_comparison_nothing_is_said(units: tuple[str, ...]) -> None:
    unit, label = rows(*units)
    for found in astuple(agreement(unit, label, categories=3)):
        assert found[0] is None
        assert found[-1] == NO_PAIRS


def test_one_cluster_has_no_interval() -> None:
    unit, label = rows("112", "222")
    found = percent(table(unit, label, categories=2, cluster=np.zeros_like(unit)))
    assert found.value == pytest.approx(2 / 3)
    assert (found.low, found.clusters) == (None, 1)


def test_a_comparison_with_one_rating_informs_chance_alone() -> None:
    """By hand, κ of 11, 22, 1: agreement 1, π = (2/3, 1/3), chance 5/9. α leaves the lone rating out."""
    unit, label = rows("11", "22", "1")
    found = agreement(unit, label, categories=2)
    assert found.fleiss.chance == pytest.approx(5 / 9)
    assert found.fleiss.units == 3
    assert (found.alpha_nominal.chance, found.alpha_nominal.units) == (0.5, 2)


@pytest.mark.parametrize(("label", "categories"), [([0, 3], 3), ([-1, 1], 3), ([0, 0], 1)])
def test_other_labels_are_refused(label: list[int], categories: int) -> None:
    with pytest.raises(ValueError, match="labels are 0 to categories - 1"):
        table(np.zeros(2, dtype=np.int64), np.array(label), categories=categories)


def test_a_comparison_in_two_clusters_is_refused() -> None:
    with pytest.raises(ValueError, match="lie in one cluster"):
        table(np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64), categories=2, cluster=np.array([0, 1]))


def test_a_ratio_scale_has_no_negative_values() -> None:
    with pytest.raises(ValueError, match="no negative values"):
        krippendorff(canonical(), Scale.RATIO, values=np.arange(-1.0, 4.0))


def test_many_categories_of_many_ratings_are_told_apart_all_the_same() -> None:
    """Fifty categories don't fit the number that kinds of units are told apart by; the answer is that of five."""
    few, many = ratings("1125", "2233", "5551", categories=5), ratings("1125", "2233", "5551", categories=50)
    assert krippendorff(many).value == pytest.approx(krippendorff(few).value)


def plain(found: Agreement) -> list[float]:
    return [each for one in astuple(found) for each in one[:4]]


@given(st.lists(st.text("123", min_size=1, max_size=4), min_size=2, max_size=10))
def test_neither_the_order_of_rows_nor_the_numbers_of_units_matter(units: list[str]) -> None:
    unit, label = rows(*units)
    order = np.random.default_rng(len(unit)).permutation(len(unit))
    a = agreement(unit, label, categories=3)
    b = agreement(9_999_999 * (99 - unit[order]), label[order], categories=3)
    assert [one is None for one in plain(a)] == [one is None for one in plain(b)]
    known: Floats = np.array([(x, y) for x, y in zip(plain(a), plain(b), strict=True) if x is not None])
    np.testing.assert_allclose(known.reshape(-1, 2)[:, 0], known.reshape(-1, 2)[:, 1], atol=1e-9)


@given(st.lists(st.text("123", min_size=2, max_size=4), min_size=2, max_size=10))
def test_the_interval_holds_the_coefficient(units: list[str]) -> None:
    unit, label = rows(*units)
    for value, _, low, high, *_ in astuple(agreement(unit, label, categories=3)):
        if value is not None:
            assert low - 1e-9 <= value <= high + 1e-9
            assert value <= 1 + 1e-9
