"""Intervals against published values and cases worked out by hand."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.intervals import Interval, crossed, over_means, over_prompts, wilson
from backend.domain.statistics.variance import by_moments, crossing

# (score, prompt, rater) of one vote
Vote = tuple[float, int, int]


def interval(votes: list[Vote], level: float = 0.95) -> Interval:
    table = np.array(votes, dtype=np.float64).reshape(-1, 3)
    return over_prompts(table[:, 0], table[:, 1].astype(np.int64), table[:, 2].astype(np.int64), level=level)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_values_of_newcombe_1998(successes: int, trials: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3 (score, without correction)."""
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_holds_the_share_stays_in_bounds_and_mirrors(trials: int, share: float) -> None:
    low, high = wilson(share * trials, trials)
    assert 0 <= low <= high <= 1
    assert low - 1e-12 <= share <= high + 1e-12
    mirrored = wilson(trials - share * trials, trials)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (-1, 3), (4, 3)])
def test_a_share_of_nothing_or_beyond_the_trials_is_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="a share needs trials"):
        wilson(successes, trials)


def test_prompts_weigh_equally_however_many_votes_each_has() -> None:
    """By hand: prompt 0 has mean 1 from one vote, prompt 1 has mean 0 from three; the mean over prompts is 1/2."""
    assert interval([(1, 0, 0), (0, 1, 0), (0, 1, 1), (0, 1, 2)]).mean == 0.5


def test_few_raters_give_the_interval_of_a_fixed_panel() -> None:
    """By hand: means 2/3, 1/2, 1; mean 13/18; variance of the mean 7/324; t(2) at .975 is 4.303 in any table."""
    votes = [(1, 0, 0), (1, 0, 1), (0, 0, 2), (1, 1, 0), (0.5, 1, 1), (0, 1, 2), (1, 2, 0), (1, 2, 1)]
    found = interval(votes)
    assert found.mean == pytest.approx(13 / 18)
    assert found.low == pytest.approx(13 / 18 - 4.303 * sqrt(7) / 18, abs=1e-4)
    assert found.high == 1.0
    assert (found.method, found.prompts, found.raters, found.degrees_of_freedom) == ("fixed panel", 3, 3, 2.0)


# A balanced table, by hand: SS of prompts 14/15, of raters 26/15, of the rest 16/15; mean squares 7/15, 13/30, 2/15.
# Components 1/15, 1/10, 2/15; parts of the variance 10/450, 9/450, 4/450, with 2, 4 and 8 degrees of freedom.
BALANCED: list[Vote] = [
    (float(score), prompt, rater)
    for prompt, row in enumerate(("11110", "10000", "11100"))
    for rater, score in enumerate(row)
]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_prompts_and_raters_both_widen_the_interval_as_worked_out_by_hand(level: float) -> None:
    found = interval(BALANCED, level)
    freedom = 23**2 / (10**2 / 2 + 9**2 / 4 + 4**2 / 8)
    half = stats.t.ppf((1 + level) / 2, freedom) * sqrt(23 / 450)
    assert found.mean == pytest.approx(8 / 15)
    assert found.degrees_of_freedom == pytest.approx(freedom)
    assert (found.low, found.high) == pytest.approx((8 / 15 - half, min(1.0, 8 / 15 + half)))
    assert (found.method, found.prompts, found.raters) == ("prompts × raters, few raters", 3, 5)


def test_twenty_raters_are_no_longer_few() -> None:
    votes = [(float((prompt * rater) % 3 == 0), prompt, rater) for prompt in range(6) for rater in range(20)]
    assert interval(votes).method == "prompts × raters"


@given(st.permutations(range(len(BALANCED))))
def test_the_order_of_votes_does_not_matter(order: list[int]) -> None:
    a, b = interval(BALANCED), interval([BALANCED[at] for at in order])
    assert (b.mean, b.low, b.high, b.degrees_of_freedom) == pytest.approx((a.mean, a.low, a.high, a.degrees_of_freedom))


def test_the_order_of_votes_does_not_decide_whether_a_component_is_nought() -> None:
    """By hand: the mean squares of prompts and of the rest are both 11/60, so that prompts have exactly no part."""
    rows = ("10001", "11011", "10101", "10111")
    votes = [(float(sign), prompt, rater) for prompt, row in enumerate(rows) for rater, sign in enumerate(row)]
    orders = [np.random.default_rng(seed).permutation(20) for seed in range(200)]
    freedoms = [interval([votes[at] for at in order]).degrees_of_freedom for order in orders]
    assert freedoms == pytest.approx([freedoms[0]] * 200)


def test_the_numbers_that_name_prompts_and_raters_do_not_matter() -> None:
    a, b = interval(BALANCED), interval([(score, 90 - prompt, 7 * rater + 5) for score, prompt, rater in BALANCED])
    assert (b.mean, b.low, b.high) == pytest.approx((a.mean, a.low, a.high))


def test_one_rater_is_a_panel_of_one() -> None:
    found = interval([(1, 0, 0), (0, 1, 0), (1, 2, 0)])
    assert (found.method, found.raters) == ("fixed panel", 1)


def test_one_prompt_gives_wilson_s_interval_on_one_prompt() -> None:
    found = interval([(1, 4, rater) for rater in range(3)] + [(0, 4, rater) for rater in range(3, 6)])
    assert (found.mean, found.method, found.prompts, found.raters) == (0.5, "Wilson on prompts", 1, 6)
    assert (found.low, found.high) == wilson(0.5, 1)


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_equal_votes_give_wilson_s_interval_with_prompts_as_trials(score: float) -> None:
    found = interval([(score, prompt, rater) for prompt in range(20) for rater in range(6)])
    assert (found.mean, found.method, found.degrees_of_freedom) == (score, "Wilson on prompts", None)
    assert (found.low, found.high) == wilson(20 * score, 20)


def test_without_votes_there_is_no_estimate() -> None:
    assert interval([]) == Interval(None, None, None, 0.95, "no votes", 0, 0)
    assert over_means(np.zeros(0), method="x", raters=None) == Interval(None, None, None, 0.95, "no votes", 0, None)


def test_prompts_with_equal_means_fall_back_to_wilson_though_raters_disagree() -> None:
    assert interval([(1, 0, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)]).method == "Wilson on prompts"


def test_variances_that_vanish_leave_what_prompts_alone_say() -> None:
    scores, found = np.full(15, 0.5), crossing(np.repeat(np.arange(3), 5), np.tile(np.arange(5), 3))
    assert by_moments(scores, found) == (0.0, 0.0)
    assert crossed(scores, found, 0.0, 0.0, 0.95, "prompts × raters").method == "Wilson on prompts"


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 6), st.integers(0, 8)),
        min_size=1,
        max_size=40,
        unique_by=lambda vote: vote[1:],
    )
)
def test_every_interval_holds_its_mean_and_stays_between_nought_and_one(votes: list[Vote]) -> None:
    found = interval(votes)
    assert found.mean is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1
