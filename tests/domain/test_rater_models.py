"""Dawid-Skene, GLAD and MACE: published fits, planted raters, and what must not matter."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backend.domain.statistics.dawid_skene import DawidSkene, Pooling, dawid_skene
from backend.domain.statistics.glad import Glad, glad
from backend.domain.statistics.mace import Mace, mace
from backend.domain.statistics.rater_models import Shares, competences, shares
from backend.domain.statistics.votes import Floats, Integers
from tests.domain.crowd import Crowd, crowd

Model = Callable[[Integers, Integers, Integers], DawidSkene | Glad | Mace]


def by_dawid_skene(unit: Integers, rater: Integers, label: Integers) -> DawidSkene:
    return dawid_skene(unit, rater, label, categories=3)


def by_glad(unit: Integers, rater: Integers, label: Integers) -> Glad:
    return glad(unit, rater, label, categories=3)


def by_mace(unit: Integers, rater: Integers, label: Integers) -> Mace:
    return mace(unit, rater, label, categories=3)


MODELS = pytest.mark.parametrize("model", [by_dawid_skene, by_glad, by_mace])


def accuracy(posterior: Floats, truth: Integers) -> float:
    return float((posterior.argmax(axis=1) == truth).mean())


def fitted(votes: Crowd, pooling: Pooling = Pooling.NONE) -> DawidSkene:
    categories = int(votes.label.max()) + 1
    return dawid_skene(votes.unit, votes.rater, votes.label, categories=categories, pooling=pooling, tolerance=1e-11)


def test_the_anaesthetists_of_1979(shared_data: Path) -> None:
    """Dawid and Skene (1979), tables 2-4, run to convergence: patients 45, observers 5, observer 1 three times."""
    found = fitted(crowd(shared_data, "dawid-skene-1979"))
    assert found.converged
    assert found.log_likelihoods[0] == pytest.approx(-205.091138, abs=1e-6)
    assert found.log_likelihoods[-1] == pytest.approx(-192.890881, abs=1e-6)
    assert found.prevalence == pytest.approx([0.3996, 0.4220, 0.1118, 0.0667], abs=5e-5)
    expected = [[0.8895, 0.1105, 0, 0], [0.0706, 0.8764, 0.0530, 0], [0, 0.3388, 0.6612, 0], [0, 0, 0.5556, 0.4444]]
    np.testing.assert_allclose(found.confusion[0], expected, atol=6e-5)
    assert np.bincount(found.posterior.argmax(axis=1)).tolist() == [18, 19, 5, 3]


@pytest.mark.parametrize(
    ("name", "log_likelihood", "right"),
    [("bluebirds", -1888.1168, 97 / 108), ("weather-sentiment-CF", -730.9480, 0.84)],
)
def test_crowd_sets_run_to_convergence(name: str, log_likelihood: float, right: float, shared_data: Path) -> None:
    """Maximum likelihood by an independent EM; crowd-kit 1.4.2 stops earlier and reaches .889 and .830."""
    votes = crowd(shared_data, name)
    found = fitted(votes)
    assert found.converged
    assert found.log_likelihoods[-1] == pytest.approx(log_likelihood, abs=1e-4)
    assert accuracy(found.posterior, votes.truth) == pytest.approx(right, abs=0.007)


def test_with_few_votes_a_rater_sharing_strength_beats_maximum_likelihood(shared_data: Path) -> None:
    """461 raters gave about four labels each of five categories: maximum likelihood has nothing to hold on to."""
    votes = crowd(shared_data, "weather-sentiment-CF")
    alone, shared = fitted(votes), fitted(votes, Pooling.PARTIAL)
    assert accuracy(shared.posterior, votes.truth) > accuracy(alone.posterior, votes.truth) + 0.02


def test_glad_and_mace_on_the_bluebirds(shared_data: Path) -> None:
    """GLAD falls behind the majority (.759): novices err to one side here, and it takes wrong labels for even."""
    votes = crowd(shared_data, "bluebirds")
    by_ability = glad(votes.unit, votes.rater, votes.label, categories=2)
    by_competence = mace(votes.unit, votes.rater, votes.label, categories=2)
    assert accuracy(by_ability.posterior, votes.truth) == pytest.approx(0.722, abs=0.01)
    assert accuracy(by_competence.posterior, votes.truth) > 0.759
    right = votes.truth[np.searchsorted(by_competence.unit, votes.unit)] == votes.label
    measured = np.bincount(votes.rater, right) / np.bincount(votes.rater)
    assert np.corrcoef(measured, by_competence.competence)[0, 1] > 0.6


def planted(seed: int, *, honest: float, units: int = 400, raters: int = 8) -> tuple[Crowd, Integers]:
    """Every rater labels every unit; rater 0 clicks at random, rater 1 is always right, the others are honest."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(3, units, p=[0.4, 0.2, 0.4])
    unit, rater = np.repeat(np.arange(units), raters), np.tile(np.arange(raters), units)
    skill = np.full(raters, honest)
    skill[1] = 1.0
    wrong = (truth[unit] + generator.integers(1, 3, len(unit))) % 3
    label = np.where(generator.random(len(unit)) < skill[rater], truth[unit], wrong)
    label = np.where(rater == 0, generator.integers(0, 3, len(unit)), label)
    return Crowd(unit, rater, label, truth), truth


