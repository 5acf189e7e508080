"""What is associated with style: planted effects, the delta method against a bootstrap, Fieller's interval, overlap."""

from dataclasses import asdict, replace
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.features import Features, differences, table
from backend.domain.statistics.influence import clusters
from backend.domain.statistics.intervals import Interval
from backend.domain.statistics.preference_likelihood import davidson_probabilities
from backend.domain.statistics.style import UNBOUNDED, Decomposition, contrast, decompose, fit_style, gain, share
from backend.domain.statistics.style_overlap import overlaps
from backend.domain.statistics.votes import Floats, Votes
from tests.domain.pairs import votes_of

TIE = log(0.7)


def batch(
    prompts: int, seed: int, *, quality: float, style: float, order: float = 0.1, shift: float = 0.5, raters: int = 60
) -> tuple[Votes, Floats]:
    """Davidson votes, 3 a prompt, prompts and raters of their own taste; one style difference with mean `shift`."""
    generator = np.random.default_rng(seed)
    prompt, n = np.repeat(np.arange(prompts), 3), 3 * prompts
    rater = (generator.integers(0, raters, prompts)[prompt] + np.tile([0, 17, 31], prompts)) % raters
    difference = generator.normal(shift, 1, prompts)[prompt]
    flipped = generator.integers(0, 2, n)
    taste = generator.normal(0, 0.5, prompts)[prompt] + generator.normal(0, 0.3, raters)[rater]
    loss, even, _ = davidson_probabilities(quality + style * difference + order * (1 - 2 * flipped) + taste, TIE)
    chance = generator.random(n)
    preference = np.where(chance < loss, -1, np.where(chance < loss + even, 0, 1))
    columns = (prompt, rater, np.ones(n, dtype=np.int64), preference, flipped)
    votes = votes_of(list(zip(*(column.tolist() for column in columns), strict=True)))
    return votes, difference[:, None]


def parts(votes: Votes, style: Floats) -> Decomposition:
    return decompose(votes, style, ["length"]).decomposition


def bounds(interval: Interval) -> tuple[float, float, float]:
    assert interval.mean is not None
    assert interval.low is not None
    assert interval.high is not None
    return interval.mean, interval.low, interval.high


def test_a_lead_of_style_alone_is_all_associated_with_style() -> None:
    found = parts(*batch(1500, 1, quality=0, style=0.6))
    raw, adjusted, associated = (
        bounds(one) for one in (found.raw_points, found.adjusted_points, found.associated_points)
    )
    assert raw[1] > 0
    assert adjusted[1] < 0 < adjusted[2]
    assert associated[0] == pytest.approx(raw[0], abs=3)
    assert found.associated_share is not None
    mean, low, high = bounds(found.associated_share)
    assert low < 1 < high
    assert mean > 0.7


def test_a_lead_of_quality_alone_is_not_associated_with_style() -> None:
    found = parts(*batch(1500, 2, quality=0.5, style=0))
    mean, low, high = bounds(found.associated_points)
    assert low < 0 < high
    assert abs(mean) < 2
    assert bounds(found.adjusted_points)[0] == pytest.approx(bounds(found.raw_points)[0], abs=2)
    assert bounds(found.raw_points)[1] > 0


def test_style_that_favours_the_worse_has_a_share_beyond_one_and_is_not_clipped() -> None:
    """Better by quality, but far shorter and liked less for it: raw below 0, adjusted above."""
    found = parts(*batch(1500, 3, quality=0.3, style=0.8, shift=-1.2))
    assert bounds(found.raw_points)[2] < 0 < bounds(found.adjusted_points)[1]
    assert found.associated_share is not None
    assert bounds(found.associated_share)[1] > 1


def test_at_parity_the_share_is_withheld_with_the_reason() -> None:
    found = parts(*batch(300, 4, quality=0, style=0.5, shift=0))
    assert found.associated_share is None
    assert found.share_withheld == UNBOUNDED


@pytest.mark.long
@pytest.mark.parametrize(
    ("quality", "style", "raters"), [(0.0, 0.6, 60), (0.5, 0.0, 60), (0.3, 0.6, 60), (0.3, 0.6, 12)]
)
def test_the_intervals_cover_what_a_hundred_thousand_prompts_say(quality: float, style: float, raters: int) -> None:
    """200 seeded batches of 150 prompts by 3; at least .95 less four standard errors of a share of 200."""
    whole = parts(*batch(100_000, 0, quality=quality, style=style, raters=30_000))
    truth = [bounds(one)[0] for one in (whole.raw_points, whole.adjusted_points, whole.associated_points)]
    covered = np.zeros(3)
    for seed in range(200):
        found = parts(*batch(150, seed + 1, quality=quality, style=style, raters=raters))
        three = (found.raw_points, found.adjusted_points, found.associated_points)
        covered += [low <= true <= high for (_, low, high), true in zip(map(bounds, three), truth, strict=True)]
    assert (covered / 200 > 0.95 - 4 * (0.95 * 0.05 / 200) ** 0.5).all()


