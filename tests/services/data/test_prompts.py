"""Evaluation prompts through the filters, and the filters on labelled prompts."""

import json
from pathlib import Path

import pytest

from backend.domain.data.prompts import Verdict, judged
from backend.domain.records import Json
from backend.errors import Invalid
from backend.services.data.prompts import filter_file, measure_file
from backend.services.data.tools import identify
from backend.services.studies.files import LONGEST_ROW
from tests.services.data.files import lines, of, source

ENGLISH = {"id": "1", "prompt": "How can I improve my time management?", "note": "kept as it is"}
SPANISH = {"id": "2", "prompt": "¿Cómo puedo aprender a tocar el piano?"}
CODE = {"id": "3", "prompt": "Implement quicksort in Python."}


def test_rows_that_stay_are_as_they_were_and_those_that_go_say_why(tmp_path: Path) -> None:
    given = source(tmp_path, lines([ENGLISH, SPANISH, CODE]))
    found = filter_file(given, identify, tmp_path / "kept.jsonl", tmp_path / "gone.jsonl")
    assert found.counts == {Verdict.KEEP: 1, Verdict.NON_ENGLISH: 1, Verdict.CODING: 1}
    assert json.loads((tmp_path / "kept.jsonl").read_text("utf-8")) == ENGLISH
    gone = [json.loads(line) for line in (tmp_path / "gone.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in gone] == ["2", "3"]
    assert [row["filtered"]["verdict"] for row in gone] == ["non_english", "coding"]
    assert gone[0]["filtered"]["why"] == "is in es"
    assert [(line, told.verdict) for line, told in found.gone] == [(2, Verdict.NON_ENGLISH), (3, Verdict.CODING)]


def test_those_that_go_are_written_only_where_that_is_asked(tmp_path: Path) -> None:
    filter_file(source(tmp_path, lines([ENGLISH, CODE])), identify, tmp_path / "kept.jsonl", None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.jsonl", "kept.jsonl"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([ENGLISH, {"id": "2"}], "line 2: has no prompt"),
        ([{"prompt": "a" * LONGEST_ROW}], "line 1: longer than 16 MB"),
    ],
)
def test_a_file_with_a_row_that_asks_nothing_leaves_nothing(tmp_path: Path, rows: list[Json], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        filter_file(source(tmp_path, lines(rows)), identify, tmp_path / "kept.jsonl", None)
    assert [path.name for path in tmp_path.iterdir()] == ["given.jsonl"]


def test_what_was_told_otherwise_than_labelled_is_shown(tmp_path: Path) -> None:
    labelled = [{**ENGLISH, "expect": "keep"}, {**CODE, "expect": "keep"}, {**SPANISH, "expect": "non_english"}]
    (keep, foreign, coding), missed = measure_file(source(tmp_path, lines(labelled)), identify)
    assert (keep.recall.value, foreign.precision.value, coding.precision.value) == (0.5, 1.0, 0.0)
    assert [(one.line, one.labelled, one.told.verdict) for one in missed] == [(2, Verdict.KEEP, Verdict.CODING)]


@pytest.mark.parametrize("label", [None, "english", 3])
def test_a_label_that_is_no_verdict_is_named_with_its_line(tmp_path: Path, label: Json) -> None:
    with pytest.raises(Invalid, match=r"line 1: expect is .* it must be one of keep, non_english, coding"):
        measure_file(source(tmp_path, lines([{**ENGLISH, "expect": label}])), identify)


def test_the_filters_tell_the_labelled_prompts_right(shared_data: Path) -> None:
    """67 prompts: 30 to keep, 15 in Chinese, 22 about code, among them one that only compares two languages."""
    measured, missed = measure_file(of(shared_data / "filtering" / "prompts_labelled.jsonl"), identify)
    assert [one.recall.of for one in measured] == [30, 15, 22]
    assert missed == []


def test_on_prompts_that_the_rules_were_not_made_on_coding_is_told_too(shared_data: Path) -> None:
    """MT-bench's first turns: its ten coding prompts are found, and one of the seventy others shows a fence."""
    rows = [json.loads(line) for line in (shared_data / "mt_bench" / "question.jsonl").read_text("utf-8").splitlines()]
    told = {row["question_id"]: judged(row["turns"][0], identify).verdict for row in rows}
    coding = {row["question_id"] for row in rows if row["category"] == "coding"}
    found = {key for key, one in told.items() if one == Verdict.CODING}
    assert coding <= found
    assert len(found - coding) == 1
    assert Verdict.NON_ENGLISH not in told.values()
