"""Position effects by hand, planted ones, and empirical Bayes."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.intervals import Interval, over_prompts, wilson
from backend.domain.statistics.position import beta_prior, order_effects, position_effect, rater_positions
from backend.domain.statistics.votes import Votes
from tests.domain.pairs import votes_of

# (prompt, rater, candidate, preference, flipped)
Row = tuple[int, int, int, int, int]


def test_first_second_and_tie_by_hand() -> None:
    """Prompt 0: first, first, tie. Prompt 1: second, and one of unknown order. Means over prompts 1/3, 1/2, 1/6."""
    votes = votes_of([(0, 0, 5, 1, 0), (0, 1, 5, -1, 1), (0, 2, 5, 0, 1), (1, 0, 5, 1, 1), (1, 1, 5, 1, -1)])
    found = position_effect(votes)
    assert (found.first.mean, found.second.mean, found.tie.mean) == pytest.approx((1 / 3, 1 / 2, 1 / 6))
    assert found.excess_points.mean == pytest.approx(100 * (1 / 3 - 1 / 2))
    assert (found.known, found.unknown) == (4, 1)


def test_the_excess_is_twice_as_wide_as_the_mean_of_first_over_not() -> None:
    """Without ties the excess is 2 first - 1, and so are its ends."""
    votes = votes_of([(p, p % 30, 5, 1 if p % 3 else -1, p % 2) for p in range(90)])
    found = position_effect(votes)
    for end in ("mean", "low", "high"):
        assert getattr(found.excess_points, end) == pytest.approx(100 * (2 * getattr(found.first, end) - 1))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 1), st.integers(0, 1)), min_size=1, max_size=30))
def test_first_second_and_tie_add_up_to_one(rows: list[tuple[int, int, int]]) -> None:
    found = position_effect(votes_of([(p, seat, 1, choice, flip) for seat, (p, choice, flip) in enumerate(rows)]))
    means = [one.mean for one in (found.first, found.second, found.tie) if one.mean is not None]
    assert sum(means) == pytest.approx(1)
    assert found.excess_points.mean == pytest.approx(100 * (means[0] - means[1]))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 1), st.integers(0, 1)), min_size=1, max_size=30))
def test_which_output_is_the_candidate_s_does_not_matter_to_position(rows: list[tuple[int, int, int]]) -> None:
    one = votes_of([(p, seat, 1, choice, flip) for seat, (p, choice, flip) in enumerate(rows)])
    other = votes_of([(p, seat, 1, -choice, 1 - flip) for seat, (p, choice, flip) in enumerate(rows)])
    assert position_effect(one) == position_effect(other)


def test_votes_without_known_order_have_no_position() -> None:
    votes = votes_of([(0, 0, 5, 1, -1), (1, 0, 5, 0, -1)])
    found = position_effect(votes)
    assert (found.first.mean, found.excess_points.mean, found.known, found.unknown) == (None, None, 0, 2)
    assert rater_positions(votes).raters == ()
    assert order_effects(votes)[0].balanced.mean is None


def test_the_balanced_win_rate_weighs_both_orders_alike_by_hand() -> None:
    """Candidate first: a prompt at 1, one at 1/2 (votes 1, 1/2, 0); second: a prompt at 0. Balanced (3/4 + 0) / 2."""
    votes = votes_of([(0, 0, 7, 1, 0), (1, 0, 7, 1, 0), (1, 1, 7, 0, 0), (1, 2, 7, -1, 0), (0, 1, 7, -1, 1)])
    (found,) = order_effects(votes)
    assert (found.candidate, found.first.mean, found.second.mean) == (7, 0.75, 0.0)
    assert found.balanced.mean == pytest.approx(0.375)
    assert found.difference_points.mean == pytest.approx(75)


def test_the_variance_of_a_difference_of_orders_by_hand() -> None:
    """One vote a prompt, four raters (a fixed panel), so independent: first 1, 1, 0, 0 and second 1, 0, 0, 0.

    Influences: ± 1/8 four times, and 3/16, three times -1/16. Squares 4/64 + 12/256, times 8/7; t(7) is 2.3646.
    The balanced rate is half as uncertain, and can't be below 0.
    """
    votes = votes_of([(p, p % 4, 1, 1 if p in (0, 1, 4) else -1, p // 4) for p in range(8)])
    (found,) = order_effects(votes)
    half = 2.3646 * ((4 / 64 + 12 / 256) * 8 / 7) ** 0.5
    difference, balanced = found.difference_points, found.balanced
    assert (difference.mean, difference.low, difference.high) == pytest.approx(
        (25, 25 - 100 * half, 25 + 100 * half), abs=0.01
    )
    assert (balanced.mean, balanced.low, balanced.high) == pytest.approx((0.375, 0.0, 0.375 + half / 2), abs=1e-4)


def test_a_balanced_rate_stays_between_nought_and_one() -> None:
    votes = votes_of([(p, p % 6, 1, -1 if p == 0 else 1, p % 2) for p in range(12)])
    balanced = order_effects(votes)[0].balanced
    assert balanced.high == 1.0
    assert balanced.low is not None
    assert balanced.low > 0.5


def test_equal_votes_have_wilson_s_interval_and_no_difference() -> None:
    (found,) = order_effects(votes_of([(p, p % 6, 1, 1, p % 2) for p in range(12)]))
    assert (found.balanced.low, found.balanced.high) == wilson(12, 12)
    assert (found.difference_points.mean, found.difference_points.method) == (0, "no variation")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(0, 0, 1, 1, 0), (1, 1, 1, -1, 0)], "one order only"),
        ([(0, 0, 1, 1, 1), (1, 1, 1, -1, 1)], "one order only"),
        ([(0, 0, 1, 1, 0), (0, 1, 1, -1, 1)], "one prompt"),
    ],
)
def test_orders_that_cannot_be_compared_are_said(rows: list[Row], why: str) -> None:
    (found,) = order_effects(votes_of(rows))
    assert found.difference_points == found.balanced == Interval(None, None, None, 0.95, why, found.balanced.prompts, 2)


def simulated(n: int, seed: int, *, first: float, candidates: int = 2) -> Votes:
    """Votes for the first output with this probability, 3 a prompt, 40 raters, whatever the candidate."""
    generator = np.random.default_rng(seed)
    flipped = generator.integers(0, 2, n)
    chosen = np.where(generator.random(n) < first, 1, -1)
    columns = (
        np.arange(n) // 3,
        np.arange(n) * 7 % 40,
        np.arange(n) // 3 % candidates,
        chosen * (1 - 2 * flipped),
        flipped,
    )
    return votes_of(list(zip(*(column.tolist() for column in columns), strict=True)))


def test_a_planted_position_effect_is_found_and_balance_undoes_it() -> None:
    """First wins 60 %: 20 points of excess, a candidate wins 60 % when first, 40 % when second, 50 % balanced."""
    votes = simulated(6000, 1, first=0.6)
    excess = position_effect(votes).excess_points
    assert excess.low is not None
    assert excess.low > 10
    for found in order_effects(votes):
        for interval, truth in ((found.difference_points, 20), (found.balanced, 0.5)):
            assert interval.low is not None
            assert interval.high is not None
            assert interval.low < truth < interval.high


def test_the_intervals_of_orders_cover_the_truth_as_often_as_they_say() -> None:
    """300 seeded batches of 240 votes without any effect; 95 % within four standard errors of a share of 300."""
    covered = 0
    for seed in range(300):
        found = order_effects(simulated(240, seed, first=0.5, candidates=1))[0].difference_points
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
    assert abs(covered / 300 - 0.95) < 4 * (0.95 * 0.05 / 300) ** 0.5


def test_balancing_many_votes_of_one_order_is_like_plain_scoring() -> None:
    """When every prompt has both orders equally often, the balanced rate is the plain one."""
    rows = [(p, (p + s) % 25, 1, (p * s) % 3 - 1, s % 2) for p in range(30) for s in range(4)]
    votes = votes_of(rows)
    plain = over_prompts(votes.win_scores, votes.prompt, votes.rater)
    assert order_effects(votes)[0].balanced.mean == pytest.approx(plain.mean)


def test_the_prior_of_raters_by_hand() -> None:
    """Shares 8/10, 2/10, 5/10: squares 1.8 over m (1 - m) = 1/4 is 7.2; r = (7.2 - 2) / (20 - 2), strength 1/r - 1."""
    mean, strength = beta_prior(np.array([8, 2, 5]), np.array([10, 10, 10]))
    assert mean == 0.5
    assert strength == pytest.approx(18 / 5.2 - 1)


@pytest.mark.parametrize(("firsts", "totals"), [([5, 5, 5], [10, 10, 10]), ([1, 0, 1], [1, 1, 1]), ([3], [9])])
def test_raters_who_differ_no_more_than_chance_share_a_prior_worth_all_votes(
    firsts: list[int], totals: list[int]
) -> None:
    assert beta_prior(np.array(firsts), np.array(totals))[1] == sum(totals)


def test_raters_who_differ_utterly_keep_a_prior_of_one_vote() -> None:
    assert beta_prior(np.array([50, 0]), np.array([50, 50]))[1] == 1.0


def test_each_rater_s_share_is_drawn_to_the_mean_by_the_strength_of_the_prior() -> None:
    """Posterior beta by hand: (mean · strength + first) / (strength + decisive)."""
    rows = [(p, rater, 1, 1 if p < first else -1, 0) for rater, first in ((3, 9), (4, 1), (8, 5)) for p in range(10)]
    found = rater_positions(votes_of([*rows, (0, 9, 1, 0, 0), (0, 3, 1, 1, -1)]), level=0.9)
    assert found.prior_mean is not None
    assert found.prior_strength is not None
    assert [(one.rater, one.decisive, one.first) for one in found.raters] == [(3, 10, 9), (4, 10, 1), (8, 10, 5)]
    one = found.raters[0]
    above = found.prior_mean * found.prior_strength + 9
    below = (1 - found.prior_mean) * found.prior_strength + 1
    assert (one.share, one.shrunken) == pytest.approx((0.9, above / (above + below)))
    assert (one.low, one.high) == pytest.approx(
        (stats.beta(above, below).ppf(0.05), stats.beta(above, below).ppf(0.95))
    )
    assert found.prior_mean < one.shrunken < one.share


def test_one_one_sided_rater_of_many_stands_out_and_the_others_do_not() -> None:
    """A 65/35 clicker over 600 decisive votes among 60 even raters of 50."""
    generator = np.random.default_rng(5)
    rater = np.concatenate([np.full(600, 99), np.repeat(np.arange(60), 50)])
    first = generator.random(len(rater)) < np.where(rater == 99, 0.65, 0.5)
    rows = [(at, int(one), 1, 1 if chose else -1, 0) for at, (one, chose) in enumerate(zip(rater, first, strict=True))]
    found = rater_positions(votes_of(rows))
    sided = [one.rater for one in found.raters if one.low > 0.55 or one.high < 0.45]
    assert sided == [99]


def test_positions_are_plain_data() -> None:
    votes = simulated(60, 1, first=0.5)
    assert {type(value) for one in asdict(rater_positions(votes))["raters"] for value in one.values()} == {int, float}
    assert isinstance(asdict(order_effects(votes)[0])["balanced"]["mean"], float)
