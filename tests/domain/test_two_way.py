"""Intervals beside the default, against cases worked out by hand and what is known of them."""

import json
from dataclasses import asdict
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics import two_way
from backend.domain.statistics.intervals import Interval, over_means, over_prompts
from backend.domain.statistics.two_way import cluster_robust, comparison_table, naive, pigeonhole, resampled
from backend.domain.statistics.variance import crossing
from backend.domain.statistics.votes import Floats, Integers

Columns = tuple[Floats, Integers, Integers]


def grid(*rows: str) -> Columns:
    """One row a prompt, one sign a rater: 1, 0, or t for a tie; a dot where there is no vote."""
    cells = [(sign, prompt, rater) for prompt, row in enumerate(rows) for rater, sign in enumerate(row) if sign != "."]
    scores = np.array([{"1": 1.0, "t": 0.5, "0": 0.0}[sign] for sign, _, _ in cells])
    return scores, np.array([cell[1] for cell in cells]), np.array([cell[2] for cell in cells])


def independent(prompts: int, raters: int, seed: int) -> Columns:
    """Three seats a prompt, and votes that nothing connects."""
    generator = np.random.default_rng(seed)
    rater = np.concatenate([generator.permutation(raters)[:3] for _ in range(prompts)])
    return generator.choice([0.0, 0.5, 1.0], 3 * prompts), np.repeat(np.arange(prompts), 3), rater


def width(found: Interval) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


# By hand: means of prompts 12/15, 3/15, 9/15, of raters 1, 2/3, 2/3, 1/3, 0, in all 8/15. With each G / (G − 1):
# V_prompt = 3/2 · 42/2025, V_rater = 5/4 · 130/5625, V_cell = 15/14 · 840/50625.
BALANCED = grid("11110", "10000", "11100")


def test_cluster_robust_variances_add_up_as_worked_out_by_hand() -> None:
    found = cluster_robust(*BALANCED, level=0.5)
    half = stats.t.ppf(0.75, 2) * sqrt((1575 + 1462.5 - 900) / 50625)
    assert (found.low, found.high) == pytest.approx((8 / 15 - half, 8 / 15 + half))
    assert (found.method, found.degrees_of_freedom) == ("cluster-robust (CGM), few raters", 2)


def test_where_each_rater_gives_one_vote_cluster_robust_is_one_way_over_prompts() -> None:
    """Cameron, Gelbach, Miller (2011): clusters of raters are then the cells, and cancel."""
    scores, prompt, rater = (
        np.array([1, 0.5, 0, 1, 1, 0, 0, 0.5, 1]),
        np.repeat([0, 1, 2, 3], [3, 2, 1, 3]),
        np.arange(9),
    )
    means = np.bincount(prompt, scores) / np.bincount(prompt)
    one_way = over_means(means, method="prompts alone", raters=9)
    found = cluster_robust(scores, prompt, rater)
    assert (found.mean, found.low, found.high) == pytest.approx((one_way.mean, one_way.low, one_way.high))
    assert found.degrees_of_freedom == one_way.degrees_of_freedom == 3


def test_without_correlation_cluster_robust_is_about_naive_and_the_pigeonhole_triples_the_variance() -> None:
    """The factor 3 is that of Owen (2007) for what neither prompts nor raters explain."""
    ratios = []
    for seed in range(20):
        votes = independent(200, 40, seed=seed)
        others = cluster_robust(*votes), over_prompts(*votes), pigeonhole(*votes, seed=seed, rounds=300)
        ratios.append([(width(other) / width(naive(*votes))) ** 2 for other in others])
    robust, moments, bootstrap = np.mean(ratios, axis=0)
    assert robust == pytest.approx(1, abs=0.1)
    assert moments == pytest.approx(1, abs=0.2)  # a component is never below zero, so it errs upwards
    assert bootstrap == pytest.approx(3, abs=0.3)


def test_naive_is_the_standard_error_of_single_votes() -> None:
    """By hand: 8 of 15 votes are wins; their variance is 8 · 7 / (15 · 14); no degrees of freedom are needed."""
    found = naive(*BALANCED, level=0.5)
    half = stats.norm.ppf(0.75) * sqrt(56 / 210 / 15)
    assert (found.low, found.high) == pytest.approx((8 / 15 - half, 8 / 15 + half))
    assert (found.method, found.degrees_of_freedom) == ("naive: votes as if independent, few raters", None)


def test_a_negative_two_way_variance_gives_way_to_the_larger_one_way_and_says_so() -> None:
    """By hand: both one-way variances are 1/576; that of cells is 6.2/576."""
    found = cluster_robust(*grid("111010", "010101", "101010", "010101"), level=0.5)
    half = stats.t.ppf(0.75, 3) / 24
    assert (found.low, found.high) == pytest.approx((13 / 24 - half, 13 / 24 + half))
    assert found.method == "cluster-robust, negative two-way variance: larger one-way, few raters"


