"""What is taken of replies and why others are left out; calls that come in any order; what it comes to."""

import pytest

from backend.domain.synthesis.line import Heard, Line
from backend.domain.synthesis.methods import Entry
from backend.domain.synthesis.pool import EXAMPLES, Limits, Near, Pool, Why, parted
from backend.domain.synthesis.rouge import Rouge
from backend.domain.synthesis.yields import late, sizes, summary
from tests.domain.synthesis.made import QUESTIONS, questions, tasks


class Known:
    """An index that knows how near one text is."""

    def __init__(self, text: str, score: float) -> None:
        self.text, self.score = text, score

    def nearest(self, text: str) -> Near:
        return Near(self.score, "an evaluation question") if text == self.text else Near(0.0, "")


def reply(*pairs: tuple[str, str]) -> str:
    return "\n".join(f"Q: {question}\nA: {answer}" for question, answer in pairs)


def taken(pool: Pool) -> list[str]:
    return [one.entry.text for one in pool.kept]


def test_seeds_doubles_and_the_same_question_with_another_answer_are_left_out() -> None:
    pool = Pool(questions(), 10)
    pool.take(
        reply(("Who is number 1?", "me"), ("one", "1"), ("One?", " 1 "), ("ONE", "2"), ("two", "2")), is_cut=False
    )
    assert taken(pool) == ["one", "two"]
    assert dict(pool.left) == {Why.SEED: 1, Why.TWICE: 1, Why.SAME_QUESTION: 1}
    assert pool.found == 5
    pool.take("Q: never answered", is_cut=False)
    assert pool.left["a question without an answer"] == 1
    assert pool.found == 5


def test_nothing_beyond_what_is_wanted_is_looked_at() -> None:
    pool = Pool(questions(), 2)
    pool.take(reply(("one", "1"), ("two", "2"), ("three", "3")), is_cut=False)
    assert taken(pool) == ["one", "two"]
    assert pool.is_full
    assert (pool.calls, pool.found, pool.growth) == (1, 2, [2])


@pytest.mark.parametrize(("score", "kept"), [(20.0, ["one"]), (20.1, [])])
def test_what_is_too_close_to_an_evaluation_is_left_out_with_what_it_is_close_to(score: float, kept: list[str]) -> None:
    pool = Pool(questions(), 10, Limits(evaluation=Known("one", score)))
    pool.take(reply(("one", "1")), is_cut=False)
    assert taken(pool) == kept
    if not kept:
        (left,) = pool.examples[Why.TOO_CLOSE]
        assert (left.text, left.call, left.near) == ("one", 1, Near(20.1, "an evaluation question"))


def test_tasks_too_similar_to_a_seed_or_to_one_another_are_left_out() -> None:
    pool = Pool(tasks(), 10, Limits(similar=Rouge()))
    pool.take(
        "Tell a story about the number eleven\n10. Explain the tides to a small child\n"
        "11. Explain the tides to a young child\n12. Name three rivers of France",
        is_cut=False,
    )
    assert taken(pool) == ["Explain the tides to a small child", "Name three rivers of France"]
    assert pool.left == {Why.TOO_SIMILAR: 2}


def test_only_the_first_examples_of_a_reason_are_kept() -> None:
    pool = Pool(questions(), 10)
    pool.take(reply(*[("who is number 1", "x")] * (EXAMPLES + 3)), is_cut=False)
    assert pool.left == {Why.SEED: EXAMPLES + 3}
    assert len(pool.examples[Why.SEED]) == EXAMPLES


def test_seeds_too_close_to_an_evaluation_are_parted_from_the_others() -> None:
    assert parted(QUESTIONS, None, closest=20).seeds == QUESTIONS
    found = parted(QUESTIONS, Known("who is number 3", 50.0), closest=20)
    assert [one.key for one in found.seeds] == [one.key for one in QUESTIONS if one.key != "s3"]
    assert found.excluded == {"s3": Near(50.0, "an evaluation question")}


