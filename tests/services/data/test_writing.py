"""A file is there whole or not at all."""

from pathlib import Path

import pytest

from backend.errors import Invalid
from backend.services.data.writing import whole_file


def test_a_file_takes_its_place_once_it_is_done(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    target.write_text("before")
    with whole_file(target) as file:
        file.write("after")
        assert target.read_text() == "before"
    assert target.read_text() == "after"
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.jsonl"
    target.write_text("before")
    with pytest.raises(UnicodeEncodeError), whole_file(target) as file:
        file.writelines(["half", "\ud83d"])
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(Invalid, match=r"a\.jsonl can't be written: No such file"),
        whole_file(tmp_path / "no" / "a.jsonl"),
    ):
        pass