@pytest.mark.long
def test_the_delta_method_agrees_with_a_bootstrap_over_prompts() -> None:
    """Every vote by a rater of its own, so prompts alone vary: 300 seeded resamples, standard errors within 15 %."""
    votes, style = batch(200, 5, quality=0.3, style=0.6)
    alone = Votes(**{**votes.__dict__, "rater": np.arange(600)})
    found = parts(alone, style)
    generator = np.random.default_rng(1)
    draws = []
    for _ in range(300):
        chosen = generator.integers(0, 200, 200)
        rows = (3 * chosen[:, None] + np.arange(3)).ravel()
        again = Votes(**{**alone.where(rows).__dict__, "prompt": np.repeat(np.arange(200), 3)})
        drawn = parts(again, style[rows])
        draws.append([bounds(one)[0] for one in (drawn.raw_points, drawn.adjusted_points, drawn.associated_points)])
    for one, spread in zip(
        (found.raw_points, found.adjusted_points, found.associated_points), np.std(draws, axis=0), strict=True
    ):
        _, low, high = bounds(one)
        assert (high - low) / (2 * 1.972) == pytest.approx(spread, rel=0.15)


def test_without_style_differences_raw_is_the_lead_that_was_counted() -> None:
    """Both orders equally often at every prompt, by hand: 2 wins, 1 tie and 1 loss of four, on each of 12 prompts."""
    rows = [(p, (p + s) % 9, 1, (1, 1, 0, -1)[(s + p) % 4], s % 2) for p in range(12) for s in range(4)]
    found = decompose(votes_of(rows), np.zeros((48, 1)), ["length"])
    assert found.decomposition.raw_points.mean == pytest.approx(25)
    assert found.decomposition.adjusted_points.mean == pytest.approx(25)
    assert found.decomposition.associated_points.method == "no variation"
    assert [one.name for one in found.coefficients] == ["order"]


def test_prompts_weigh_equally_however_many_votes_each_has() -> None:
    """By hand, unknown order, no style: leads 1, -1 and 0 of one, three and two votes; the mean over prompts is 0."""
    rows = [(0, 0, 1, 1, -1), *[(1, r, 1, -1, -1) for r in range(3)], (2, 0, 1, 1, -1), (2, 1, 1, -1, -1)]
    assert parts(votes_of(rows), np.zeros((6, 1))).raw_points.mean == pytest.approx(0, abs=1e-6)


def test_the_contrast_is_the_mean_over_both_orders_and_its_slopes_are_derivatives() -> None:
    votes, style = batch(80, 6, quality=0.3, style=0.6, order=0.4)
    fitted = fit_style(votes, style, ["length"], clusters(votes.prompt, votes.rater))
    value, slope = contrast(fitted, fitted.fit.design.covariates)
    theta = fitted.fit.theta
    by_order = []
    for order in (1, -1):
        loss, _, win = davidson_probabilities(theta[0] + theta[1] * order + theta[2] * style[:, 0], theta[3])
        by_order.append(win - loss)
    assert value == pytest.approx((by_order[0] + by_order[1]) / 2)
    for at in range(4):
        moved = replace(fitted, fit=replace(fitted.fit, theta=theta + 1e-6 * np.eye(4)[at]))
        changed, _ = contrast(moved, fitted.fit.design.covariates)
        assert slope[:, at] == pytest.approx((changed - value) / 1e-6, abs=1e-4)


def test_votes_without_ties_are_decomposed_too() -> None:
    votes, style = batch(200, 7, quality=0.3, style=0.6)
    decisive = votes.preference != 0
    found = parts(votes.where(decisive), style[decisive])
    assert found.problem is None
    assert found.raw_points.low is not None


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 20))
def test_neither_the_order_of_votes_nor_the_scale_of_the_differences_matters(seed: int, scale: float) -> None:
    votes, style = batch(60, 8, quality=0.4, style=0.4)
    order = np.random.default_rng(seed).permutation(180)
    a, b = parts(votes, style), parts(votes.where(order), scale * style[order])
    for name in ("raw_points", "adjusted_points", "associated_points"):
        assert bounds(getattr(b, name)) == pytest.approx(bounds(getattr(a, name)), abs=1e-6)


def test_candidate_and_baseline_changing_sides_turn_every_sign() -> None:
    votes, style = batch(100, 9, quality=0.4, style=0.4)
    turned = Votes(**{**votes.__dict__, "preference": -votes.preference, "flipped": 1 - votes.flipped})
    a, b = parts(votes, style), parts(turned, -style)
    mean, low, high = bounds(a.associated_points)
    assert bounds(b.associated_points) == pytest.approx((-mean, -high, -low), abs=1e-6)
    assert a.associated_share is not None
    assert b.associated_share is not None
    assert bounds(b.associated_share) == pytest.approx(bounds(a.associated_share), abs=1e-6)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(p, p % 3, 1, 0, p % 2) for p in range(9)], "every vote is a tie"),
        ([(p, p % 3, 1, 1, p % 2) for p in range(9)], "the votes are separated: some estimate grows without bound"),
        ([(0, r, 1, r % 3 - 1, r % 2) for r in range(9)], "one prompt says nothing about others"),
    ],
)
def test_what_cannot_be_decomposed_is_said(rows: list[tuple[int, int, int, int, int]], why: str) -> None:
    votes, style = votes_of(rows), np.linspace(-1, 1, 9)[:, None]
    found = decompose(votes, style, ["length"])
    assert (found.decomposition.problem, found.coefficients) == (why, ())
    assert (found.decomposition.raw_points.mean, found.decomposition.share_withheld) == (None, None)
    assert gain(votes, style, votes, style).problem == why


