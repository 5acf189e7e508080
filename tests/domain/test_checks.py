"""When checks are due, and what their answers say. Expected numbers are counted by hand."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.checks import (
    FAILED,
    KINDS,
    NOT_JUDGED,
    PASSED,
    REPEAT_GAP,
    CheckAnswers,
    CheckKind,
    Had,
    by_rater,
    drawn,
    due,
    is_consistent,
    passes,
)
from backend.domain.choices import Choice
from backend.domain.rules import CheckRates

GOLD, ATTENTION, REPEAT = KINDS
ALL = CheckRates(gold=0.1, attention=0.05, repeat=0.1)
shares = st.integers(0, 25).map(lambda hundredths: hundredths / 100)
several = st.builds(CheckRates, gold=shares, attention=shares, repeat=shares)


def met(rates: CheckRates, comparisons: int, *, seed: int = 1, rater: int = 1) -> list[Had]:
    """Every check of a rater who judges so many comparisons and answers each check that comes."""
    had: list[Had] = []
    for judged in range(comparisons + 1):
        if kinds := due(rates, judged=judged, had=had, seed=seed, rater=rater):
            had.append(Had(kinds[0], judged))
    return had


@settings(deadline=None)
@given(several, st.integers(1, 120), st.integers(), st.integers(1, 99))
def test_rates_hold_within_one_check(rates: CheckRates, comparisons: int, seed: int, rater: int) -> None:
    counts = Counter(one.kind for one in met(rates, comparisons, seed=seed, rater=rater))
    assert abs(counts[GOLD] - rates.gold * comparisons) <= 1 + rates.gold * 2
    assert abs(counts[ATTENTION] - rates.attention * comparisons) <= 1 + rates.attention * 2
    assert abs(counts[REPEAT] - rates.repeat * comparisons) <= 1 + rates.repeat * (2 + REPEAT_GAP)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [0.03, 0.1, 1 / 3, 0.5])
def test_one_kind_alone_is_met_exactly_so_often_in_whole_stretches(kind: CheckKind, rate: float) -> None:
    stretches = round(300 * rate)
    assert len(met(CheckRates(**{str(kind): rate}), 300)) == stretches


def test_even_a_check_after_each_comparison_can_be_declared_and_is_met_within_two() -> None:
    counts = Counter(one.kind for one in met(CheckRates(gold=0.5, attention=0.25, repeat=0.25), 400))
    assert abs(counts[GOLD] - 200) <= 2
    assert abs(counts[ATTENTION] - 100) <= 2
    assert abs(counts[REPEAT] - 100) <= 2


@settings(deadline=None)
@given(several, st.integers(1, 120), st.integers())
def test_no_check_comes_first_and_none_follows_another(rates: CheckRates, comparisons: int, seed: int) -> None:
    places = [one.after for one in met(rates, comparisons, seed=seed)]
    assert all(place >= 1 for place in places)
    assert all(later > earlier for earlier, later in pairwise(places))


@settings(deadline=None)
@given(several, st.integers(0, 60), st.integers())
def test_a_repeat_waits_until_a_comparison_lies_far_enough_back(rates: CheckRates, comparisons: int, seed: int) -> None:
    repeats = [one.after for one in met(rates, comparisons, seed=seed) if one.kind == REPEAT]
    assert all(place > REPEAT_GAP for place in repeats)


def test_the_schedule_is_the_same_for_the_same_seed_and_rater_and_another_for_others() -> None:
    once = met(ALL, 200, seed=1, rater=1)
    assert once == met(ALL, 200, seed=1, rater=1)
    assert once != met(ALL, 200, seed=2, rater=1)
    assert once != met(ALL, 200, seed=1, rater=2)


def test_nobody_can_know_the_place_of_the_next_check() -> None:
    first = Counter(met(CheckRates(gold=0.1), 10, rater=rater)[0].after for rater in range(2_000))
    assert set(first) == set(range(1, 11))
    # 2,000 draws over ten places, 200 expected at each: between 120 and 280 is six standard deviations either way.
    assert all(120 <= count <= 280 for count in first.values())


def test_the_longest_overdue_kind_comes_first() -> None:
    rates = CheckRates(gold=0.5, attention=0.02)
    had = [Had(ATTENTION, 1), Had(ATTENTION, 2)]
    assert due(rates, judged=100, had=had, seed=1, rater=1) == (GOLD,)
    assert due(rates, judged=100, had=[], seed=1, rater=1) == (GOLD, ATTENTION)
    gold = [Had(GOLD, number) for number in range(1, 50)]
    assert due(rates, judged=100, had=gold, seed=1, rater=1)[0] == ATTENTION


def test_a_check_that_lapsed_is_made_up_for_but_not_at_the_same_place() -> None:
    rates = CheckRates(gold=0.5)
    lapsed = Had(GOLD, 2, counts=False)
    assert due(rates, judged=2, had=[lapsed], seed=1, rater=1) == ()
    assert due(rates, judged=3, had=[lapsed], seed=1, rater=1) == (GOLD,)
    answered = [Had(GOLD, 1), Had(GOLD, 2)]
    assert due(rates, judged=3, had=answered, seed=1, rater=1) == ()


def test_nothing_is_due_where_nothing_is_declared() -> None:
    assert met(CheckRates(), 1_000) == []


def test_what_is_drawn_lies_between_zero_and_one_and_stays_the_same() -> None:
    numbers = [drawn("seed", number) for number in range(1_000)]
    assert numbers == [drawn("seed", number) for number in range(1_000)]
    assert all(0 <= number < 1 for number in numbers)
    # The mean of 1,000 uniform numbers has a standard deviation of 0.009: 0.05 is more than five of them.
    assert abs(sum(numbers) / 1_000 - 0.5) < 0.05


@pytest.mark.parametrize(
    ("choice", "expected", "passed"),
    [
        (Choice.FIRST, Choice.FIRST, True),
        (Choice.SECOND, Choice.FIRST, False),
        (Choice.TIE, Choice.FIRST, False),
        (Choice.TIE, Choice.TIE, True),
        (Choice.BOTH_BAD, Choice.TIE, True),
        (Choice.BOTH_BAD, Choice.SECOND, False),
    ],
)
def test_a_check_is_passed_by_the_expected_choice(choice: Choice, expected: Choice, passed: bool) -> None:
    assert passes(choice, expected) is passed


@pytest.mark.parametrize(
    ("original", "again", "same"),
    [
        (Choice.FIRST, Choice.SECOND, True),
        (Choice.SECOND, Choice.FIRST, True),
        (Choice.FIRST, Choice.FIRST, False),
        (Choice.TIE, Choice.TIE, True),
        (Choice.TIE, Choice.BOTH_BAD, True),
        (Choice.TIE, Choice.SECOND, False),
    ],
)
def test_a_repeat_is_consistent_where_the_same_text_is_preferred(original: Choice, again: Choice, same: bool) -> None:
    assert is_consistent(original, again) is same


def answers(*rows: tuple[int, CheckKind, int]) -> CheckAnswers:
    return CheckAnswers(
        raters=np.array([rater for rater, _, _ in rows], dtype=np.int64),
        kinds=np.array([KINDS.index(kind) for _, kind, _ in rows], dtype=np.int8),
        marks=np.array([mark for _, _, mark in rows], dtype=np.int8),
    )


ROWS = (
    (7, GOLD, PASSED),
    (3, ATTENTION, FAILED),
    (7, ATTENTION, PASSED),
    (7, GOLD, FAILED),
    (7, GOLD, NOT_JUDGED),
    (7, REPEAT, PASSED),
    (7, REPEAT, FAILED),
    (9, REPEAT, NOT_JUDGED),
)


@given(st.permutations(ROWS))
def test_each_rater_is_counted_whatever_the_order(rows: list[tuple[int, CheckKind, int]]) -> None:
    found = by_rater(answers(*rows))
    assert found.raters.tolist() == [3, 7, 9]
    assert found.asked.tolist() == [1, 3, 0]
    assert found.passed.tolist() == [0, 2, 0]
    assert found.repeats.tolist() == [0, 2, 0]
    assert found.consistent.tolist() == [0, 1, 0]


def test_without_answers_there_are_no_raters() -> None:
    found = by_rater(answers())
    assert [len(column) for column in (found.raters, found.asked, found.passed)] == [0, 0, 0]


def test_rates_that_no_schedule_could_keep_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to more than 1"):
        CheckRates(gold=0.5, attention=0.5, repeat=0.1)
