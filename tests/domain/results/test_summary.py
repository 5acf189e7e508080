"""A batch in numbers, worked out by hand."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from backend.domain.choices import Preference, SplitRule
from backend.domain.results.material import Material
from backend.domain.results.summary import STEPS, Results, summarise
from backend.domain.statistics.votes import Votes
from backend.services.results.verification import differences
from tests.material import Row, material

SCHEMA = Path(__file__).parents[3] / "docs" / "results.schema.json"
NAN = float("nan")
PLACES = [(0, 0), (1, 0), (2, 0), (3, 0), (0, 1)]

# A majority for the candidate, a split of three, and one with an empty seat.
THREE: list[Row] = [
    (0, 1, 0, 1, 0, False, 10.0),
    (0, 2, 0, 1, 1, False, 20.0),
    (0, 3, 0, -1, 1, False, 60.0),
    (1, 1, 0, 1, -1, False, NAN),
    (1, 2, 0, 0, 0, True, 30.0),
    (1, 3, 0, -1, 0, False, NAN),
    (2, 1, 0, 1, 0, False, 40.0),
    (2, 2, 0, 1, 1, False, NAN),
]


def given(rows: list[Row], *, unjudgeable: tuple[int, ...] = (3,), **settings: object) -> Material:
    return material(
        rows,
        launched=PLACES,
        candidates=("tuned", "other"),
        unjudgeable=unjudgeable,
        late=2,
        skips={"unreadable": 3},
        **settings,
    )


def results(rows: list[Row], *, rule: SplitRule = SplitRule.TIE, unjudgeable: tuple[int, ...] = (3,)) -> Results:
    return summarise(given(rows, unjudgeable=unjudgeable, split_rule=rule))


def test_the_batch_adds_up() -> None:
    found = results(THREE)
    assert (found.baseline, found.seats, found.split_rule, found.schema_version) == ("base", 3, "tie", 3)
    assert (found.comparisons, found.settled, found.ratings, found.late, found.raters) == (5, 3, 8, 2, 3)
    assert (found.skips, found.median_seconds) == ({"unreadable": 3}, 30.0)
    assert [one.name for one in found.candidates] == ["tuned", "other"]


def test_every_step_is_told_once_in_its_order() -> None:
    told: list[str] = []
    summarise(given(THREE), on_step=told.append)
    assert tuple(told) == STEPS


def test_both_bad_is_counted_as_a_tie_and_reported_apart() -> None:
    counts = results(THREE).candidates[0].votes
    assert (counts.candidate, counts.tie, counts.baseline, counts.both_bad, counts.total) == (5, 1, 2, 1, 8)


def test_every_comparison_has_one_fate() -> None:
    fates = results(THREE).candidates[0].outcomes
    assert (fates.candidate, fates.tie, fates.baseline) == (1, 0, 0)
    assert (fates.split, fates.unfinished, fates.unjudgeable, fates.comparisons) == (1, 1, 1, 4)


def test_an_unjudgeable_comparison_s_votes_make_no_outcome() -> None:
    found = results(THREE, unjudgeable=(0,)).candidates[0]
    assert (found.outcomes.candidate, found.outcomes.unjudgeable, found.outcomes.unfinished) == (0, 1, 2)
    assert found.votes.total == 8


def test_rates_are_means_over_prompts_of_means_over_raters() -> None:
    """By hand: win means 2/3, 1/2, 1 and equal-or-better means 2/3, 2/3, 1."""
    found = results(THREE).candidates[0]
    assert found.win_rate.mean == pytest.approx(13 / 18)
    assert found.equal_or_better.mean == pytest.approx(7 / 9)
    assert found.win_rate.method == "fixed panel"


@pytest.mark.parametrize(
    ("rule", "win", "equal_or_better"),
    [
        (SplitRule.TIE, (0.75, 0.25), (1.0, 0.0)),
        (SplitRule.HALF, (0.75, 0.25), (0.75, 0.25)),
        (SplitRule.LOSS, (0.5, 0.5), (0.5, 0.5)),
        (SplitRule.DROP, (1.0, 0.0), (1.0, 0.0)),
    ],
)
def test_each_split_rule_gives_its_own_mean_and_deviation(
    rule: SplitRule, win: tuple[float, float], equal_or_better: tuple[float, float]
) -> None:
    """By hand: a win and a split are scored; the unfinished comparison is not. The deviation divides by n."""
    found = results(THREE, rule=rule).candidates[0]
    assert found.majority == found.sensitivity[rule]
    assert (found.majority.win_rate.mean, found.majority.win_rate.standard_deviation) == win
    scores = found.majority.equal_or_better
    assert (scores.mean, scores.standard_deviation) == equal_or_better
    assert set(found.sensitivity) == {"tie", "half", "loss", "drop"}


def test_an_interval_of_majorities_says_that_raters_are_not_in_it() -> None:
    found = results(THREE).candidates[0].majority.win_rate.interval
    assert (found.method, found.raters, found.prompts) == ("prompts alone", None, 2)


def test_a_candidate_without_votes_has_counts_but_no_figures() -> None:
    other = results(THREE).candidates[1]
    assert (other.votes.total, other.outcomes.unfinished, other.raters, other.median_seconds) == (0, 1, 0, None)
    assert (other.win_rate.mean, other.preferred) == (None, None)
    assert (other.majority.win_rate.mean, other.majority.win_rate.standard_deviation) == (None, None)


def test_a_batch_without_votes_has_results() -> None:
    found = results([])
    assert (found.ratings, found.raters, found.settled, found.median_seconds) == (0, 0, 1, None)


def test_candidates_are_kept_apart() -> None:
    rows = [*THREE, *[(0, rater, 1, -1, 0, False, 1.0) for rater in (4, 5, 6)]]
    found = results(rows)
    assert found.candidates[0] == results(THREE).candidates[0]
    assert found.candidates[1].outcomes.baseline == 1
    assert found.candidates[1].win_rate.mean == 0


@pytest.mark.parametrize(("preference", "expected"), [(1, Preference.CANDIDATE), (-1, Preference.BASELINE), (0, None)])
def test_a_side_is_preferred_when_the_whole_interval_lies_on_it(preference: int, expected: Preference | None) -> None:
    rows: list[Row] = [(prompt, rater, 0, preference, 0, False, 1.0) for prompt in range(10) for rater in (1, 2, 3)]
    assert summarise(material(rows)).candidates[0].preferred == expected


def test_a_wide_interval_prefers_nobody() -> None:
    assert results(THREE).candidates[0].preferred is None


def test_the_order_of_the_rows_does_not_matter() -> None:
    straight = given([*THREE, (0, 4, 1, 1, 0, False, 9.0)], stopping={"error": 0.05, "least_prompts": 2})
    order = np.random.default_rng(1).permutation(len(THREE) + 1)
    shuffled = replace(straight, votes=straight.votes.where(order))
    one, other = (json.loads(json.dumps(summarise(found).to_json())) for found in (straight, shuffled))
    assert list(differences("results", one, other)) == []


def test_results_are_plain_data_as_the_schema_describes_them() -> None:
    plain = json.loads(json.dumps(results(THREE).to_json(), allow_nan=False))
    jsonschema.validate(plain, json.loads(SCHEMA.read_text()))
    assert plain["candidates"][0]["votes"]["both_bad"] == 1
    assert plain["candidates"][1]["win_rate"]["mean"] is None


def test_more_outcomes_than_launched_comparisons_are_refused() -> None:
    lost = given(THREE)
    lost = replace(lost, launched=replace(lost.launched, candidate=np.array([1, 1, 0, 0, 1])))
    with pytest.raises(ValueError, match="more outcomes than the 2 comparisons that were launched"):
        summarise(lost)


def test_a_vote_on_a_comparison_that_was_not_launched_is_refused() -> None:
    with pytest.raises(ValueError, match="was not launched"):
        replace(given(THREE), launched=given(THREE).launched.where(np.arange(5) < 1))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((0, 1, 0, 2, 0, False, 1.0), "coded -1, 0, 1"),
        ((0, 1, 0, 1, 2, False, 1.0), "coded -1, 0, 1"),
        ((0, 1, 0, 1, 0, True, 1.0), "a both-bad vote is a tie"),
    ],
)
def test_votes_that_cannot_be_are_refused(row: Row, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        material([row])


def test_columns_of_different_lengths_are_refused() -> None:
    two = material(THREE[:2]).votes
    with pytest.raises(ValueError, match="the same length"):
        Votes(**{**{name: getattr(two, name) for name in Votes.__dataclass_fields__}, "prompt": np.array([1])})
