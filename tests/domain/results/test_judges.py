"""Judges beside people in results, worked out by hand: no verdict is a vote, and nothing unread is guessed."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from backend.domain.choices import Choice
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.results.judged import JudgeMaterial, Said
from backend.domain.results.judges import JudgeResult, judges
from backend.domain.results.material import Material
from backend.domain.results.summary import summarise
from tests.material import Row, material

# Two candidates at three prompts; raters prefer the first one twice, tie once, and never prefer the second.
ROWS: list[Row] = [
    (prompt, rater, 0, preference, rater % 2, False, 9.0)
    for prompt, preferences in enumerate([(1, 1, -1), (1, 1, 1), (0, 0, 0)])
    for rater, preference in enumerate(preferences)
] + [(prompt, rater, 1, -1, rater % 2, False, 9.0) for prompt in range(3) for rater in range(3)]
NAMES = ("tuned", "tiny")
SIGNS = {"1": Choice.FIRST, "2": Choice.SECOND, "t": Choice.TIE, "b": Choice.BOTH_BAD}


def said(place: int, words: str) -> list[Said]:
    """What was said with the candidate first, and then second: 1, 2, t, b, - for unread, a space for not asked."""
    readings = [
        None if one == " " else Reading(SIGNS[one]) if one in SIGNS else Reading(None, Unread.FORMAT) for one in words
    ]
    return [
        Said(place, flipped, reading)
        for flipped, reading in zip((False, True), readings, strict=True)
        if reading is not None
    ]


def judge(*words: str, name: str = "gpt", model: str = "gpt-4", orders: Orders = Orders.BOTH) -> JudgeMaterial:
    """A judge of the comparisons in launch order."""
    every = [one for place, both in enumerate(words) for one in said(place, both)]
    return JudgeMaterial(name, "rater-instructions", model, orders, Rule.AGREE_ELSE_TIE, every)


def batch(*asked: JudgeMaterial, rows: Sequence[Row] = ROWS, **more: object) -> Material:
    return replace(material(rows, candidates=NAMES, **more), judges=asked)


def only(given: Material) -> JudgeResult:
    (found,) = judges(given)
    return found


def test_each_candidate_is_counted_by_judgement_and_an_unread_verdict_leaves_it_unparsed() -> None:
    """By hand: better, torn and so a tie, unparsed; worse, worse, and one that waits for its other order."""
    found = only(batch(judge("12", "11", "1-", "21", "21", "1 ")))
    tuned, tiny = found.candidates
    assert (tuned.candidate, tuned.better, tuned.same, tuned.worse, tuned.unparsed) == ("tuned", 1, 1, 0, 1)
    assert (tiny.candidate, tiny.better, tiny.same, tiny.worse, tiny.unparsed) == ("tiny", 0, 0, 2, 0)
    assert (found.verdicts, found.comparisons, found.waiting, found.unread) == (11, 5, 1, {"format": 1})
    assert tuned.rate.interval.mean == pytest.approx(0.75)
    assert (tuned.rate.bounds.worst, tuned.rate.bounds.best) == pytest.approx((0.5, 2.5 / 3))
    assert tiny.rate.interval.mean == 0.0


def test_a_judge_that_says_what_raters_say_agrees_with_them() -> None:
    found = only(batch(judge("12", "12", "tb", "21", "21", "21")))
    assert found.beside is not None
    assert (found.beside.with_ties.comparisons, found.beside.with_ties.votes, found.beside.unparsed) == (6, 18, 0)
    assert found.beside.with_ties.with_majority.percent.value == 1.0
    assert found.beside.with_ties.with_a_rater.percent.value == pytest.approx((2 / 3 + 5) / 6)


def test_where_nobody_voted_there_is_nobody_to_agree_with() -> None:
    found = only(batch(judge("12"), rows=[], launched=[(0, 0)], raters=0))
    assert (found.beside, found.comparisons, found.candidates[0].better) == (None, 1, 1)


def test_habits_are_told_beside_peoples() -> None:
    """Candidates' outputs are twice as long; the judge always says the first."""
    found = only(batch(judge(*["11"] * 6), rows=ROWS))
    assert (found.order.consistent.mean, found.order.first_bias.mean) == (0.0, 0.5)
    assert found.longer is not None
    assert found.longer.judge.mean == 0.5
    assert found.longer.humans.mean == pytest.approx((2 / 3 + 1 + 0.5 + 0 * 3) / 6)
    assert found.own is None


def test_a_judge_prefers_its_own_where_it_goes_by_a_systems_name() -> None:
    found = only(batch(judge(*["12"] * 6, model="org/Tuned-v1")))
    assert found.own is not None
    assert found.own.judge.mean == 1.0
    assert found.own.excess.mean == pytest.approx(1 - (2 / 3 + 1 + 0.5) / 3)


@pytest.mark.parametrize("orders", [Orders.CANDIDATE_FIRST, Orders.BASELINE_FIRST])
def test_in_one_fixed_order_what_standing_first_does_is_withheld(orders: Orders) -> None:
    """The candidate that always wins may be better, or always stand first: the results do not choose."""
    words = {Orders.CANDIDATE_FIRST: "1 ", Orders.BASELINE_FIRST: " 2"}[orders]
    found = only(batch(judge(*[words] * 6, orders=orders)))
    assert (found.order.first_bias.mean, found.order.first_bias.low, found.order.consistent.mean) == (None, None, None)
    assert (found.comparisons, found.waiting, found.order.unread) == (6, 0, 0)
    assert [one.better for one in found.candidates] == [3, 3]


def test_judges_stand_by_name_and_one_that_said_nothing_here_is_left_out() -> None:
    given = batch(judge("12", name="z"), judge(name="silent"), judge("12", name="a"))
    assert [one.name for one in judges(given)] == ["a", "z"]


def test_comparisons_that_the_results_do_not_rest_on_are_left_out() -> None:
    beyond = JudgeMaterial("j", "t", "m", Orders.BOTH, Rule.AGREE_ELSE_TIE, [*said(0, "12"), *said(99, "12")])
    assert (only(batch(beyond)).verdicts, only(batch(beyond)).comparisons) == (2, 1)


def test_no_verdict_changes_anything_that_raters_say() -> None:
    without = summarise(batch()).to_json()
    with_judges = summarise(batch(judge("21", "-2", "tt", "12", "1 ", "12"))).to_json()
    assert without.pop("judges") == ()
    assert len(json.loads(json.dumps(with_judges.pop("judges")))) == 1
    assert json.dumps(without) == json.dumps(with_judges)


def test_verdicts_of_another_model_than_was_asked_are_counted_by_its_name() -> None:
    asked = judge("12", "11", "1-")
    mixed = [replace(one, answered_by="gpt-4-0613" if one.flipped else "") for one in asked.said]
    assert only(batch(replace(asked, said=mixed))).other_models == {"gpt-4-0613": 3}
    assert only(batch(asked)).other_models == {}