@MODELS
def test_a_random_clicker_has_no_competence_and_a_perfect_rater_all(model: Model) -> None:
    votes, truth = planted(5, honest=0.8)
    found = model(votes.unit, votes.rater, votes.label)
    assert found.converged
    assert found.competence[0] == pytest.approx(0, abs=0.1)
    assert found.competence[1] > 0.93
    assert found.competence[2:] == pytest.approx(np.full(6, 0.7), abs=0.15)
    assert accuracy(found.posterior, truth) > 0.97


@MODELS
def test_raters_who_always_agree_are_perfect(model: Model) -> None:
    label = np.repeat(np.arange(300) % 3, 3)
    found = model(np.repeat(np.arange(300), 3), np.tile(np.arange(3), 300), label)
    assert (found.competence > 0.95).all()
    assert found.posterior[np.repeat(np.arange(300), 3), label] == pytest.approx(np.ones(900), abs=0.02)
    assert found.prevalence == pytest.approx(np.full(3, 1 / 3), abs=0.01)


@MODELS
def test_neither_the_order_of_rows_nor_the_numbers_of_raters_matter(model: Model) -> None:
    votes, _ = planted(9, honest=0.7, units=60)
    order = np.random.default_rng(1).permutation(len(votes.unit))
    a = model(votes.unit, votes.rater, votes.label)
    b = model(3 * votes.unit[order] - 7, 10**9 * votes.rater[order], votes.label[order])
    np.testing.assert_allclose(b.posterior, a.posterior, atol=1e-8)
    np.testing.assert_allclose(b.competence, a.competence, atol=1e-8)


@MODELS
def test_swapping_the_labels_swaps_the_answer(model: Model) -> None:
    votes, _ = planted(10, honest=0.7, units=80)
    a, b = model(votes.unit, votes.rater, votes.label), model(votes.unit, votes.rater, 2 - votes.label)
    np.testing.assert_allclose(b.posterior[:, ::-1], a.posterior, atol=1e-8)


@MODELS
@pytest.mark.parametrize("labels", [[], [0, 3], [-1, 0]])
def test_no_ratings_or_other_labels_are_refused(model: Model, labels: list[int]) -> None:
    label = np.array(labels, dtype=np.int64)
    with pytest.raises(ValueError, match="needs ratings with labels"):
        model(np.zeros_like(label), np.zeros_like(label), label)


def test_the_likelihood_of_dawid_and_skene_never_falls() -> None:
    votes, _ = planted(3, honest=0.6, units=100)
    found = dawid_skene(votes.unit, votes.rater, votes.label, categories=3, pooling=Pooling.NONE)
    assert (np.diff(found.log_likelihoods) > -1e-9).all()


def test_the_objective_of_glad_never_falls() -> None:
    votes, _ = planted(3, honest=0.6, units=100)
    assert (np.diff(by_glad(votes.unit, votes.rater, votes.label).objectives) > -1e-9).all()


def test_a_fit_that_was_cut_short_says_so() -> None:
    votes, _ = planted(3, honest=0.6, units=100)
    for fit in (dawid_skene, glad, mace):
        found = fit(votes.unit, votes.rater, votes.label, categories=3, most_iterations=1)
        assert not found.converged


