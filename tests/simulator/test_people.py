"""Simulated people answer as they were declared."""

from collections import Counter
from random import Random
from statistics import median

import pytest

from backend.simulator.people import SAME, Character, Honesty, answers, crowd, merit, takes_ms, truth

TEXTS = [f"Output number {number}." for number in range(200)]
PAIRS = list(zip(TEXTS[::2], TEXTS[1::2], strict=True))


def test_everybody_sees_the_same_truth_in_either_order() -> None:
    turned = {"first": "second", "second": "first", "tie": "tie"}
    assert [turned[truth(first, second)] for first, second in PAIRS] == [truth(two, one) for one, two in PAIRS]
    assert set(Counter(truth(*pair) for pair in PAIRS)) == {"first", "second", "tie"}


def test_near_merits_are_a_tie() -> None:
    assert all((truth(one, two) == "tie") == (abs(merit(one) - merit(two)) <= SAME) for one, two in PAIRS)


def test_a_merit_does_not_hang_on_white_space() -> None:
    assert merit("A  few\nwords") == merit("A few words")


@pytest.mark.parametrize(("ability", "right"), [(1.0, 100), (0.0, 33)])
def test_ability_is_how_often_the_truth_is_seen(ability: float, right: int) -> None:
    random, who = Random(1), Character(ability=ability)
    seen = sum(answers(who, *pair, random) == truth(*pair) for pair in PAIRS)
    assert abs(seen - right) <= 12


def test_the_one_sided_press_the_first_and_clickers_anything() -> None:
    random = Random(2)
    assert {answers(Character(honesty=Honesty.ONE_SIDED), *pair, random) for pair in PAIRS} == {"first"}
    pressed = Counter(answers(Character(honesty=Honesty.CLICKS), *pair, random) for pair in PAIRS)
    assert min(pressed.values()) > 20


def test_times_lie_around_the_declared_median() -> None:
    random = Random(3)
    honest = median(takes_ms(Character(seconds=40), random) for _ in range(400))
    clicker = median(takes_ms(Character(seconds=40, honesty=Honesty.CLICKS), random) for _ in range(400))
    assert 36_000 < honest < 44_000
    assert 3_600 < clicker < 4_400


def test_a_crowd_is_as_it_was_declared_and_the_same_again() -> None:
    made = crowd(40, ability=0.8, seconds=40, clickers=0.1, one_sided=0.05, seed=5)
    assert Counter(one.honesty for one in made) == {"honest": 34, "clicks": 4, "one_sided": 2}
    assert all(0.7 <= one.ability <= 0.9 for one in made)
    assert made == crowd(40, ability=0.8, seconds=40, clickers=0.1, one_sided=0.05, seed=5)


@pytest.mark.parametrize("wrong", [{"ability": 1.2}, {"seconds": 0}, {"clickers": 0.8, "one_sided": 0.4}])
def test_a_crowd_that_can_not_be_is_refused(wrong: dict[str, float]) -> None:
    given = {"ability": 0.8, "seconds": 40, "clickers": 0.0, "one_sided": 0.0, **wrong}
    with pytest.raises(ValueError, match="between 0 and 1"):
        crowd(10, seed=1, **given)
