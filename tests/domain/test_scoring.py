"""Majorities, splits and what each split rule makes of them."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.choices import Choice, Preference, SplitRule, choice, preference
from backend.domain.scoring import equal_or_better_scores, outcomes, win_scores
from backend.domain.statistics.votes import Votes


def votes(*comparisons: str) -> Votes:
    """One comparison a word, one vote a letter: w(in), t(ie), l(oss); raters are numbered by seat."""
    rows = [
        (number, seat, "ltw".index(letter) - 1)
        for number, word in enumerate(comparisons)
        for seat, letter in enumerate(word)
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    n = len(table)
    return Votes(
        prompt=table[:, 0],
        rater=table[:, 1],
        comparison=table[:, 0],
        seat=table[:, 1] + 1,
        candidate=np.zeros(n, dtype=np.int64),
        preference=table[:, 2],
        flipped=np.zeros(n, dtype=np.int64),
        both_bad=np.zeros(n, dtype=np.bool_),
        seconds=np.full(n, np.nan),
    )


@pytest.mark.parametrize("flipped", [True, False])
@pytest.mark.parametrize("clicked", [Choice.FIRST, Choice.SECOND, Choice.TIE])
def test_unblinding_and_blinding_are_inverse(clicked: Choice, flipped: bool) -> None:
    assert choice(preference(clicked, flipped=flipped), flipped=flipped) == clicked


def test_a_flipped_seat_shows_the_candidate_second() -> None:
    assert preference(Choice.FIRST, flipped=False) == Preference.CANDIDATE
    assert preference(Choice.FIRST, flipped=True) == Preference.BASELINE
    assert preference(Choice.SECOND, flipped=True) == Preference.CANDIDATE
    assert preference(Choice.BOTH_BAD, flipped=True) == Preference.TIE


@pytest.mark.parametrize(
    ("word", "seats", "expected"),
    [
        ("www", 3, 1), ("wwl", 3, 1), ("wtt", 3, 0), ("llt", 3, -1), ("wtl", 3, None),
        ("w", 1, 1), ("wl", 2, None), ("ww", 2, 1), ("wwtl", 4, None), ("wwwl", 4, 1),
        ("wwttl", 5, None), ("wwwtl", 5, 1),
    ],
)  # fmt: skip
def test_a_majority_is_more_than_half_of_the_seats(word: str, seats: int, expected: int | None) -> None:
    found = outcomes(votes(word), seats=seats)
    assert found.finished[0]
    assert (int(found.preference[0]) if found.has_majority[0] else None) == expected
    assert bool(found.split[0]) == (expected is None)


@pytest.mark.parametrize(
    ("word", "finished", "expected"),
    [
        ("wwl", True, 1), ("ttw", True, 0), ("wtl", False, None), ("wtlw", False, None),
        ("wtlww", True, 1), ("wtltl", True, None), ("wtltt", True, 0), ("ww", False, None),
    ],
)  # fmt: skip
def test_two_more_seats_decide_only_where_the_first_three_split(
    word: str, finished: bool, expected: int | None
) -> None:
    found = outcomes(votes(word), seats=5, opening=3)
    assert found.finished[0] == finished
    assert (int(found.preference[0]) if found.counts[0] and found.has_majority[0] else None) == expected


def test_no_votes_have_no_outcomes() -> None:
    assert not len(outcomes(votes(), seats=3).comparison)


def test_a_comparison_with_an_empty_seat_is_no_outcome_even_with_two_equal_votes() -> None:
    found = outcomes(votes("ww", "wwl"), seats=3)
    assert found.counts.tolist() == [False, True]


def test_an_unjudgeable_comparison_is_no_outcome() -> None:
    found = outcomes(votes("www", "wtl"), seats=3, unjudgeable=[0, 1])
    assert not found.counts.any()
    assert not found.split.any()


def test_more_votes_than_seats_are_refused() -> None:
    with pytest.raises(ValueError, match="4 votes for 3 seats"):
        outcomes(votes("wwww"), seats=3)


@pytest.mark.parametrize(
    ("rule", "win", "equal_or_better"),
    [
        (SplitRule.TIE, [1, 0.5, 0, 0.5], [1, 1, 0, 1]),
        (SplitRule.HALF, [1, 0.5, 0, 0.5], [1, 1, 0, 0.5]),
        (SplitRule.LOSS, [1, 0.5, 0, 0], [1, 1, 0, 0]),
        (SplitRule.DROP, [1, 0.5, 0], [1, 1, 0]),
    ],
)
def test_each_split_rule_scores_a_split_its_own_way(
    rule: SplitRule, win: list[float], equal_or_better: list[float]
) -> None:
    found = outcomes(votes("www", "ttw", "lll", "wtl"), seats=3)
    assert win_scores(found, rule)[0].tolist() == win
    assert equal_or_better_scores(found, rule)[0].tolist() == equal_or_better


def test_the_paper_s_rule_moves_equal_or_better_by_twenty_points() -> None:
    """Exact multinomial sums for wins .40, ties .25, losses .35; the four figures are hand-checked in the design."""
    chance = {"w": 0.40, "t": 0.25, "l": 0.35}
    words = ["".join(word) for word in product("wtl", repeat=3)]
    weight = np.array([np.prod([chance[letter] for letter in word]) for word in words])
    found = outcomes(votes(*words), seats=3)
    assert weight[found.split].sum() == pytest.approx(0.21)
    for rule, expected in ((SplitRule.TIE, 0.718), (SplitRule.LOSS, 0.508), (SplitRule.DROP, 0.643)):
        scores, kept = equal_or_better_scores(found, rule)
        assert np.average(scores, weights=weight[kept]) == pytest.approx(expected, abs=5e-4)


@given(st.lists(st.text("wtl", min_size=1, max_size=3), min_size=1, max_size=8))
def test_the_order_of_the_rows_never_matters(words: list[str]) -> None:
    straight = votes(*words)
    order = np.random.default_rng(len(words)).permutation(len(straight))
    shuffled = Votes(**{name: getattr(straight, name)[order] for name in Votes.__dataclass_fields__})
    a, b = outcomes(straight, seats=3), outcomes(shuffled, seats=3)
    assert a.preference.tolist() == b.preference.tolist()
    assert a.counts.tolist() == b.counts.tolist()
