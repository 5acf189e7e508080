"""Preference models against published fits, closed forms and planted effects.

Stigler's citations: A. Agresti, Categorical Data Analysis; the fit is the one of R's BradleyTerry2 vignette. The fits
of two systems are closed forms; those of three were computed once with another optimiser.
"""

from dataclasses import asdict
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from backend.domain.statistics.influence import clusters
from backend.domain.statistics.preference_design import condensed, designed, kinds_of
from backend.domain.statistics.preference_fit import covariance, maximise
from backend.domain.statistics.preference_likelihood import PreferenceModel, davidson_probabilities
from backend.domain.statistics.preference_models import PairVotes, PreferenceFit, against_baseline, prepared, rate
from tests.domain.pairs import Counts, pair_votes, votes_of

BT, WITHOUT = PreferenceModel.BRADLEY_TERRY, PreferenceModel.BRADLEY_TERRY_WITHOUT_TIES
DAVIDSON, RAO_KUPPER = PreferenceModel.DAVIDSON, PreferenceModel.RAO_KUPPER

# Biometrika, Communications in Statistics, JASA, JRSS-B; a citation of the row by the column is a win of the row
CITATIONS = ((714, 730, 498, 221), (33, 425, 68, 17), (320, 813, 1072, 142), (284, 276, 325, 188))
STIGLER: Counts = {(i, j): (CITATIONS[i][j], 0, CITATIONS[j][i]) for i in range(4) for j in range(i)}
TWO: Counts = {(1, 0): (44, 22, 14)}
THREE: Counts = {(0, 1): (44, 22, 14), (0, 2): (30, 10, 40), (1, 2): (20, 25, 35)}


def fitted(counts: Counts, model: PreferenceModel = BT, **options: float) -> PreferenceFit:
    return rate(prepared(pair_votes(counts)), model=model, baseline=0, **options)


def ratings(found: PreferenceFit) -> list[float | None]:
    return [one.rating for one in found.ratings if one.system != found.baseline]


def test_stigler_s_journals_have_their_published_abilities() -> None:
    found = fitted(STIGLER)
    assert ratings(found) == pytest.approx([-2.94907, -0.47957, 0.26895], abs=1e-5)
    assert [one.rank for one in found.ratings] == [2, 4, 3, 1]
    assert found.log_likelihood is not None
    saturated = sum(
        wins * log(wins / (wins + losses)) + losses * log(losses / (wins + losses))
        for wins, _, losses in STIGLER.values()
    )
    assert 2 * (saturated - found.log_likelihood) == pytest.approx(4.2934, abs=1e-4)


def test_stigler_s_journals_have_their_published_standard_errors_where_votes_are_independent() -> None:
    votes = pair_votes(STIGLER)
    fit = maximise(condensed(prepared(votes).kinds, systems=4, with_order=False), BT)
    assert np.sqrt(np.diag(np.linalg.inv(fit.information))) == pytest.approx([0.10255, 0.06059, 0.07083], abs=1e-5)


def test_two_systems_have_the_closed_forms_of_davidson_and_of_rao_and_kupper() -> None:
    w, t, losses = TWO[1, 0]
    n = w + t + losses
    davidson, rao_kupper = fitted(TWO, DAVIDSON), fitted(TWO, RAO_KUPPER)
    assert ratings(davidson) == pytest.approx([log(w / losses)])
    assert ratings(davidson) == pytest.approx([1.145132], abs=1e-5)
    assert davidson.tie_parameter == pytest.approx(t / sqrt(w * losses))
    assert davidson.tie_parameter == pytest.approx(0.886405, abs=1e-5)
    assert ratings(rao_kupper) == pytest.approx([log(w * (n - losses) / (losses * (n - w))) / 2])
    assert ratings(rao_kupper) == pytest.approx([0.875634], abs=1e-5)
    assert rao_kupper.tie_parameter == pytest.approx(sqrt((n - w) * (n - losses) / (w * losses)))
    assert rao_kupper.tie_parameter == pytest.approx(1.963961, abs=1e-5)


@pytest.mark.parametrize(
    ("model", "expected", "tie", "log_likelihood"),
    [
        (DAVIDSON, [-0.740967, 0.056952], 0.653616, -249.900979),
        (RAO_KUPPER, [-0.562836, 0.043795], np.exp(0.512838), -250.317797),
        (BT, [-0.556742, 0.042800], None, -159.914265),
    ],
)
def test_three_systems_have_their_maximum_likelihood(
    model: PreferenceModel, expected: list[float], tie: float | None, log_likelihood: float
) -> None:
    found = fitted(THREE, model)
    assert ratings(found) == pytest.approx(expected, abs=1e-5)
    assert found.tie_parameter == (None if tie is None else pytest.approx(tie, abs=1e-5))
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=1e-5)


