"""Files as people have them: what is read, and what each messy one is told."""

import gzip
import json
from pathlib import Path

import pytest

from backend.domain.data.kinds import Kind
from backend.domain.records import Json
from backend.errors import Invalid
from backend.services.data import reading
from tests.services.data.files import lines, looked, of, read, sharegpt, source

GOOD = lines([sharegpt("Why?", "Because.")])
MESSAGES: list[Json] = [
    {"id": "1", "content": "Why?", "author": {"id": "9", "isBot": False}},
    {"id": "2", "content": "Because.", "author": {"id": "8", "isBot": True}, "reference": {"messageId": "1"}},
    {"id": "3", "content": "No.", "author": {"id": "8", "isBot": True}, "reference": {"messageId": "0"}},
]
CHANNEL: Json = {"guild": {"id": "1"}, "channel": {"id": "2"}, "messages": MESSAGES, "messageCount": 3}
MISSING = "answers the message 0, which is not in this file before it"


def test_a_file_is_told_by_its_first_records_and_read_to_its_end(tmp_path: Path) -> None:
    found = looked([source(tmp_path, GOOD * 30)])
    assert len(read(found)) == 30
    assert (found[0].kind, found[0].dialogues, found[0].wrong) == (Kind.SHAREGPT, 30, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_an_array_and_a_packed_file_are_read_as_lines_are(tmp_path: Path, packed: bool) -> None:
    array = json.dumps([sharegpt("Why?", "Because."), sharegpt("Who?", "Me.", key="b")], indent=2).encode()
    found = looked([source(tmp_path, gzip.compress(array) if packed else array, "given.json")])
    assert [dialogue.id for dialogue in read(found)] == ["a", "b"]


def test_a_table_of_questions_and_answers_is_read(tmp_path: Path) -> None:
    (dialogue,) = read(looked([source(tmp_path, b"question,answer\nWhy?,Because.\n", "given.csv")]))
    assert [turn.text for turn in dialogue.turns] == ["Why?", "Because."]


def test_rows_that_cannot_be_used_are_left_out_with_their_lines(tmp_path: Path) -> None:
    rows: list[Json] = [sharegpt("Why?", "Because."), {"conversations": 3}, sharegpt("Who?", "Me."), {"id": 4}]
    found = looked([source(tmp_path, lines([*rows, *rows[:1] * 9]))])
    assert len(read(found)) == 11
    assert found[0].wrong == 2
    assert [line for line, _ in found[0].problems] == [2, 4]
    assert found[0].to_json()["first_problems"] == [
        "line 2: has no list of conversations (or items) with {from, value}",
        "line 4: has no list of conversations (or items) with {from, value}",
    ]


def test_of_many_problems_the_first_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    found = looked([source(tmp_path, GOOD + lines([{"id": 1}]) * 100)], Kind.SHAREGPT)
    read(found)
    assert (found[0].wrong, len(found[0].problems)) == (100, 20)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_channel_of_discord_is_read_from_within_its_object(tmp_path: Path, indent: int | None) -> None:
    text = json.dumps(CHANNEL, indent=indent)
    found = looked([source(tmp_path, text.encode(), "channel.json")])
    (dialogue,) = read(found)
    assert (dialogue.id, [turn.text for turn in dialogue.turns]) == ("2", ["Why?", "Because."])
    begins = text[: text.index('"id": "3"')].rindex("{")
    assert found[0].problems == [(text.count("\n", 0, begins) + 1, MISSING)]


def test_messages_of_a_channel_one_a_line_are_read_too(tmp_path: Path) -> None:
    found = looked([source(tmp_path, lines(MESSAGES))])
    assert (found[0].kind, len(read(found)), found[0].problems) == (Kind.DISCORD, 1, [(3, MISSING)])


def cut(channel: Json, at: str) -> bytes:
    return json.dumps(channel).partition(at)[0].encode()


BAD: list[tuple[str, bytes, Kind | None, str]] = [
    ("empty", b"", None, "given is empty"),
    ("only white space", b" \n\n", None, "given is empty"),
    ("truncated gz", gzip.compress(GOOD * 999)[:-20], None, "given is a damaged or incomplete gzip file"),
    ("not UTF-8", GOOD + b'{"id": "\xff"}\n', None, "given, line 2: not UTF-8"),
    ("UTF-16", GOOD.decode().encode("utf-16"), None, "given is UTF-16; save it as UTF-8"),
    ("binary", b'{"a": \0\0\0', None, "given is not a text file"),
    ("a line cut off", GOOD + GOOD[:30], None, "given, line 2: not valid JSON .* The line seems to be cut off"),
    ("an array cut off", b"[" + GOOD, None, "given, line 2: the file ends before the closing"),
    ("an object over lines", b'{\n"id": 1}', None, "given, line 1: not valid JSON .* put each row on one line"),
    ("a list of texts", b'["Why?"]', None, "given, line 1: a row must be an object"),
    ("no known kind", b'{"name": "a"}\n', None, "given, line 1: looks like no kind .* name. Say what it is with --as"),
    ("wrong schema", b'{"id": 1}\n' * 3, Kind.HC3, "as hc3 none of its 3 rows can be used. Line 1: has no question"),
    ("nothing answered", lines(MESSAGES[:1]), None, "given holds no dialogue: as discord nothing in it is answered"),
    ("a row of 20 MB", lines([sharegpt("a", "b" * 20 * 2**20)]), None, "given, line 1: longer than 16 MB"),
    (
        "a channel without messages",
        b'{"guild": {"id": "1"}, "name": [1, 2]}',
        None,
        "the object has no list of messages",
    ),
    ("a channel cut off", cut(CHANNEL, ', {"id": "3"'), None, "given, line 1: the file ends before the closing"),
    ("a channel torn", cut(CHANNEL, ', {"id": "3"') + b"{}", None, "expected “,” or “]” after a message"),
    ("a channel of words", b'{"guild": {}, "messages": ["Why?"]}', None, "given, line 1: a row must be an object"),
    ("an empty channel", b'{"guild": {}, "messages": []}', None, "given holds no"),
]


@pytest.mark.parametrize(("content", "kind", "told"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_file_that_cannot_be_read_is_told_why_and_where(
    tmp_path: Path, content: bytes, kind: Kind | None, told: str
) -> None:
    with pytest.raises(Invalid, match=told):
        read(looked([source(tmp_path, content, "given")], kind))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"missing\.jsonl can't be opened: No such file"):
        looked([of(tmp_path / "missing.jsonl")])


def test_a_turn_of_ten_megabytes_and_half_a_surrogate_pair_are_read(tmp_path: Path) -> None:
    (dialogue,) = read(looked([source(tmp_path, lines([sharegpt("\ud83d?", "b" * 10 * 2**20)]))]))
    assert (dialogue.turns[0].text, len(dialogue.turns[1].text)) == ("\ufffd?", 10 * 2**20)


def test_progress_adds_up_to_the_size_of_the_file_though_a_channel_is_read_twice(tmp_path: Path) -> None:
    for given in (source(tmp_path, GOOD * 2000, "a.jsonl"), source(tmp_path, json.dumps(CHANNEL).encode(), "b.json")):
        heard: list[int] = []
        found = looked([given])
        list(reading.dialogues(found, on_bytes=heard.append))
        assert sum(heard) == given.path.stat().st_size
