"""Both orders to one judgement, and what unparsed comparisons leave open. Numbers by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.choices import Choice, Preference
from backend.domain.judging.orders import UNPARSED, Judgement, Orders, Rule, judged_rate, judgement
from backend.domain.judging.parsing import Reading
from tests.domain.judging.cases import chosen, scored

FIRST, SECOND, TIE = Choice.FIRST, Choice.SECOND, Choice.TIE
CANDIDATE = Judgement(Preference.CANDIDATE, 1.0)
EVEN = Judgement(Preference.TIE, 0.5)
BASELINE = Judgement(Preference.BASELINE, 0.0)
UNREAD = Reading(None)
CHOICES = [FIRST, SECOND, TIE, Choice.BOTH_BAD]


def judged(straight: Reading | None, flipped: Reading | None, rule: Rule, orders: Orders = Orders.BOTH) -> Judgement:
    return judgement(straight, flipped, orders=orders, rule=rule)


@pytest.mark.parametrize(
    ("straight", "flipped", "expected"),
    [
        (FIRST, SECOND, CANDIDATE),
        (SECOND, FIRST, BASELINE),
        (FIRST, FIRST, EVEN),
        (FIRST, TIE, EVEN),
        (TIE, Choice.BOTH_BAD, EVEN),
        (FIRST, None, UNPARSED),
        (None, None, UNPARSED),
    ],
)
def test_a_win_needs_both_orders(straight: Choice | None, flipped: Choice | None, expected: Judgement) -> None:
    assert judged(chosen(straight), chosen(flipped), Rule.AGREE_ELSE_TIE) == expected


def test_an_order_that_was_not_asked_yet_is_missing() -> None:
    assert judged(chosen(FIRST), None, Rule.AGREE_ELSE_TIE) == UNPARSED


@pytest.mark.parametrize(
    ("straight", "flipped", "expected"),
    [
        (scored(9, 8), scored(7, 7), CANDIDATE),
        (scored(9, 8), scored(9, 8), EVEN),
        (scored(8.1, 8.2), scored(8.1, 8.2), EVEN),
        (scored(7, 9), scored(8, 8), BASELINE),
        (scored(9, 8), UNREAD, UNPARSED),
        (Reading(FIRST, strength=3), Reading(FIRST, strength=1), CANDIDATE),
        (Reading(FIRST, strength=1), Reading(FIRST, strength=3), BASELINE),
        (chosen(FIRST), chosen(TIE), CANDIDATE),
        (chosen(FIRST), chosen(FIRST), EVEN),
        (Reading(TIE), Reading(FIRST), BASELINE),
    ],
)
def test_the_higher_mean_score_wins(straight: Reading, flipped: Reading, expected: Judgement) -> None:
    assert judged(straight, flipped, Rule.MEAN_SCORE) == expected


def test_the_mean_chance_is_the_win_score() -> None:
    """Shown first .9, shown second 1 - .6 = .4: .65."""
    found = judged(chosen(FIRST, probability=0.9), chosen(FIRST, probability=0.6), Rule.PROB_MEAN)
    assert found.preference == Preference.CANDIDATE
    assert found.win == pytest.approx(0.65)
    assert judged(chosen(FIRST, probability=0.7), chosen(FIRST, probability=0.7), Rule.PROB_MEAN).preference == (
        Preference.TIE
    )
    assert judged(chosen(FIRST, probability=0.9), chosen(FIRST), Rule.PROB_MEAN) == UNPARSED


@pytest.mark.parametrize("rule", [Rule.AGREE_ELSE_TIE, Rule.MEAN_SCORE])
def test_one_fixed_order_asks_for_no_other(rule: Rule) -> None:
    assert judged(chosen(FIRST), None, rule, Orders.CANDIDATE_FIRST) == CANDIDATE
    assert judged(chosen(SECOND), chosen(FIRST), rule, Orders.BASELINE_FIRST) == BASELINE
    assert judged(chosen(FIRST), chosen(None), rule, Orders.BASELINE_FIRST) == UNPARSED


@settings(deadline=None)
@given(st.sampled_from(CHOICES), st.sampled_from(CHOICES), st.sampled_from([Rule.AGREE_ELSE_TIE, Rule.MEAN_SCORE]))
def test_exchanging_the_systems_exchanges_the_judgement(straight: Choice, flipped: Choice, rule: Rule) -> None:
    one = judged(chosen(straight), chosen(flipped), rule)
    other = judged(chosen(flipped), chosen(straight), rule)
    assert one.win is not None
    assert other.win == 1 - one.win


def test_unparsed_comparisons_count_as_nothing_and_bound_the_rate() -> None:
    """Three prompts: 1; (0 + ½) / 2; unparsed. Rate (1 + ¼) / 2; worst 1.25 / 3; best 2.25 / 3."""
    win = np.array([1.0, 0.0, 0.5, np.nan])
    found = judged_rate(win, np.array([7, 8, 8, 9]))
    assert (found.judged, found.unparsed, found.interval.prompts) == (3, 1, 2)
    assert found.interval.mean == found.bounds.observed == pytest.approx(0.625)
    assert (found.bounds.worst, found.bounds.best) == pytest.approx((1.25 / 3, 2.25 / 3))


def test_nothing_judged_gives_nothing() -> None:
    found = judged_rate(np.zeros(0), np.zeros(0, dtype=np.int64))
    assert (found.interval.mean, found.bounds.worst, found.judged) == (None, None, 0)
    unparsed = judged_rate(np.array([np.nan]), np.array([1]))
    assert (unparsed.interval.mean, unparsed.bounds.worst, unparsed.bounds.best) == (None, 0.0, 1.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, np.nan]), st.integers(0, 5)), min_size=1))
def test_the_bounds_hold_the_rate_and_the_order_of_rows_does_not_matter(
    rows: list[tuple[float, int]],
) -> None:
    win, prompt = (np.array(column) for column in zip(*rows, strict=True))
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    found, again = judged_rate(win, prompt), judged_rate(win[order], prompt[order])
    assert found.bounds.worst is not None
    assert found.bounds.best is not None
    assert found.bounds.worst <= found.bounds.best
    assert found.bounds.worst == pytest.approx(again.bounds.worst)
    assert found.interval.low == pytest.approx(again.interval.low)
    if found.unparsed == 0:
        assert found.bounds.worst == found.bounds.best == found.bounds.observed
