"""Raters of different channels beside each other, from votes small enough to count by hand."""

import numpy as np
import pytest

from backend.domain.results.channels import channels
from backend.domain.statistics.contrasts import differences
from tests.material import Row, material

FIVE = range(5)


def two_channels() -> list[Row]:
    """Four prompts, ten raters on each; the first five prefer the candidate, the others the baseline but once."""
    rows: list[Row] = []
    for prompt in range(4):
        rows += [(prompt, rater, 0, 1, 0, False, 10.0) for rater in FIVE]
        rows += [(prompt, 5 + rater, 0, 1 if rater == prompt else -1, 1, False, 30.0) for rater in FIVE]
    return rows


def test_a_single_channel_has_no_effect_to_tell() -> None:
    found = channels(material(two_channels(), seats=10))
    assert found.effects == ()
    (only,) = found.each
    assert (only.channel, only.raters, only.votes, only.win_rates) == ("link", 10, 40, {})


def test_each_channel_has_its_own_numbers() -> None:
    found = channels(material(two_channels(), seats=10, channels=["prolific"] * 5 + ["mturk"] * 5))
    mturk, prolific = found.each
    assert (mturk.channel, mturk.raters, mturk.votes, mturk.median_seconds) == ("mturk", 5, 20, 30.0)
    assert mturk.win_rates["tuned"].mean == pytest.approx(0.2)
    assert prolific.win_rates["tuned"].mean == pytest.approx(1.0)


def test_the_effect_is_the_difference_from_the_largest_channel() -> None:
    rows = [*two_channels(), (3, 10, 0, -1, 0, False, 5.0)]
    given = material(rows, seats=11, channels=["prolific"] * 5 + ["mturk"] * 6)
    (effect,) = channels(given).effects
    assert (effect.candidate, effect.first, effect.second) == ("tuned", "prolific", "mturk")
    votes = given.votes
    apart = np.where(votes.rater < 5, 1, 0)
    (expected,) = differences(votes.win_scores, votes.prompt, votes.rater, apart, family=[(1, 0)], seed=given.seed)
    assert effect.difference == expected
    assert effect.difference.estimate == pytest.approx(1 - (3 * 0.2 + 1 / 6) / 4)


def test_a_channel_without_votes_on_a_candidate_has_no_effect_there() -> None:
    rows: list[Row] = [(prompt, rater, 0, 1, 0, False, 1.0) for prompt in range(3) for rater in range(3)]
    rows += [(prompt, rater, 1, 1, 0, False, 1.0) for prompt in range(3) for rater in (3, 4, 5)]
    given = material(rows, candidates=("tuned", "other"), channels=["link"] * 3 + ["panel"] * 3)
    found = channels(given)
    assert found.effects == ()
    assert [list(one.win_rates) for one in found.each] == [["tuned"], ["other"]]


def test_a_batch_without_votes_has_no_channel() -> None:
    assert channels(material([], launched=[(0, 0)])).each == ()