def test_without_any_one_way_variance_prompts_alone_speak() -> None:
    assert cluster_robust(*grid("101010", "010101", "101010", "010101")).method == "Wilson on prompts"


def test_the_pigeonhole_draws_prompts_and_raters_independently() -> None:
    """By hand: one win in a 2 × 2 table; a round gives share × share, each 1, ½, 0 with odds 1 : 2 : 1."""
    rounds = resampled(*cells("10", "00"), np.random.default_rng(3), 40_000)
    assert rounds.mean() == pytest.approx(1 / 4, abs=0.005)
    assert rounds.var() == pytest.approx((3 / 8) ** 2 - 1 / 16, abs=0.002)


def test_prompts_without_a_drawn_rater_drop_out_of_a_round() -> None:
    """By hand: on a diagonal, both draws have to miss each other for an empty round: 2 · 1/4 · 1/4."""
    rounds = resampled(*cells("1.", ".0"), np.random.default_rng(3), 40_000)
    assert np.isnan(rounds).mean() == pytest.approx(1 / 8, abs=0.01)
    assert np.nanmean(rounds) == pytest.approx(1 / 2, abs=0.01)


def cells(*rows: str) -> tuple[Floats, two_way.Crossing]:
    scores, prompt, rater = grid(*rows)
    return scores, crossing(prompt, rater)


def test_rounds_in_small_blocks_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = independent(40, 12, seed=2)
    whole = pigeonhole(*votes, seed=1, rounds=2000)
    monkeypatch.setattr(two_way, "BLOCK", 52 * 7)
    assert width(pigeonhole(*votes, seed=1, rounds=2000)) == pytest.approx(width(whole), rel=0.1)
    monkeypatch.setattr(two_way, "BLOCK", 1)
    assert width(pigeonhole(*votes, seed=1, rounds=300)) == pytest.approx(width(whole), rel=0.2)


def test_the_same_seed_gives_the_same_pigeonhole_and_another_does_not() -> None:
    assert pigeonhole(*BALANCED, seed=1) == pigeonhole(*BALANCED, seed=1)
    assert pigeonhole(*BALANCED, seed=1) != pigeonhole(*BALANCED, seed=2)


def test_the_pigeonhole_is_called_conservative_where_raters_are_not_few() -> None:
    assert pigeonhole(*BALANCED, seed=1).method == "pigeonhole bootstrap, few raters"
    assert pigeonhole(*independent(40, 20, seed=2), seed=1).method == "pigeonhole bootstrap (conservative)"


def test_a_bootstrap_of_one_round_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two rounds"):
        pigeonhole(*BALANCED, seed=1, rounds=1)


def test_the_table_has_every_interval_of_the_same_mean_and_goes_into_json() -> None:
    table = comparison_table(*BALANCED, seed=1, rounds=50)
    assert list(table) == ["moments", "cluster_robust", "pigeonhole", "naive"]
    assert [found.mean for found in table.values()] == pytest.approx([8 / 15] * 4)
    assert table["moments"] == over_prompts(*BALANCED)
    json.dumps({name: asdict(found) for name, found in table.items()}, allow_nan=False)


def test_no_rounds_leave_the_pigeonhole_out() -> None:
    assert list(comparison_table(*BALANCED, seed=1, rounds=0)) == ["moments", "cluster_robust", "naive"]


@pytest.mark.parametrize(
    ("rows", "method"), [(("1101", "0010"), "fixed panel"), (("11111", "11111"), "Wilson on prompts"), ((), "no votes")]
)
def test_where_raters_cannot_be_generalised_to_every_method_says_the_same(rows: tuple[str, ...], method: str) -> None:
    assert {found.method for found in comparison_table(*grid(*rows), seed=1, rounds=9).values()} == {method}


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(24)))
def test_the_order_of_votes_does_not_matter(order: list[int]) -> None:
    votes = independent(8, 7, seed=4)
    a = comparison_table(*votes, seed=1, rounds=20)
    b = comparison_table(*(column[order] for column in votes), seed=1, rounds=20)
    for name, found in a.items():
        assert (b[name].mean, b[name].low, b[name].high) == pytest.approx((found.mean, found.low, found.high))


def test_two_votes_of_a_rater_on_a_prompt_are_one_cell() -> None:
    """By hand: doubling every vote changes neither sums of influence nor, but for G / (G − 1), any variance."""
    doubled = tuple(np.repeat(column, 2) for column in BALANCED)
    a, b = cluster_robust(*BALANCED), cluster_robust(doubled[0], doubled[1], doubled[2])
    assert (b.mean, b.low, b.high) == pytest.approx((a.mean, a.low, a.high))
