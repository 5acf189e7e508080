"""Gold comparisons and attention checks: how a row is read, and that no side gives the right answer away."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.choices import Choice
from backend.domain.gold import Gold, Template, asked, gold_record, sided, template
from backend.domain.records import Json, Row, RowProblem, Turn

PLAIN: dict[str, Json] = {"prompt": "Why?", "better": "Because.", "worse": "No."}


def known(count: int, *, is_tie: bool = False) -> list[Gold]:
    return [Gold(number, (Turn("user", "Why?"),), f"+{number}", f"-{number}", is_tie) for number in range(count)]


@pytest.mark.parametrize(
    "fields",
    [
        PLAIN,
        {"question": "Why?", "better_output": "Because.", "worse_output": "No.", "tie": False},
        {"messages": [{"role": "user", "content": "Why?"}], "chosen": "Because.", "rejected": "No.", "tie": ""},
    ],
)
def test_a_row_is_read_under_the_names_that_people_use(fields: dict[str, Json]) -> None:
    assert gold_record(Row(3, fields)) == Gold(3, (Turn("user", "Why?"),), "Because.", "No.", False)


@pytest.mark.parametrize("said", [True, "true", "Yes", 1, "1"])
def test_a_tie_can_be_expected(said: Json) -> None:
    assert gold_record(Row(1, {**PLAIN, "worse": "Because.", "tie": said})).is_tie


def test_numbers_and_nothing_are_outputs_too() -> None:
    one = gold_record(Row(1, {**PLAIN, "better": 42, "worse": None}))
    assert (one.better, one.worse) == ("42", "")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"better": "a", "worse": "b"}, "has no prompt"),
        ({"prompt": "Why?", "worse": "b"}, "has no better output .*; its fields are prompt, worse"),
        ({"prompt": "Why?", "better": "b"}, "has no worse output"),
        ({**PLAIN, "worse": ["b"]}, r"not text \(worse\)"),
        ({**PLAIN, "worse": " Because. "}, "the same text as better and as worse"),
        ({**PLAIN, "tie": "perhaps"}, "'perhaps' as tie; it must be true, false or left out"),
        ({**PLAIN, "tie": []}, "as tie"),
    ],
)
def test_a_row_that_says_no_gold_comparison_is_refused_in_words(fields: dict[str, Json], says: str) -> None:
    with pytest.raises(RowProblem, match=says):
        gold_record(Row(1, fields))


@given(st.integers(0, 40), st.integers())
def test_the_better_output_stands_first_in_half_of_them(count: int, seed: int) -> None:
    written = sided(known(count), seed=seed)
    assert all((one.first if one.expected == Choice.FIRST else one.second).startswith("+") for one in written)
    firsts = sum(one.expected == Choice.FIRST for one in written)
    assert abs(2 * firsts - count) <= 1
    assert sorted(one.first[1:] for one in written) == sorted(str(number) for number in range(count))
    assert all(one.first[1:] == one.second[1:] for one in written)


def test_an_odd_one_out_falls_to_either_side() -> None:
    assert {sided(known(1), seed=seed)[0].expected for seed in range(20)} == {Choice.FIRST, Choice.SECOND}


def test_an_expected_tie_has_sides_too() -> None:
    written = sided(known(10, is_tie=True), seed=1)
    assert {one.expected for one in written} == {Choice.TIE}
    assert Counter(one.first[0] for one in written) == {"+": 5, "-": 5}


def test_the_order_and_the_sides_are_the_seeds() -> None:
    assert sided(known(20), seed=1) == sided(known(20), seed=1)
    assert sided(known(20), seed=1) != sided(known(20), seed=2)


def templates(count: int) -> list[Template]:
    return [Template(f"Q{number}?", "A plain one.", f"{number}: press {{number}}.") for number in range(count)]


@given(st.integers(1, 5).map(lambda fours: 4 * fours), st.integers())
def test_in_either_half_requests_are_balanced_in_place_and_in_what_they_ask_for(count: int, seed: int) -> None:
    written = asked(templates(count), seed=seed)
    for half in (written[:count], written[count:]):
        ways = Counter(("press" in one.first, one.expected) for one in half)
        assert set(ways.values()) == {count // 4}
        assert len({one.dialogue for one in half}) == count


def test_the_second_half_is_the_first_the_other_way_round() -> None:
    written = asked(templates(8), seed=3)
    for once, again in zip(written[:8], written[8:], strict=True):
        assert once.dialogue == again.dialogue
        assert once.expected != again.expected
        assert ("press" in once.first) != ("press" in again.first)


def test_a_request_asks_for_the_output_that_passes() -> None:
    for one in asked(templates(4), seed=1):
        request = one.first if "press" in one.first else one.second
        assert ("press 1." in request) == (one.expected == Choice.FIRST)


def test_a_template_needs_its_three_texts() -> None:
    assert template({"prompt": "a", "plain": "b", "asking": "c"}) == Template("a", "b", "c")
    with pytest.raises(KeyError):
        template({"prompt": "a", "plain": "b"})
