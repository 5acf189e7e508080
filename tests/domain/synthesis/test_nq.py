"""What a call of NQ-synthetic shows, and by which rule two questions are the same."""

from collections import Counter

import pytest

from backend.domain.synthesis.methods import Entry
from backend.domain.synthesis.nq import NaturalQuestions, normal
from backend.domain.synthesis.pairs import Lack
from tests.domain.synthesis.made import QUESTIONS, TEMPLATE, questions


def test_five_different_seeds_are_shown_and_the_same_call_shows_the_same() -> None:
    asked = questions().ask(7, ())
    assert asked == questions().ask(7, ())
    assert asked != questions(seed=1).ask(7, ())
    assert len(set(asked.shown)) == 5
    first = next(one for one in QUESTIONS if one.key == asked.shown[0])
    assert asked.text.startswith(f"More:\nQ: {first.text}\nA: {first.answer}\nQ: ")  # its braces stay as they are


def test_every_seed_comes_equally_often_in_every_place() -> None:
    calls = [questions().ask(call, ()).shown for call in range(1, 4001)]
    assert all(len(set(shown)) == 5 for shown in calls)
    for place in range(5):
        counts = Counter(shown[place] for shown in calls)
        assert set(counts) == {one.key for one in QUESTIONS}
        # chi-squared with 9 degrees of freedom: above 27.9 once in a thousand
        assert sum((count - 400) ** 2 / 400 for count in counts.values()) < 27.9


def test_too_few_seeds_and_a_template_without_its_places_are_refused() -> None:
    with pytest.raises(ValueError, match="4 seeds are left, and each call shows 5 different ones"):
        NaturalQuestions(TEMPLATE, QUESTIONS[:4])
    with pytest.raises(ValueError, match="the template must have"):
        NaturalQuestions("Q: {question 1}", QUESTIONS)


def test_a_reply_gives_pairs_and_what_is_none() -> None:
    found = list(questions().read("Q: one\nA: 1\nQ: two", is_cut=False))
    assert found == [Entry("one", "1"), str(Lack.NO_ANSWER)]
    assert questions().calls_at_once is None


@pytest.mark.parametrize("question", ["Who wrote Dune?", "who wrote dune", "  who   WROTE “dune” ?"])
def test_questions_are_the_same_whatever_their_case_space_and_punctuation(question: str) -> None:
    assert normal(question) == "who wrote dune"
    assert questions().key_of(Entry(question)) == "who wrote dune"
