"""Differences between candidates against Student's paired t, tables of Tukey and Dunnett, and cases by hand."""

import json
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.contrasts import (
    Difference,
    adjacent_rungs,
    against_even,
    all_pairs,
    differences,
    equivalences,
)
from backend.domain.statistics.intervals import over_prompts
from backend.domain.statistics.joint import adjusted_level, joint, root
from backend.domain.statistics.votes import Floats, Integers

Columns = tuple[Floats, Integers, Integers, Integers]


def paired(table: Floats) -> Columns:
    """One vote a prompt and candidate, each by a rater of its own. table: shape (prompts, candidates)."""
    prompt, candidate = (np.ravel(one) for one in np.indices(table.shape))
    return table.ravel(), prompt, np.arange(table.size), candidate


def crossed(seed: int, *, prompts: int = 30, raters: int = 24, candidates: int = 4, harsh: float = 0.0) -> Columns:
    """Three seats a comparison, with prompts that favour all candidates alike and raters who are harsh to all."""
    generator = np.random.default_rng(seed)
    prompt, candidate, _ = (np.ravel(one) for one in np.indices((prompts, candidates, 3)))
    rater = np.concatenate([generator.permutation(raters)[: 3 * candidates] for _ in range(prompts)])
    latent = generator.normal(0, 0.7, prompts)[prompt] + generator.normal(0, harsh, raters)[rater]
    latent += generator.normal(0, 1, len(prompt)) + 0.1 * candidate
    return (np.sign(np.trunc(latent * 2)) + 1) / 2, prompt, rater, candidate


def critical(correlation: Floats) -> float:
    return float(stats.norm.ppf((1 + adjusted_level(root(correlation), level=0.95, seed=1)) / 2))


