"""The planner against sums by hand, and against the default interval on simulated votes of the same design."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.intervals import over_prompts
from backend.domain.statistics.power import (
    Blind,
    Design,
    Outlook,
    fewest_prompts,
    floor,
    mean_variance,
    outlook,
    score_variance,
)


def by_half_width(found: Outlook) -> float:
    return found.half_width


def test_a_vote_varies_most_without_ties_and_at_an_even_chance() -> None:
    """By hand: 1 · .4 + ¼ · .2 − .5² = .2 with a fifth of ties; .7 · .3 without."""
    assert score_variance(0.5, 0.2) == pytest.approx(0.2)
    assert score_variance(0.7, 0.0) == pytest.approx(0.21)


def test_prompts_raters_and_the_rest_each_have_their_part() -> None:
    """By hand: .1875 × (.2 / 100 + .05 / 25 + .75 / 300) = .1875 × .0065; freedoms 99, 24 and 176."""
    variance, freedom = mean_variance(Design(prompts=100, raters=25, ties=0.25))
    assert variance == pytest.approx(0.1875 * 0.0065)
    assert freedom == pytest.approx(0.0065**2 / (0.002**2 / 99 + 0.002**2 / 24 + 0.0025**2 / 176))


def test_independent_votes_have_a_design_effect_of_one() -> None:
    assert outlook(Design(prompt_icc=0, rater_icc=0)).design_effect == pytest.approx(1)
    assert outlook(Design(prompts=100, raters=25)).design_effect == pytest.approx(0.0065 * 300)


def test_one_seat_a_prompt_makes_the_rest_part_of_the_prompt() -> None:
    """By hand: .25 × (.95 / 200 + .05 / 20), freedoms 199 and 19."""
    variance, freedom = mean_variance(Design(prompts=200, raters=20, seats=1, ties=0))
    assert variance == pytest.approx(0.25 * (0.95 / 200 + 0.05 / 20))
    assert freedom == pytest.approx(0.00725**2 / (0.00475**2 / 199 + 0.0025**2 / 19))


def test_a_panel_that_sits_on_every_prompt_has_no_part_of_its_own() -> None:
    """By hand: three raters on three seats; .1875 × (.2 + .75 / 3) / 100, and 99 degrees of freedom."""
    variance, freedom = mean_variance(Design(prompts=100, raters=3))
    assert variance == pytest.approx(0.1875 * 0.45 / 100)
    assert freedom == 99


def test_votes_without_any_variance_have_no_width() -> None:
    found = outlook(Design(ties=0.0, mean=1.0))
    assert (found.half_width, found.from_even, found.design_effect) == (0, 0, 1)
    assert mean_variance(Design(prompt_icc=0, rater_icc=1, raters=20))[1] == pytest.approx(19)


def simulated_half_width(design: Design, generator: np.random.Generator) -> float:
    """Half the width of the default interval on normal scores of this design, seats filled at random."""
    total = score_variance(design.mean, design.ties)
    seated = np.argsort(generator.random((design.prompts, design.raters)), axis=1)[:, : design.seats]
    parts = (design.prompt_icc, design.rater_icc, 1 - design.prompt_icc - design.rater_icc)
    of_prompts, of_raters, rest = (
        generator.normal(0, sqrt(total * part), size)
        for part, size in zip(parts, ((design.prompts, 1), design.raters, seated.shape), strict=True)
    )
    scores = design.mean + of_prompts + of_raters[seated] + rest
    found = over_prompts(scores.ravel(), np.repeat(np.arange(design.prompts), design.seats), seated.ravel())
    return (found.high - found.low) / 2


@pytest.mark.parametrize(
    "design",
    [
        Design(prompts=120, raters=24),
        Design(prompts=255, raters=71, prompt_icc=0.3, rater_icc=0.15),
        Design(prompts=80, raters=8, rater_icc=0.0),
        Design(prompts=100, raters=4, rater_icc=0.1),
        Design(prompts=100, raters=250),
        Design(prompts=60, raters=40, seats=5, ties=0.4, mean=0.6),
    ],
    ids=lambda design: f"{design.prompts} x {design.raters} raters x {design.seats} seats",
)
def test_the_half_width_is_that_of_the_default_interval(design: Design) -> None:
    """200 seeded runs each. Where components are cut at zero the interval is a little wider than the formula."""
    generator = np.random.default_rng(design.prompts)
    widths = [simulated_half_width(design, generator) for _ in range(200)]
    assert np.mean(widths) == pytest.approx(outlook(design).half_width, rel=0.08)


def test_the_detectable_difference_is_found_with_the_stated_power() -> None:
    """2,000 seeded runs of a fixed panel's test; three standard errors of a share of .8 are .027."""
    design = Design(prompts=100, raters=3, ties=0)
    generator = np.random.default_rng(4)
    variance, freedom = mean_variance(design)
    means = generator.normal(outlook(design).from_even, sqrt(variance * 100), (2000, 100))
    statistic = means.mean(axis=1) / (means.std(axis=1, ddof=1) / 10)
    assert np.mean(np.abs(statistic) > stats.t.ppf(0.975, freedom)) == pytest.approx(0.8, abs=0.03)