def test_pooling_says_how_much_raters_are_alike() -> None:
    """Everybody has one confusion under full pooling; a rater with two votes is nearer to it than one with forty."""
    votes, _ = planted(4, honest=0.7, units=40)
    few = (votes.rater != 1) | (votes.unit < 2)
    kept = Crowd(votes.unit[few], votes.rater[few], votes.label[few], votes.truth)
    full, partial, alone = (fitted(kept, pooling) for pooling in (Pooling.FULL, Pooling.PARTIAL, Pooling.NONE))
    assert np.ptp(full.confusion, axis=0).max() == 0
    apart = np.abs(partial.confusion - full.confusion).max(axis=(1, 2))
    assert apart[1] == apart.min()
    assert np.abs(alone.confusion - full.confusion).max() > apart.max()


def test_shares_by_hand_beside_what_the_models_say() -> None:
    """Candidate 7: words 222, 220, 012: votes (2/9, 1/9, 6/9), majority (0, 0, 2/3), split 1/3; candidate 9: 000."""
    words = ("222", "220", "012", "000")
    unit, label = np.repeat(np.arange(4), 3), np.array([int(digit) for digit in "".join(words)])
    rater, group = np.tile(np.arange(3), 4), np.repeat([7, 7, 7, 9], 3)
    fits = (by_dawid_skene(unit, rater, label), by_glad(unit, rater, label), by_mace(unit, rater, label))
    first, second = shares(unit, label, group, *fits)
    assert (first.group, first.comparisons) == (7, 3)
    assert first.votes == pytest.approx((2 / 9, 1 / 9, 6 / 9))
    assert first.majority == pytest.approx((0, 0, 2 / 3))
    assert first.split == pytest.approx(1 / 3)
    assert first.dawid_skene == pytest.approx(tuple(fits[0].posterior[:3].mean(axis=0)))
    assert first.glad == pytest.approx(tuple(fits[1].posterior[:3].mean(axis=0)))
    assert second == Shares(9, 1, (1.0, 0.0, 0.0), (1.0, 0.0, 0.0), 0.0, second.dawid_skene, second.glad, second.mace)
    assert second.mace == pytest.approx(tuple(fits[2].posterior[3]))


def test_every_rater_has_a_competence_by_every_model() -> None:
    votes, _ = planted(5, honest=0.8, units=150)
    fits = (
        by_dawid_skene(votes.unit, votes.rater, votes.label),
        by_glad(votes.unit, votes.rater, votes.label),
        by_mace(votes.unit, votes.rater, votes.label),
    )
    found = competences(votes.rater, *fits)
    assert [one.rater for one in found] == list(range(8))
    assert {one.ratings for one in found} == {150}
    for one in (found[0], found[1]):
        assert (one.dawid_skene, one.glad, one.mace) == tuple(fit.competence[one.rater] for fit in fits)


def test_labels_that_lost_their_names_have_no_share_and_no_competence() -> None:
    """By hand: 60 comparisons all for label 2, 18 by two to one, 12 against it by two to one, three raters in turn.

    The fit's label 0 gathers the comparisons on which raters differ, of which most ratings say 2.
    """
    rows = [[2, 2, 2]] * 60 + [[2, 2, 0], [0, 2, 2], [2, 0, 2]] * 6 + [[0, 0, 2], [2, 0, 0], [0, 2, 0]] * 4
    unit, rater, label = np.repeat(np.arange(90), 3), np.tile(np.arange(3), 90), np.array(rows).ravel()
    models = (
        dawid_skene(unit, rater, label, categories=3),
        glad(unit, rater, label, categories=3),
        mace(unit, rater, label, categories=3),
    )
    assert not models[0].labels_kept
    (share,) = shares(unit, label, np.zeros(270, dtype=np.int64), *models)
    assert share.dawid_skene is None
    assert share.votes == pytest.approx((42 / 270, 0, 228 / 270))
    assert {one.dawid_skene for one in competences(rater, *models)} == {None}


def test_labels_keep_their_names_where_raters_mostly_agree(shared_data: Path) -> None:
    assert fitted(crowd(shared_data, "dawid-skene-1979")).labels_kept
