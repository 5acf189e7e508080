"""The likest text by embeddings, by hand."""

import numpy as np
import pytest

from backend.domain.meaning import likest
from backend.domain.queries import Query

A, B, C = (Query(text, "f", line) for line, text in enumerate("abc", start=1))


def test_the_likest_has_the_largest_cosine_whatever_its_length_and_in_whichever_part_it_comes() -> None:
    prompts = np.array([[1.0, 0.0], [3.0, 4.0]])
    parts = [([A, B], np.array([[10.0, 10.0], [0.0, 2.0]])), ([C], np.array([[5.0, 0.0]]))]
    first, second = likest(prompts, parts)
    assert first is not None
    assert second is not None
    assert (first.text, first.cosine) == (C, pytest.approx(1.0))
    assert (second.text, second.cosine) == (A, pytest.approx(7 / (5 * np.sqrt(2))))


def test_of_equal_ones_the_first_stands_and_a_zero_vector_is_like_nothing() -> None:
    (found,) = likest(np.array([[1.0, 0.0]]), [([A], np.array([[2.0, 0.0]])), ([B], np.array([[1.0, 0.0]]))])
    assert found is not None
    assert found.text == A
    (nothing,) = likest(np.zeros((1, 2)), [([A], np.array([[2.0, 0.0]]))])
    assert nothing is not None
    assert nothing.cosine == 0


def test_without_a_text_there_is_no_likest() -> None:
    assert likest(np.array([[1.0]]), []) == [None]


@pytest.mark.parametrize(
    ("vectors", "says"),
    [([[1.0, 2.0, 3.0]], "have 2 and 3 dimensions"), ([[1.0, float("nan")]], "not finite")],
)
def test_vectors_that_do_not_fit_are_refused(vectors: list[list[float]], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        likest(np.array([[1.0, 2.0]]), [([A], np.array(vectors))])
