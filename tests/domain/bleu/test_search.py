"""The nearest text: as looking at every pair finds it, whatever the order, the direction and the measure."""

import random

import numpy as np
import pytest

from backend.domain.bleu import search, sparse
from backend.domain.bleu.grams import Numbers
from backend.domain.bleu.keys import Role
from backend.domain.bleu.scoring import Bleu, Smoothing, counts, score
from backend.domain.bleu.search import NOBODY, nearest, neighbours
from backend.domain.bleu.sparse import SparseCore
from backend.domain.bleu.texts import indexed
from backend.domain.bleu.tokens import tokens
from tests.queries import made

CORE = SparseCore()
TEXTS = made(110, seed=3)


def every_pair(queries: list[str], texts: list[str], bleu: Bleu, role: Role) -> np.ndarray:
    """Scores of every query (row) with every text (column)."""
    ours, theirs = ([tokens(text, cased=bleu.cased) for text in some] for some in (queries, texts))
    forward = role is Role.HYPOTHESIS
    return np.array(
        [[score(counts(*((one, two) if forward else (two, one))), bleu.smoothing) for two in theirs] for one in ours]
    )


def is_nearest(found: search.Nearest, scores: np.ndarray) -> bool:
    """Whether these are the highest scores of each row, and of equal ones the first text."""
    best = scores.max(axis=1)
    first = np.argmax(np.isclose(scores, best[:, None], rtol=1e-10, atol=0), axis=1)
    assert np.abs(found.score - best).max() < 1e-9
    return np.array_equal(found.text, np.where(best > 0, first, NOBODY))


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("bleu", [Bleu(Smoothing.EXP), Bleu(Smoothing.FLOOR), Bleu(Smoothing.NONE), Bleu(cased=True)])
def test_the_nearest_other_is_that_of_looking_at_every_pair(bleu: Bleu, role: Role) -> None:
    scores = every_pair(TEXTS, TEXTS, bleu, role)
    np.fill_diagonal(scores, 0)
    assert is_nearest(neighbours(TEXTS, CORE, bleu=bleu, role=role), scores)


@pytest.mark.parametrize("role", Role)
def test_the_nearest_of_other_texts_is_that_of_looking_at_every_pair(role: Role) -> None:
    queries, texts = TEXTS[:40], made(70, seed=4)
    numbers = Numbers()
    ours = indexed(numbers.words(queries), numbers, lonely=True)
    numbers.learning = False
    theirs = indexed(numbers.words(texts), numbers, lonely=True)
    assert is_nearest(nearest(ours, theirs, CORE, role=role), every_pair(queries, texts, Bleu(), role))


def test_above_a_threshold_the_nearest_are_the_same_and_below_it_there_are_none() -> None:
    numbers = Numbers()
    ours = indexed(numbers.words(TEXTS[:60]), numbers, lonely=True)
    numbers.learning = False
    theirs = indexed(numbers.words(TEXTS[60:]), numbers, lonely=True)
    everything, some = nearest(ours, theirs, CORE), nearest(ours, theirs, CORE, above=30)
    above = everything.score > 30
    assert 5 < above.sum() < 55
    assert np.array_equal(some.text, np.where(above, everything.text, NOBODY))
    assert np.array_equal(some.score, np.where(above, everything.score, 0))


def test_the_order_of_the_queries_changes_no_score() -> None:
    order = list(range(len(TEXTS)))
    random.Random(5).shuffle(order)
    found = neighbours([TEXTS[place] for place in order], CORE)
    assert np.array_equal(found.score, neighbours(TEXTS, CORE).score[order])


def test_of_equal_scores_the_first_text_is_the_nearest() -> None:
    found = neighbours(["a b c d", "x", "a b c e", "a b c f", "x", "x"], CORE)
    assert found.text.tolist() == [2, 4, 0, 0, 1, 1]
    assert found.score[[1, 4, 5]].tolist() == [100, 100, 100]


def test_another_order_of_words_may_score_100_and_come_first() -> None:
    """The same n-grams up to order 4 in two texts; the later one occurs twice."""
    one, other = "s t u 1 s t u 2 s t u", "s t u 2 s t u 1 s t u"
    found = neighbours([one, other, other], CORE)
    assert found.text.tolist() == [1, 0, 0]
    assert found.score.tolist() == pytest.approx([100, 100, 100])


def test_small_blocks_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = neighbours(TEXTS, CORE)
    monkeypatch.setattr(search, "PAIRS_A_BLOCK", 50)
    parts = neighbours(TEXTS, SparseCore(threads=2))
    assert np.array_equal(whole.text, parts.text)
    assert np.array_equal(whole.score, parts.score)


@pytest.mark.parametrize("few", [0, 10**9])
def test_counting_pair_by_pair_or_row_by_row_finds_the_same(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = neighbours(TEXTS, CORE)
    monkeypatch.setattr(sparse, "FEW", few)
    found = neighbours(TEXTS, CORE)
    assert np.array_equal(usual.text, found.text)
    assert np.array_equal(usual.score, found.score)


def test_every_query_is_settled_once() -> None:
    settled: list[int] = []
    neighbours(TEXTS, CORE, on_settled=settled.append)
    assert sum(settled) == len(TEXTS)


@pytest.mark.parametrize("texts", [[], [""], ["hi"], ["", ""], ["hi", "there"], ["\ud800", "😀"]])
def test_what_has_nothing_in_common_has_no_neighbour(texts: list[str]) -> None:
    found = neighbours(texts, CORE)
    assert found.text.tolist() == [NOBODY] * len(texts)
    assert found.score.tolist() == [0] * len(texts)


def test_half_a_surrogate_pair_is_a_word_like_any() -> None:
    assert neighbours(["\ud800 x", "\ud800 y"], CORE).text.tolist() == [1, 0]


@pytest.mark.long
def test_a_line_of_ten_megabytes_is_compared() -> None:
    long = "word " * (2 * 2**20)
    found = neighbours([long, long + "end", "word"], CORE)
    assert found.text.tolist() == [1, 0, 0]
    assert found.score[0] == pytest.approx(100, abs=1e-3)
