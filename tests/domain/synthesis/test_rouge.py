"""ROUGE-L against numbers of rouge_score 0.1.2, and the fast search against looking at everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.domain.synthesis.pool import Near
from backend.domain.synthesis.rouge import Rouge, common_subsequence, rouge_l, words

TEXTS = some.lists(some.sampled_from("abcde"), max_size=70).map(" ".join)


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [
        ("Write a poem about the sea.", "Write a short story about the sea.", 0.7692307692307692),  # 5 of 6 and 7
        ("police killed the gunman", "police kill the gunman", 0.75),  # Lin 2004's first example: 3 of 4 and 4
        ("Ünïcode ist schön", "schön ist", 0.5),
        ("", "x", 0.0),
        ("海", "海", 0.0),
        ("the sea", "a lake", 0.0),
    ],
)
def test_it_is_rouge_scores_number(first: str, second: str, score: float) -> None:
    assert rouge_l(first, second) == score == rouge_l(second, first)


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words("It's 3.5%, Über-nice!") == ["it", "s", "3", "5", "ber", "nice"]


def slowly(first: list[str], second: list[str]) -> int:
    """The textbook's table."""
    row = [0] * (len(second) + 1)
    for one in first:
        before = 0
        for place, other in enumerate(second):
            here = row[place + 1]
            row[place + 1] = before + 1 if one == other else max(row[place + 1], row[place])
            before = here
    return row[-1]


@given(TEXTS, TEXTS)
def test_the_common_subsequence_is_the_textbooks(first: str, second: str) -> None:
    assert common_subsequence(words(first), words(second)) == slowly(words(first), words(second))


@given(some.lists(TEXTS, max_size=30), TEXTS)
def test_the_most_similar_is_that_of_looking_at_everything(texts: list[str], asked: str) -> None:
    index = Rouge()
    for text in texts:
        index.add(text)
    scores = [rouge_l(asked, text) for text in texts]
    best = max(scores, default=0.0)
    assert index.nearest(asked) == (Near(best, texts[scores.index(best)]) if best else Near(0.0, ""))