def test_ties_left_out_are_as_if_they_had_never_been_cast() -> None:
    without = {pair: (wins, 0, losses) for pair, (wins, _, losses) in THREE.items()}
    assert ratings(fitted(THREE, WITHOUT)) == pytest.approx(ratings(fitted(without)))


@pytest.mark.parametrize("model", [DAVIDSON, RAO_KUPPER])
def test_votes_without_ties_give_bradley_and_terry_s_ratings(model: PreferenceModel) -> None:
    found = fitted(STIGLER, model)
    assert ratings(found) == pytest.approx(ratings(fitted(STIGLER)))
    assert found.tie_parameter == (0 if model == DAVIDSON else 1)


def test_the_interval_of_two_systems_by_hand_when_every_vote_stands_alone() -> None:
    """A log-odds of n single votes has the variance (1 / wins + 1 / losses) n / (n - 1); t(57) at .975 is 2.0025."""
    one = fitted({(1, 0): (44, 0, 14)}).ratings[1]
    error = sqrt((1 / 44 + 1 / 14) * 58 / 57)
    assert one.standard_error == pytest.approx(error)
    assert (one.low, one.high) == pytest.approx(
        (log(44 / 14) - 2.0025 * error, log(44 / 14) + 2.0025 * error), abs=1e-4
    )


def test_votes_that_share_a_prompt_widen_the_interval() -> None:
    """By hand: every vote cast by four raters of one mind on the same prompt; the error over prompts doubles."""
    votes = pair_votes({(1, 0): (12, 0, 8)})
    alike = votes.where(np.repeat(np.arange(20), 4))
    alike = PairVotes(**{**alike.__dict__, "rater": np.tile(np.arange(4), 20)})
    found = rate(prepared(alike), model=BT, baseline=0)
    assert found.method == "fixed panel, by influence"
    assert found.ratings[1].standard_error == pytest.approx(sqrt((1 / 12 + 1 / 8) * 20 / 19))