@given(st.integers(10, 3000), st.integers(20, 300), st.integers(1, 7), st.floats(0, 0.6), st.floats(0, 0.3))
def test_more_prompts_and_more_ties_never_widen_and_more_raters_never_unsettle(
    prompts: int, raters: int, seats: int, ties: float, icc: float
) -> None:
    design = Design(prompts=prompts, raters=raters, seats=seats, ties=ties, rater_icc=icc)
    width = outlook(design).half_width
    assert outlook(replace(design, prompts=2 * prompts)).half_width <= width * (1 + 1e-9)
    assert mean_variance(replace(design, raters=2 * raters))[0] <= mean_variance(design)[0]
    assert outlook(replace(design, ties=ties + 0.2)).half_width <= width * (1 + 1e-9)
    assert floor(design) <= width * (1 + 1e-9)


@pytest.mark.parametrize("wanted", [0.03, 0.05, 0.1])
def test_in_reverse_the_fewest_prompts_that_are_enough(wanted: float) -> None:
    design = Design(raters=100)
    found = fewest_prompts(design, by_half_width, wanted)
    assert outlook(replace(design, prompts=found)).half_width <= wanted
    assert outlook(replace(design, prompts=found - 1)).half_width > wanted


def test_no_number_of_prompts_makes_up_for_too_few_raters() -> None:
    design = Design(raters=6, rater_icc=0.15)
    assert fewest_prompts(design, by_half_width, 0.05) is None
    assert floor(design) > 0.05
    assert fewest_prompts(Design(raters=3, rater_icc=0.15), by_half_width, 0.05) is not None


@pytest.mark.parametrize("wanted", [0.0, -0.1, float("nan")])
def test_wanting_nothing_is_refused(wanted: float) -> None:
    with pytest.raises(ValueError, match="larger than nothing"):
        fewest_prompts(Design(), by_half_width, wanted)


def kinds(design: Design) -> set[Blind]:
    return {limit.kind for limit in outlook(design).limits}


def test_what_a_size_can_not_show_is_data() -> None:
    found = outlook(Design(prompts=255, raters=71, candidates=4))
    values = {limit.kind: limit.value for limit in found.limits}
    assert values[Blind.FROM_EVEN] == found.from_even
    assert values[Blind.BETWEEN_TWO] == found.between_two
    assert values[Blind.BETWEEN_ANY] == found.between_any > found.between_two
    assert kinds(Design(raters=71, rater_icc=0)) == {Blind.FROM_EVEN, Blind.BETWEEN_TWO}
    assert Blind.FIXED_PANEL in kinds(Design(raters=4))
    assert Blind.FEW_RATERS in kinds(Design(raters=5))
    assert Blind.FEW_RATERS not in kinds(Design(raters=20))
    assert Blind.RATERS_LIMIT in kinds(Design(prompts=5000, raters=10))


def test_all_pairs_at_once_share_the_error() -> None:
    """By hand: three pairs of three candidates, so each at a level of 1 − .05 / 3."""
    found = outlook(Design(candidates=3, prompt_icc=0, rater_icc=0, raters=70, prompts=10_000))
    ratio = (stats.norm.ppf(1 - 0.05 / 6) + stats.norm.ppf(0.8)) / (stats.norm.ppf(0.975) + stats.norm.ppf(0.8))
    assert found.between_any / found.between_two == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"prompts": 1}, "two prompts"),
        ({"seats": 0}, "a seat"),
        ({"candidates": 0}, "a candidate"),
        ({"prompts": 10**9}, "plans end at 10,000,000"),
        ({"rater_icc": float("nan")}, "shares of the variance"),
        ({"raters": 5, "candidates": 2}, "6 raters or more"),
        ({"ties": 1.0}, "no room"),
        ({"ties": 0.5, "mean": 0.8}, "no room"),
        ({"prompt_icc": 0.7, "rater_icc": 0.4}, "shares of the variance"),
        ({"rater_icc": -0.1}, "shares of the variance"),
        ({"pairing": 1.0}, "correlation"),
        ({"level": 1.0}, "level"),
        ({"power": 0.3}, "power"),
    ],
)
def test_a_design_that_can_not_be_is_refused_with_a_sentence(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Design(**wrong)


def test_votes_are_counted_over_candidates_and_shared_by_raters() -> None:
    design = Design(prompts=100, seats=3, candidates=2, raters=30)
    assert (design.votes, design.votes_per_rater) == (600, 20)
