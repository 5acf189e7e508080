"""Which comparisons are worth reading: worked out by hand."""

import pytest

from backend.domain.results.reading import reading
from tests.material import Row, material

NAN = float("nan")


def votes(prompt: int, word: str, seconds: float = NAN) -> list[Row]:
    """One vote a letter: w(in), t(ie), l(oss)."""
    return [(prompt, rater, 0, "ltw".index(letter) - 1, 0, False, seconds) for rater, letter in enumerate(word)]


def test_splits_come_in_launch_order_and_are_counted() -> None:
    rows = [*votes(0, "wtl"), *votes(1, "www"), *votes(2, "ltw")]
    found = reading(material(rows))
    assert [one.prompt for one in found.splits] == ["p0", "p2"]
    assert (found.split_count, found.splits[0].votes, found.splits[0].value) == (2, (1, 1, 1), None)


def test_what_goes_against_the_candidate_s_own_shares_surprises_most() -> None:
    """By hand: of nine votes seven are wins, so three losses in a row would be (1/9): here 2 losses and 1 win."""
    rows = [*votes(0, "www"), *votes(1, "llw"), *votes(2, "www")]
    found = reading(material(rows)).surprising
    assert [one.prompt for one in found] == ["p1", "p0", "p2"]
    assert found[0].value == pytest.approx(((2 / 9) ** 2 * (7 / 9)) ** (1 / 3))


def test_the_fastest_are_those_read_at_the_most_words_a_minute() -> None:
    """Both outputs have 300 words together, so 10 seconds are 1,800 words a minute."""
    rows = [*votes(0, "www", 100.0), *votes(1, "www", 10.0), *votes(2, "www")]
    found = reading(material(rows)).fastest
    assert [(one.prompt, one.value) for one in found] == [("p1", 1800.0), ("p0", 180.0)]


def test_at_most_ten_are_listed() -> None:
    rows = [row for prompt in range(12) for row in votes(prompt, "wtl", 60.0)]
    found = reading(material(rows))
    assert (len(found.splits), found.split_count, len(found.fastest), len(found.surprising)) == (10, 12, 10, 0)


def test_without_votes_there_is_nothing_to_read() -> None:
    found = reading(material([], launched=[(0, 0)]))
    assert (found.splits, found.surprising, found.fastest, found.split_count) == ((), (), (), 0)
