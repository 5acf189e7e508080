"""Files of dialogues and of texts: what is read, and what each kind of bad line is told."""

import json
from pathlib import Path

import pytest

from backend.domain.data.dialogues import Dialogue as Made
from backend.domain.data.dialogues import content_id as made_id
from backend.domain.data.dialogues import to_line
from backend.domain.records import Turn as Said
from trainer.dialogues import Dialogue, Turn, read, read_texts
from trainer.errors import BadRun


def turns(*said: tuple[str, str]) -> bytes:
    return json.dumps({"turns": [{"role": role, "text": text} for role, text in said]}).encode()


GOOD = turns(("user", "Hi"), ("assistant", "Hello"))


def written(folder: Path, *lines: bytes) -> Path:
    path = folder / "train.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_what_assay_writes_is_read(tmp_path: Path) -> None:
    said = (Said("system", "Be brief."), Said("user", "Täg\u2028lich?"), Said("assistant", "日本 🙂"))
    line = to_line(Made("oasst-1", "sharegpt", said, {"lang": "de"}))
    [dialogue] = read(written(tmp_path, line.encode()))
    assert dialogue == Dialogue("oasst-1", tuple(Turn(turn.role, turn.text) for turn in said))


def test_blank_lines_and_a_byte_order_mark_are_no_dialogues(tmp_path: Path) -> None:
    assert len(list(read(written(tmp_path, b"\xef\xbb\xbf" + GOOD, b"", b"  ", GOOD)))) == 2


def test_a_dialogue_without_an_id_has_the_one_that_assay_gives_it(tmp_path: Path) -> None:
    [dialogue] = read(written(tmp_path, GOOD))
    assert dialogue.id == made_id([Said("user", "Hi"), Said("assistant", "Hello")])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is JSON, but no table"),
        (b'{"turns": "\xff"}', "is not UTF-8"),
        (b"{}", "has no turns"),
        (b'{"turns": []}', "has no turns"),
        (b'{"turns": ["Hi"]}', "turn 1 has no role"),
        (b'{"turns": [{"text": "Hi"}]}', "turn 1 has no role"),
        (
            turns(("user", "Hi"), ("gpt", "Hello")),
            "turn 2 has the role 'gpt', which is none of system, user, assistant",
        ),
        (b'{"turns": [{"role": "user"}]}', "turn 1 has no text"),
        (b'{"turns": [{"role": "user", "text": null}]}', "turn 1 has no text"),
        (b'{"turns": [{"role": "user", "text": "\\ud83d"}]}', "turn 1: has half of a surrogate pair"),
        (turns(("user", "Hi"), ("user", "Hi?")), "the user speaks twice in a row.*alternation"),
        (turns(("user", "Hi"), ("assistant", "a"), ("assistant", "b")), "the assistant speaks twice in a row"),
        (turns(("user", "Hi"), ("system", "a"), ("assistant", "b")), "the system speaks in the middle"),
    ],
)
def test_a_bad_line_is_named_with_file_and_line(line: bytes, why: str, tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, b"", line)
    with pytest.raises(BadRun, match=f"train.jsonl:3: {why}"):
        list(read(path))


def test_a_file_that_is_empty_or_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRun, match=r"train\.jsonl is empty"):
        list(read(written(tmp_path, b"")))
    with pytest.raises(BadRun, match=r"none\.jsonl can't be read: No such file"):
        list(read(tmp_path / "none.jsonl"))


def test_a_file_is_read_one_dialogue_at_a_time(tmp_path: Path) -> None:
    reading = read(written(tmp_path, GOOD, b"{"))
    assert next(reading).turns[0] == Turn("user", "Hi")
    with pytest.raises(BadRun):
        next(reading)


def test_several_rules_at_the_beginning_are_one(tmp_path: Path) -> None:
    [dialogue] = read(written(tmp_path, turns(("system", "a"), ("system", "b"), ("user", "c"), ("assistant", "d"))))
    assert [turn.text for turn in dialogue.turns] == ["a\n\nb", "c", "d"]


def test_only_what_comes_after_the_last_answer_is_not_taught(tmp_path: Path) -> None:
    lines = [
        turns(("user", "a"), ("assistant", "b"), ("user", "c")),
        turns(("assistant", "b"), ("user", "c"), ("assistant", "d")),
        turns(("system", "a"), ("user", "c")),
    ]
    said = [[turn.text for turn in dialogue.taught] for dialogue in read(written(tmp_path, *lines))]
    assert said == [["a", "b"], ["b", "c", "d"], []]


def test_dialogues_that_begin_alike_have_the_same_opening(tmp_path: Path) -> None:
    lines = [
        turns(("system", "a"), ("user", "b"), ("assistant", "c")),
        turns(("system", "a"), ("user", "b"), ("assistant", "d"), ("user", "e"), ("assistant", "f")),
        turns(("user", "b"), ("assistant", "c")),
        turns(("system", "a")),
    ]
    first, second, *others = (dialogue.opening for dialogue in read(written(tmp_path, *lines)))
    assert first == second
    assert len({first, *others}) == 3
    assert all(0 <= opening < 2**64 for opening in (first, *others))


def test_texts_are_read_a_line_each(tmp_path: Path) -> None:
    assert list(read_texts(written(tmp_path, b'{"text": "One."}', b'{"text": "Two.", "url": "x"}'))) == ["One.", "Two."]


@pytest.mark.parametrize("line", [b"{}", b'{"text": 1}', b'{"text": ""}'])
def test_a_text_that_is_missing_is_named_with_file_and_line(line: bytes, tmp_path: Path) -> None:
    with pytest.raises(BadRun, match=r'train\.jsonl:2: has no text. A line is {"text": "…"}\.'):
        list(read_texts(written(tmp_path, b'{"text": "One."}', line)))