def planted(n: int, seed: int = 3) -> PairVotes:
    """Davidson's model: ratings .4 and -.6 against system 9, order .3, style .5, v = .7; three votes a prompt."""
    generator = np.random.default_rng(seed)
    left = generator.integers(1, 3, n)
    order = generator.choice([-1, 1], n)
    style = np.column_stack([np.repeat(generator.standard_normal(n // 3), 3), np.zeros(n)])
    difference = np.array([0, 0.4, -0.6])[left] + 0.3 * order + 0.5 * style[:, 0]
    loss, even, _ = davidson_probabilities(difference, log(0.7))
    chance = generator.random(n)
    preference = np.where(chance < loss, -1, np.where(chance < loss + even, 0, 1))
    prompt = np.arange(n) // 3
    rater = (prompt * 7 + np.arange(n) % 3 * 11) % 50
    return PairVotes(left, np.full(n, 9), preference, order, prompt, rater, style)


def test_planted_ratings_order_and_style_are_found() -> None:
    found = rate(prepared(planted(30_000)), model=DAVIDSON, baseline=9, style_names=("length", "lists"))
    assert [one.name for one in found.coefficients] == ["order", "length"]
    values = ratings(found) + [one.estimate for one in found.coefficients] + [found.tie_parameter]
    assert values == pytest.approx([0.4, -0.6, 0.3, 0.5, 0.7], abs=0.06)
    for one, truth in zip(found.coefficients, (0.3, 0.5), strict=True):
        assert abs(one.estimate - truth) < 3 * one.standard_error < 0.05


def test_ratings_ranks_and_all_are_plain_data() -> None:
    found = rate(prepared(planted(300)), model=DAVIDSON, baseline=9, style_names=("length", "lists"))
    kinds = {type(value) for one in asdict(found)["ratings"] for value in one.values()}
    assert kinds <= {int, float, type(None)}
    assert [one.system for one in found.ratings] == [1, 2, 9]
    assert found.ratings[2].rating == found.ratings[2].standard_error == 0


@pytest.mark.parametrize("model", PreferenceModel)
def test_a_million_votes_are_counted_before_they_are_fitted_and_nothing_changes(model: PreferenceModel) -> None:
    votes = planted(600)
    left = np.where(votes.left == 9, 0, votes.left)
    right, outcome, order = np.zeros_like(left), votes.preference + 1, votes.order
    few = maximise(condensed(kinds_of(left, right, order, outcome - 1), systems=3, with_order=True), model)
    each = maximise(designed(left, right, outcome, order[:, None].astype(float), systems=3), model)
    found = clusters(votes.prompt, votes.rater)
    assert len(few.design.pair) <= 18
    assert few.theta == pytest.approx(each.theta)
    assert covariance(few, found) == pytest.approx(covariance(each, found))


@pytest.mark.parametrize("model", PreferenceModel)
def test_two_votes_of_a_rater_on_a_prompt_count_as_one_cell(model: PreferenceModel) -> None:
    """Every vote cast twice is no more information."""
    votes = planted(600)
    twice = votes.where(np.tile(np.arange(600), 2))
    once, again = (rate(prepared(one), model=model, baseline=9, style_names=("a", "b")) for one in (votes, twice))
    assert ratings(again) == pytest.approx(ratings(once))
    assert again.ratings[0].standard_error == pytest.approx(once.ratings[0].standard_error)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000))
def test_neither_the_order_of_votes_nor_which_side_is_called_left_matters(seed: int) -> None:
    votes = planted(240)
    generator = np.random.default_rng(seed)
    turned = generator.random(240) < 0.5
    sign = np.where(turned, -1, 1)
    mirrored = PairVotes(
        np.where(turned, votes.right, votes.left), np.where(turned, votes.left, votes.right),
        sign * votes.preference, sign * votes.order, votes.prompt, votes.rater, sign[:, None] * votes.style,
    ).where(generator.permutation(240))  # fmt: skip
    a, b = (rate(prepared(one), model=DAVIDSON, baseline=9, style_names=("a", "b")) for one in (votes, mirrored))
    assert b.log_likelihood == pytest.approx(a.log_likelihood)
    for one, other in zip(a.ratings, b.ratings, strict=True):
        assert asdict(other) == pytest.approx(asdict(one), abs=1e-6)


def test_an_order_that_never_varied_is_no_covariate() -> None:
    votes = planted(300)
    still = PairVotes(**{**votes.__dict__, "order": np.ones_like(votes.order)})
    assert [one.name for one in rate(prepared(still), model=BT, baseline=9, style_names=("a", "b")).coefficients] == [
        "a"
    ]


def test_order_can_be_left_out() -> None:
    assert rate(prepared(pair_votes(TWO)), model=BT, baseline=0, with_order=False).coefficients == ()


def test_systems_that_are_hard_to_tell_apart_share_their_ranks() -> None:
    """By normal tails: 1 falls below the baseline with .056, 2 with .008, and 3 stands apart."""
    found = fitted({(1, 0): (58, 0, 42), (2, 0): (62, 0, 38), (3, 0): (5, 0, 95)})
    ranks = {one.system: (one.rank, one.rank_low, one.rank_high) for one in found.ratings}
    assert ranks == {0: (3, 2, 3), 1: (2, 1, 3), 2: (1, 1, 2), 3: (4, 4, 4)}


def test_rank_intervals_agree_with_the_chance_that_two_systems_stand_the_other_way_round() -> None:
    """Two independent systems: P(swap) is normal; at a level just above it the interval is one rank, just below two."""
    found = fitted({(1, 0): (500, 0, 500), (2, 0): (530, 0, 470)})
    one, two = found.ratings[1:]
    assert one.rating is not None
    assert two.rating is not None
    assert one.standard_error is not None
    assert two.standard_error is not None
    swap = float(stats.norm.cdf(-(two.rating - one.rating) / sqrt(one.standard_error**2 + two.standard_error**2)))
    wide = rate(
        prepared(pair_votes({(1, 0): (500, 0, 500), (2, 0): (530, 0, 470)})), model=BT, baseline=0, level=1 - swap
    )
    narrow = rate(
        prepared(pair_votes({(1, 0): (500, 0, 500), (2, 0): (530, 0, 470)})), model=BT, baseline=0, level=1 - 3 * swap
    )
    assert (wide.ratings[2].rank_high, narrow.ratings[2].rank_high) == (2, 1)


@pytest.mark.parametrize("model", PreferenceModel)
def test_a_system_that_never_lost_is_named_and_the_others_keep_their_ratings(model: PreferenceModel) -> None:
    found = fitted({**THREE, (5, 0): (9, 0, 0), (0, 6): (4, 0, 0), (7, 8): (3, 3, 3), (7, 5): (0, 0, 3)}, model)
    notes = {one.system: one.note for one in found.ratings}
    assert notes[5] == "never beaten by the baseline, directly or through others: its rating has no upper bound"
    assert notes[6] == "never beat the baseline, directly or through others: its rating has no lower bound"
    assert notes[7] is not None
    assert notes[8] is not None
    assert ratings(found)[:2] == pytest.approx(ratings(fitted(THREE, model)))
    ties = 57 if model == WITHOUT else 0
    assert found.votes == 240 - ties
    assert found.left_out == 9 + 4 + 9 + 3 + ties


def test_systems_that_no_votes_link_are_named() -> None:
    notes = [one.note for one in fitted({**TWO, (7, 8): (3, 3, 3)}).ratings]
    assert notes == [None, None, *["no chain of votes links it to the baseline"] * 2]


def test_systems_behind_two_that_cannot_be_rated_are_named() -> None:
    """By hand: 5 always beats the baseline and always beats 7, so 7 may be above or below the baseline."""
    notes = {one.system: one.note for one in fitted({**TWO, (5, 0): (9, 0, 0), (5, 7): (9, 0, 0)}).ratings}
    assert notes[7] == "met the baseline only through systems that can't be rated themselves"


def test_a_tie_links_two_systems_unless_ties_are_left_out() -> None:
    counts = {**TWO, (2, 0): (5, 3, 0)}
    assert fitted(counts, DAVIDSON).ratings[2].note is None
    assert fitted(counts, BT).ratings[2].rating == pytest.approx(log(6.5 / 1.5))
    assert fitted(counts, WITHOUT).ratings[2].rating is None


@pytest.mark.parametrize("model", [DAVIDSON, RAO_KUPPER])
@pytest.mark.parametrize("counts", [{(1, 0): (5, 3, 0)}, {(1, 0): (0, 5, 0)}])
def test_ties_cannot_be_weighed_where_nobody_both_won_and_lost(counts: Counts, model: PreferenceModel) -> None:
    found = fitted(counts, model)
    assert found.problem == "no two systems both beat each other, so ties can't be weighed against wins"
    assert found.ratings[1].rating is None
    assert (found.votes, found.left_out, found.log_likelihood) == (0, sum(counts[1, 0]), None)


def test_a_baseline_that_nothing_can_be_rated_against_is_said() -> None:
    found = fitted({(1, 0): (5, 0, 0)})
    assert found.problem == "no system can be rated against the baseline"
    assert found.ratings[0].rating is None


def test_one_prompt_is_not_enough() -> None:
    votes = pair_votes(TWO)
    one = PairVotes(**{**votes.__dict__, "prompt": np.zeros_like(votes.prompt)})
    assert rate(prepared(one), model=BT, baseline=0).problem == "one prompt says nothing about others"


@pytest.mark.parametrize("model", PreferenceModel)
def test_a_style_that_decides_every_vote_is_said_instead_of_diverging(model: PreferenceModel) -> None:
    votes = pair_votes({(1, 0): (20, 0, 20)})
    decided = PairVotes(**{**votes.__dict__, "style": votes.preference[:, None] * np.linspace(0.5, 2, 40)[:, None]})
    found = rate(prepared(decided), model=model, baseline=0, style_names=("length",))
    assert found.problem is not None
    assert "separated" in found.problem
    assert found.ratings[1].rating is None


def test_a_style_that_always_differs_alike_cannot_be_told_from_the_rating() -> None:
    votes = pair_votes(TWO)
    alike = PairVotes(**{**votes.__dict__, "style": np.ones((80, 1))})
    found = rate(prepared(alike), model=DAVIDSON, baseline=0, style_names=("length",))
    assert found.problem is not None
    assert found.problem.startswith("its parts can't be told apart")


def test_votes_of_a_batch_become_votes_on_pairs() -> None:
    votes = votes_of([(4, 1, 5, 1, 0), (4, 2, 5, 0, 1), (6, 1, 5, -1, -1)])
    found = against_baseline(votes, baseline=-1)
    assert found.order.tolist() == [1, -1, 0]
    assert (found.left.tolist(), found.right.tolist()) == ([5, 5, 5], [-1, -1, -1])
    with pytest.raises(ValueError, match="can't have the baseline's id"):
        against_baseline(votes, baseline=5)


def test_a_baseline_without_votes_is_refused() -> None:
    with pytest.raises(ValueError, match="the baseline has no votes"):
        rate(prepared(pair_votes(TWO)), model=BT, baseline=3)
