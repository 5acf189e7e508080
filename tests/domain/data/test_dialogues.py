"""A dialogue as a line of a file, its id, and text that no file can hold."""

import json

import pytest

from backend.domain.data.dialogues import Dialogue, content_id, excerpt, from_row, mended, to_line
from backend.domain.records import Json, Row, RowProblem, Turn
from tests.domain.data.talk import row, said


def again(dialogue: Dialogue) -> Dialogue:
    (read,) = from_row(Row(1, json.loads(to_line(dialogue))))
    return read


def test_a_dialogue_comes_back_from_its_line_as_it_was() -> None:
    dialogue = said("Why?", "Because.\n\u2028", key="a/1", model="gpt-4")
    assert "\n" not in to_line(dialogue)
    assert again(dialogue) == dialogue


def test_a_line_that_names_no_source_has_the_kind_it_was_read_as() -> None:
    (read,) = from_row(row(turns=[{"role": "user", "text": "Why?"}]), "dialogues")
    assert (read.source, read.meta, read.id) == ("dialogues", {}, content_id(read.turns))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"turns": "Why?"}, "list of turns"),
        ({"turns": [], "meta": 3}, "table meta"),
        ({"turns": [], "source": 3}, "source that is text"),
        ({"turns": [{"role": "user", "text": "a"}, {"role": "human", "text": "b"}]}, "turn 2 without"),
        ({"turns": [{"role": "user", "text": None}]}, "turn 1 without"),
        ({"turns": ["Why?"]}, "turn 1 without"),
    ],
)
def test_a_line_that_is_no_dialogue_is_told_what_it_lacks(fields: dict[str, Json], problem: str) -> None:
    with pytest.raises(RowProblem, match=problem):
        from_row(row(**fields))


@pytest.mark.parametrize(("given", "key"), [(7, "7"), (" a ", "a"), ("a\0b", "a\ufffdb")])
def test_an_id_is_text(given: Json, key: str) -> None:
    assert from_row(row(id=given, turns=[]))[0].id == key


@pytest.mark.parametrize("unusable", [None, " ", True, [1]])
def test_a_record_without_an_id_is_known_by_what_it_says_and_not_by_its_place(unusable: Json) -> None:
    turns = [{"role": "user", "text": "Why?"}]
    first, second = (from_row(Row(line, {"id": unusable, "turns": turns}))[0] for line in (1, 9))
    assert first.id == second.id == content_id((Turn("user", "Why?"),))
    assert content_id((Turn("user", "Why? "),)) != first.id


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("plain 🙂", "plain 🙂"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("\ude42 the other half", "\ufffd the other half"),
        ("joined \ud83d\ude42", "joined 🙂"),
        ("nul \0", "nul \ufffd"),
    ],
)
def test_halves_of_surrogate_pairs_are_joined_or_replaced(text: str, whole: str) -> None:
    assert mended(text) == whole


def test_no_meta_keeps_a_line_from_being_written() -> None:
    assert to_line(Dialogue("a", "s", (), {"title": "half \ud83d"})).encode("utf-8")


def test_an_excerpt_is_one_line_and_short() -> None:
    assert excerpt(" a\n\tb ") == "a b"
    assert excerpt("word " * 10_000) == ("word " * 20)[:99] + "…"


def test_the_length_of_a_dialogue_is_that_of_all_turns() -> None:
    assert said("four", "and nine.").characters == 13