def test_the_gain_over_the_base_is_the_difference_of_both_leads() -> None:
    """Two batches on the same prompts: leads subtract exactly, and sharing prompts and raters enters the interval."""
    (imitation, longer), (base, shorter) = (
        batch(300, 10, quality=-0.2, style=0.6, shift=0.8), batch(300, 11, quality=-0.3, style=0.6, shift=-0.4)
    )  # fmt: skip
    found = gain(imitation, longer, base, shorter)
    above, below = parts(imitation, longer), parts(base, shorter)
    for name in ("raw_points", "adjusted_points", "associated_points"):
        difference = bounds(getattr(above, name))[0] - bounds(getattr(below, name))[0]
        assert bounds(getattr(found, name))[0] == pytest.approx(difference)
    assert bounds(found.raw_points)[1] > 0
    assert found.associated_share is not None
    assert bounds(found.associated_share)[1] > 0.25


def test_a_candidate_gains_nothing_over_itself() -> None:
    votes, style = batch(100, 12, quality=0.3, style=0.5)
    found = gain(votes, style, votes, style)
    assert (found.raw_points.mean, found.raw_points.method) == (0, "no variation")
    assert found.associated_share is None


def test_a_gain_without_shared_prompts_and_raters_has_the_sum_of_both_variances() -> None:
    """Independent batches: squares of half widths add up, but for degrees of freedom (t of 59 and of 119)."""
    (one, of_one), (other, of_other) = (
        batch(400, 13, quality=0.3, style=0.5), batch(400, 14, quality=0, style=0.5)
    )  # fmt: skip
    apart = Votes(**{**other.__dict__, "prompt": other.prompt + 1000, "rater": other.rater + 1000})
    found, above, below = gain(one, of_one, apart, of_other), parts(one, of_one), parts(other, of_other)
    halves = [(high - low) / 2 for _, low, high in (bounds(each.raw_points) for each in (found, above, below))]
    assert halves[0] == pytest.approx((halves[1] ** 2 + halves[2] ** 2) ** 0.5, rel=0.02)


@settings(deadline=None)
@given(
    part=st.floats(-2, 2),
    whole=st.floats(0.5, 2),
    a=st.floats(0.01, 0.2),
    b=st.floats(0.01, 0.2),
    r=st.floats(-0.9, 0.9),
)
def test_fieller_s_bounds_are_where_the_difference_is_just_significant(
    part: float, whole: float, a: float, b: float, r: float
) -> None:
    """The definition: at each bound x, (part - x whole)² = t² Var(part - x whole), here with t(39) = 2.0227."""
    spread = np.array([[a * a, r * a * b], [r * a * b, b * b]])
    found = share(part, whole, spread, clusters(np.arange(40), np.arange(40)), 0.95)
    mean, low, high = bounds(found)
    assert low <= mean <= high
    for x in (low, high):
        variance = a * a - 2 * x * r * a * b + x * x * b * b
        assert (part - x * whole) ** 2 == pytest.approx(2.0227**2 * variance, rel=1e-3, abs=1e-9)


def test_results_are_plain_data() -> None:
    found = asdict(decompose(*batch(100, 15, quality=0.5, style=0.5), ["length"]))
    kinds = {type(value) for value in found["decomposition"]["associated_share"].values()}
    assert kinds <= {float, int, str}
    assert {type(value) for value in found["coefficients"][0].values()} == {str, float}


def test_overlap_by_hand() -> None:
    """Length ratios 2, 1, 1/2 and 1.1; lists apart by a half, nought, 0.05 and -1; no bold, no headers."""
    raw = np.array([[log(2), 0.5, 0, 0], [0, 0, 0, 0], [-log(2), 0.05, 0, 0], [log(1.1), -1, 0, 0]])
    length, lists, bold, _ = overlaps(raw)
    assert (length.name, length.near, length.candidate_more, length.baseline_more) == ("length", 0.5, 0.25, 0.25)
    assert length.quantiles[2] == pytest.approx(log(1.1) / 2)
    assert (lists.near, lists.candidate_more, lists.baseline_more) == (0.5, 0.25, 0.25)
    assert (bold.near, bold.quantiles) == (1, (0, 0, 0, 0, 0))
    assert overlaps(np.zeros((0, 4))) == ()


def test_overlap_reads_the_differences_of_features() -> None:
    long, short = Features(99, 600, 9, 0, 0, 0, 0), Features(9, 60, 1, 0, 0, 0, 0)
    length = overlaps(differences(table([long, short]), table([short, short])).raw)[0]
    assert (length.near, length.candidate_more) == (0.5, 0.5)
    assert length.quantiles[2] == pytest.approx(log(10) / 2)
