"""What was asked in a row, under the names people use."""

import pytest

from backend.domain.queries import Query, texts_of
from backend.domain.records import Json, Row, RowProblem


def of(**fields: Json) -> list[tuple[str, int, bool]]:
    return [(text.text, text.turn, text.is_answer) for text in texts_of(Row(7, fields), "train.jsonl")]


@pytest.mark.parametrize(
    "fields",
    [
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        {"turns": [{"role": "user", "text": "Hi"}, {"role": "assistant", "text": "Hello"}]},
        {"prompt": "Hi", "output": "Hello"},
        {"instruction": "Hi", "input": "", "output": "Hello"},
        {"text": "Hi", "response": "Hello"},
    ],
)
def test_queries_and_answers_are_told_apart(fields: dict[str, Json]) -> None:
    assert of(**fields) == [("Hi", 1, False), ("Hello", 2, True)]


def test_turns_of_the_system_are_no_query() -> None:
    assert of(messages=[{"role": "system", "content": "Be nice"}, {"role": "user", "content": "Hi"}]) == [
        ("Hi", 2, False)
    ]


def test_plain_turns_are_the_users() -> None:
    assert of(turns=["first", "second"]) == [("first", 1, False), ("second", 2, False)]


def test_an_instruction_has_its_input_below() -> None:
    assert of(instruction="Translate", input="Hallo") == [("Translate\n\nHallo", 1, False)]


def test_a_text_knows_its_place() -> None:
    assert texts_of(Row(7, {"prompt": "Hi"}), "train.jsonl") == [Query("Hi", "train.jsonl", 7)]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": 1}, "has neither a prompt nor a dialogue .*its fields are id"),
        ({"prompt": None, "turns": []}, "has neither a prompt nor a dialogue"),
        ({"turns": [{"role": "user"}]}, r"has a turn without role or text \(turns\)"),
        ({"turns": [7]}, r"has a turn without role or text \(turns\)"),
    ],
)
def test_a_row_without_a_text_says_what_was_looked_for(fields: dict[str, Json], says: str) -> None:
    with pytest.raises(RowProblem, match=says):
        of(**fields)