def test_replies_are_taken_in_the_order_of_their_calls_whenever_they_come() -> None:
    line = Line(Pool(questions(), 10), most=9)
    line.give(2, Heard(reply(("two", "2"))))
    assert taken(line.pool) == []
    assert list(line.missing()) == [1, 3, 4, 5, 6, 7, 8, 9]
    line.give(1, Heard(reply(("one", "1"))))
    assert taken(line.pool) == ["one", "two"]
    assert list(line.missing()) == [3, 4, 5, 6, 7, 8, 9]
    assert not line.is_over


def test_a_refused_call_is_a_call_and_brings_nothing() -> None:
    line = Line(Pool(questions(), 10), most=2)
    line.give(1, Heard(refusal="It was too long."))
    line.give(2, Heard(reply(("one", "1"))))
    assert line.is_over
    assert line.pool.left == {Why.REFUSED: 1}
    assert line.pool.growth == [0, 1]


def test_what_comes_when_there_is_enough_waits() -> None:
    line = Line(Pool(questions(), 1), most=9)
    line.give(1, Heard(reply(("one", "1"))))
    line.give(2, Heard(reply(("two", "2"))))
    assert line.is_over
    assert taken(line.pool) == ["one"]
    assert line.waiting


def test_what_a_call_asks_depends_on_the_rounds_before_it_alone() -> None:
    line = Line(Pool(tasks(), 99), most=12)
    assert list(line.missing()) == [1, 2, 3, 4, 5]
    for call in range(1, 6):
        line.give(call, Heard(f"Name {call + 3} rivers of the country number {call}"))
    before = line.asked(6)
    assert list(line.missing()) == [6, 7, 8, 9, 10]
    line.give(6, Heard("Explain the tides to a small child"))
    assert line.asked(6) == before
    assert not any("made" in key for key in line.asked(5).shown)
    for call in range(7, 11):
        line.give(call, Heard(refusal="no"))
    assert list(line.missing()) == [11, 12]
    assert questions().ask(3, ()) == Line(Pool(questions(), 1), most=9).asked(3)


def test_what_it_came_to() -> None:
    pool = Pool(questions(), 50)
    for call in range(12):
        pool.take(reply(*[(f"{call} {place}", str(place)) for place in range(2 if call < 10 else 1)]), is_cut=False)
    pool.refused("no")
    found = summary(pool, lambda texts: float(len(texts)))
    assert (found.kept, found.calls, found.found, found.is_full) == (22, 13, 22, False)
    assert found.per_call == 22 / 13
    assert found.late == 0.0
    assert [point.entries for point in found.curve] == [10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 22]
    assert found.curve[-1].distinct == 2 / 22
    assert found.curve[-1].nearest == 22.0
    assert found.left == {Why.REFUSED: 1}


def test_tasks_have_no_answers_to_be_different() -> None:
    pool = Pool(tasks(), 50)
    pool.take("Explain the tides to a small child", is_cut=False)
    (point,) = summary(pool, lambda texts: 1.0).curve
    assert (point.entries, point.distinct, point.nearest) == (1, None, None)


def test_nothing_came_of_nothing() -> None:
    found = summary(Pool(questions(), 5), lambda texts: 1.0)
    assert (found.per_call, found.late, found.curve) == (None, None, ())


def test_the_last_tenth_of_the_calls_tells_what_more_would_bring() -> None:
    assert late([5]) == 5.0
    assert late([*range(10, 200, 10), 191]) == 5.5  # the last two of twenty calls: 10 and 1
    assert sizes(6000)[0] == 10
    assert sizes(6000)[-1] == 6000
    assert len(sizes(6000)) == 12


def test_an_entry_without_answer_is_the_same_as_one_without() -> None:
    pool = Pool(tasks(), 5)
    pool.take("Explain the tides to me\n10. Explain the tides to ME", is_cut=False)
    assert pool.left == {Why.TWICE: 1}
    assert pool.method.key_of(Entry("A")) == "a"
