"""BLEU to the nearest evaluation question: sacrebleu's pinned numbers, and which text is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backend.domain.bleu.scoring import sentence_bleu
from backend.domain.bleu.sparse import SparseCore
from backend.domain.synthesis.closeness import Bleu, mean_nearest
from backend.domain.synthesis.pool import Near

TEXTS = some.lists(some.sampled_from("abc."), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("evaluation", "text", "score"),
    [
        ("how do i reverse a list in python?", "how do i reverse a string in python?", 59.6949),
        ("write a poem about the sea", "write a short story about the sea", 32.1594),
        ("write a short story about the sea", "write a poem about the sea", 30.7394),
        ("what is the best way", "what is the best way to learn the piano quickly in one month", 20.1897),
        ("hi", "hi", 100.0),
    ],
)
def test_it_is_sacrebleus_number(evaluation: str, text: str, score: float) -> None:
    assert Bleu([evaluation]).nearest(text).score == pytest.approx(score, abs=5e-5)


def test_the_nearest_is_found_and_nothing_where_no_word_is_common() -> None:
    index = Bleu(["", "who wrote emma", "who wrote dune", "who wrote dune"])
    assert index.nearest("who wrote dune").text == "who wrote dune"
    assert index.nearest("sea lake").text == ""
    assert index.nearest("").score == 0.0


def test_the_mean_over_texts_of_the_nearest_other() -> None:
    assert mean_nearest(["a b c d", "a b c d", "x"], SparseCore()) == pytest.approx(200 / 3)


@given(some.lists(TEXTS, max_size=12), TEXTS, some.sampled_from((0.0, 5.0, 20.0, 60.0)))
def test_the_nearest_is_that_of_looking_at_everything(evaluation: list[str], text: str, least: float) -> None:
    scores = [sentence_bleu(one, text) for one in evaluation]
    best = max(scores, default=0.0)
    found = Bleu(evaluation, least=least).nearest(text)
    assert found == (Near(best, evaluation[scores.index(best)]) if best > least else Near(0.0, ""))