TABLE = np.array([[1, 0.5, 0], [1, 1, 0], [0.5, 0, 0], [1, 0, 0.5], [0, 0, 1], [1, 0.5, 0.5], [0.5, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize("pair", [(1, 0), (0, 2), (2, 1)])
def test_votes_that_share_prompts_alone_give_student_s_paired_interval(pair: tuple[int, int]) -> None:
    """Raters of one vote are the cells, and cancel; scipy's paired t test is the oracle."""
    (found,) = differences(*paired(TABLE), family=[pair], seed=1)
    test = stats.ttest_rel(TABLE[:, pair[0]], TABLE[:, pair[1]])
    expected = test.confidence_interval(0.95)
    assert found.estimate == pytest.approx((TABLE[:, pair[0]] - TABLE[:, pair[1]]).mean())
    assert (found.unadjusted_low, found.unadjusted_high) == pytest.approx((expected.low, min(1.0, expected.high)))
    assert (found.degrees_of_freedom, found.prompts, found.raters) == (7, 8, 16)
    assert found.method == "cluster-robust (CGM), few raters"


def test_one_difference_needs_no_adjustment() -> None:
    (found,) = differences(*paired(TABLE), family=[(1, 0)], seed=1)
    assert (found.low, found.high) == (found.unadjusted_low, found.unadjusted_high)
    assert found.adjusted_level == found.level == 0.95


def test_a_rater_s_harshness_to_both_candidates_drops_out_of_their_difference() -> None:
    """Every rater rates every output: adding one number to all votes of a rater changes no difference."""
    generator = np.random.default_rng(3)
    prompt, candidate, rater = (np.ravel(one) for one in np.indices((6, 2, 7)))
    scores = generator.choice([0.25, 0.5, 0.75], len(prompt))
    harsh = generator.choice([-0.25, 0.0, 0.25], 7)[rater]
    plain, shifted = (
        differences(values, prompt, rater, candidate, family=[(1, 0)], seed=1)[0] for values in (scores, scores + harsh)
    )
    assert (shifted.estimate, shifted.low, shifted.high) == pytest.approx((plain.estimate, plain.low, plain.high))


def test_raters_who_prefer_one_candidate_widen_the_difference_more_than_prompts_alone() -> None:
    """By hand: all votes of a rater say the same, so prompts don't differ at all and raters do."""
    prompt, candidate, rater = (np.ravel(one) for one in np.indices((9, 2, 6)))
    scores = np.where(candidate == rater % 2, 1.0, 0.0)
    (found,) = differences(scores, prompt, rater, candidate, family=[(1, 0)], seed=1)
    half = stats.t.ppf(0.975, 5) * np.sqrt(6 / 5 * 6 / 36 - 108 / 107 * 54 / 54**2)
    assert (found.estimate, found.unadjusted_high) == pytest.approx((0.0, min(1.0, half)))
    assert found.unadjusted_low == -found.unadjusted_high


def test_all_pairs_of_equal_candidates_get_the_critical_value_of_tukey() -> None:
    """Four independent means: the studentised range over √2, 3.633 / √2 in any table."""
    signs = np.array([[(c == a) - 1.0 * (c == b) for c in range(4)] for a, b in all_pairs(4)])
    assert critical(signs @ signs.T / 2) == pytest.approx(3.633 / np.sqrt(2), abs=0.02)


def test_differences_from_one_candidate_get_the_critical_value_of_dunnett() -> None:
    """C. W. Dunnett, Biometrics 20 (1964) 482-491, two-sided 5 %, three treatments, many degrees of freedom."""
    assert critical(np.full((3, 3), 0.5) + np.eye(3) / 2) == pytest.approx(2.35, abs=0.02)


def test_independent_estimates_get_the_critical_value_of_sidak() -> None:
    assert critical(np.eye(5)) == pytest.approx(stats.norm.ppf((1 + 0.95**0.2) / 2), abs=0.02)


def test_one_estimate_twice_needs_no_adjustment_beyond_chance() -> None:
    assert critical(np.ones((2, 2))) == pytest.approx(1.96, abs=0.02)


def test_a_family_keeps_its_order_and_its_primary_one() -> None:
    family = all_pairs(3)
    found = differences(*crossed(1), family=family, primary=(2, 1), seed=1)
    assert family == [(1, 0), (2, 0), (2, 1)]
    assert [(one.first, one.second, one.primary) for one in found] == [(1, 0, False), (2, 0, False), (2, 1, True)]


def test_adjacent_rungs_are_each_less_the_one_before() -> None:
    assert adjacent_rungs(4) == [(1, 0), (2, 1), (3, 2)]


def test_simultaneous_intervals_lie_between_the_unadjusted_and_bonferroni() -> None:
    found = differences(*crossed(1), family=all_pairs(4), seed=1)
    assert {one.adjusted_level for one in found} == {found[0].adjusted_level}
    assert 0.95 < found[0].adjusted_level < 1 - 0.05 / 6
    for one in found:
        assert one.low is not None
        assert one.high is not None
        assert one.unadjusted_low is not None
        assert one.unadjusted_high is not None
        assert one.low < one.unadjusted_low < one.unadjusted_high < one.high


def test_a_pair_and_its_reverse_mirror_each_other_and_cost_nothing() -> None:
    a, b = differences(*crossed(1), family=[(1, 0), (0, 1)], seed=1)
    assert (a.estimate, a.low, a.high) == pytest.approx(tuple(-one for one in (b.estimate, b.high, b.low) if one))
    assert a.adjusted_level == pytest.approx(0.95, abs=0.002)


@pytest.mark.parametrize(
    ("family", "primary", "message"),
    [([(1, 0)], (2, 0), "must be of the family"), ([(1, 1)], None, "needs two candidates")],
)
def test_a_family_that_makes_no_sense_is_refused(
    family: list[tuple[int, int]], primary: tuple[int, int] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        differences(*paired(TABLE), family=family, primary=primary, seed=1)


def test_a_candidate_that_was_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="coded from 0"):
        joint(*paired(TABLE), candidates=2)


def only(found: list[Difference]) -> Difference:
    (one,) = found
    return one


def test_a_candidate_without_votes_has_no_difference_and_costs_the_others_nothing() -> None:
    known, unknown = differences(*paired(TABLE), family=[(1, 0), (3, 0)], seed=1)
    assert (unknown.estimate, unknown.low, unknown.unadjusted_low, unknown.method) == (None, None, None, "no votes")
    assert known.adjusted_level == 0.95
    nobody = only(differences(*(column[:0] for column in paired(TABLE)), family=[(1, 0)], seed=1))
    assert (nobody.method, nobody.prompts, nobody.raters) == ("no votes", 0, 0)


@pytest.mark.parametrize(
    ("table", "method"), [(TABLE[:1], "one prompt"), (np.full((6, 2), 0.5), "no variation")], ids=["one", "equal"]
)
def test_where_nothing_varies_there_is_an_estimate_without_interval(table: Floats, method: str) -> None:
    found = only(differences(*paired(table), family=[(1, 0)], seed=1))
    assert (found.estimate, found.low, found.method) == (table[0, 1] - table[0, 0], None, method)


def test_few_raters_leave_the_interval_of_a_fixed_panel() -> None:
    scores, prompt, _, candidate = paired(TABLE[:, :2])
    found = differences(scores, prompt, candidate, candidate, family=[(1, 0), (0, 1)], seed=1)
    test = stats.ttest_rel(TABLE[:, 1], TABLE[:, 0]).confidence_interval(0.95)
    assert (found[0].unadjusted_low, found[0].unadjusted_high) == pytest.approx((test.low, test.high))
    assert (found[0].method, found[0].raters) == ("fixed panel", 2)


def checkerboard() -> Columns:
    """Votes alternate by prompt and rater but for one, so that cells vary far more than prompts and raters do."""
    prompt, rater = (np.ravel(one) for one in np.indices((4, 12)))
    scores = ((prompt + rater // 2) % 2).astype(np.float64)
    scores[0] = 1.0
    return scores, prompt, rater, rater % 2


def test_a_negative_two_way_variance_gives_way_to_the_larger_one_way_and_says_so() -> None:
    """By hand: candidate 0 has means 4/6, 3/6, 3/6, 3/6 of prompts, candidate 1 equal ones: V_prompt = 1/576."""
    found = differences(*checkerboard(), family=[(1, 0), (0, 1)], seed=1)
    half = stats.t.ppf(0.975, 3) / 24
    assert found[0].method == "cluster-robust, negative two-way variance: larger one-way, few raters"
    assert found[0].estimate == pytest.approx(-1 / 24)
    assert found[0].unadjusted_high == pytest.approx(-1 / 24 + half)
    assert found[0].adjusted_level == pytest.approx(0.95, abs=0.002)


def test_the_difference_of_candidates_with_other_prompts_is_that_of_their_means() -> None:
    """By hand: means 1/2 over prompts 0, 1 and 3/4 over prompts 1, 2; one prompt has both."""
    scores, prompt = np.array([1, 0, 1, 0.5]), np.array([0, 1, 1, 2])
    (found,) = differences(scores, prompt, np.arange(4), np.array([0, 0, 1, 1]), family=[(1, 0)], seed=1)
    assert (found.estimate, found.prompts) == (0.25, 1)


def test_every_candidate_s_mean_stands_alone_and_together() -> None:
    columns = crossed(2, harsh=0.5)
    found = against_even(*columns, candidates=5, seed=1)
    for one in found[:4]:
        own = tuple(column[columns[3] == one.candidate] for column in columns[:3])
        assert one.alone == over_prompts(own[0], own[1], own[2])
        assert one.together == over_prompts(own[0], own[1], own[2], level=one.adjusted_level)
    assert 0.95 < found[0].adjusted_level < 1 - 0.05 / 4
    assert (found[4].alone.method, found[4].together.mean) == ("no votes", None)


def test_a_single_candidate_needs_no_adjustment() -> None:
    (found,) = against_even(*crossed(2, candidates=1), candidates=1, seed=1)
    assert found.alone == found.together


@pytest.mark.parametrize(
    ("table", "margin", "verdict"),
    [
        (TABLE, 0.8, "equivalent"),
        (TABLE, 0.05, "undecided"),
        (np.tile([[0.0, 1.0], [0.0, 0.5]], (10, 1)), 0.1, "different"),
        (np.tile([[0.0, 0.0], [0.0, 0.5]], (50, 1)), 0.4, "equivalent"),
    ],
    ids=["within", "open", "apart", "real but small"],
)
def test_equivalence_needs_the_ninety_percent_interval_within_the_margin(
    table: Floats, margin: float, verdict: str
) -> None:
    found = equivalences(*paired(table), pairs=[(1, 0)], margin=margin)[0]
    expected = stats.ttest_rel(table[:, 1], table[:, 0]).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.equivalence_level == pytest.approx(0.9)
    assert found.verdict == verdict


def test_equivalence_without_an_interval_is_undecided_and_without_a_margin_refused() -> None:
    assert equivalences(*paired(TABLE), pairs=[(3, 0)], margin=0.5)[0].verdict == "undecided"
    with pytest.raises(ValueError, match="above 0"):
        equivalences(*paired(TABLE), pairs=[(1, 0)], margin=0.0)


@pytest.mark.parametrize(
    "find",
    [
        lambda columns: differences(*columns, family=all_pairs(5), seed=1),
        lambda columns: against_even(*columns, candidates=5, seed=1),
        lambda columns: equivalences(*columns, pairs=[(1, 4)], margin=0.1),
    ],
    ids=["differences", "against even", "equivalence"],
)
def test_results_go_into_json(find: Callable[[Columns], list[Difference]]) -> None:
    json.dumps([asdict(one) for one in find(crossed(1))], allow_nan=False)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(72)))
def test_the_order_of_votes_does_not_matter(order: list[int]) -> None:
    columns = crossed(5, prompts=8, raters=12, candidates=3, harsh=0.4)
    scores, prompt, rater, candidate = (column[order] for column in columns)
    shuffled = differences(scores, prompt, rater, candidate, family=all_pairs(3), seed=1)
    for a, b in zip(differences(*columns, family=all_pairs(3), seed=1), shuffled, strict=True):
        assert (b.estimate, b.low, b.high) == pytest.approx((a.estimate, a.low, a.high))
