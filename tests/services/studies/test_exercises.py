"""Exercises: those that come with Assay, and those from a researcher's file."""

import json
from pathlib import Path

import pytest

from backend.domain.journey import Reply
from backend.errors import Invalid
from backend.services.studies import exercises
from backend.services.studies.files import Source
from tests import factories
from tests.ways import JOURNEY, TEST

ROWS = [
    {"prompt": "Why?", "better": "Because.\0", "worse": "No.", "explanation": "It answers."},
    {"prompt": "Who?", "first": "Me.", "second": "I.", "right": "cant_judge"},
]


def file(folder: Path, *rows: dict[str, object]) -> Source:
    path = folder / "exercises.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return Source(path, None, path.name)


def test_our_training_teaches_four_things_and_explains_each() -> None:
    found = exercises.ours(factories.settings())
    assert [one.right for one in found] == [Reply.FIRST, Reply.SECOND, Reply.TIE, Reply.CANT_JUDGE]
    assert all(one.explanation for one in found)
    assert len(found[0].first) < len(found[0].second), "the fluent one is wrong"
    assert len(found[1].second) < len(found[1].first), "the long one is worse"


def test_our_training_leaves_out_what_a_study_does_not_offer() -> None:
    two = [{"choice": "first", "label": "1"}, {"choice": "second", "label": "2"}]
    settings = factories.settings(options=two)
    found = exercises.ours(settings)
    assert [one.right for one in found] == [Reply.FIRST, Reply.SECOND, Reply.CANT_JUDGE]
    assert exercises.added(settings, training=found).journey.training == found


def test_a_file_is_read_in_its_order_and_mended(tmp_path: Path) -> None:
    found = exercises.read(file(tmp_path, *ROWS), seed=1)
    assert [one.dialogue[0].text for one in found] == ["Why?", "Who?"]
    assert "Because.\N{REPLACEMENT CHARACTER}" in (found[0].first, found[0].second)
    assert found == exercises.training(str(tmp_path / "exercises.jsonl"), factories.settings(), seed=1)


def test_our_training_is_named_default() -> None:
    settings = factories.settings()
    assert exercises.training("default", settings, seed=1) == exercises.ours(settings)


def test_a_row_that_is_no_exercise_is_named_by_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"exercises.jsonl, line 2: this row has no better output"):
        exercises.read(file(tmp_path, ROWS[0], {"prompt": "Why?"}), seed=1)


def test_exercises_are_added_to_settings_and_the_rest_stays(tmp_path: Path) -> None:
    before = factories.settings(journey={"consent": "Yes?"})
    made = exercises.added(before, test=exercises.read(file(tmp_path, *TEST), seed=1), pass_mark=2)
    assert made.journey.consent == "Yes?"
    assert (len(made.journey.test), made.journey.pass_mark) == (2, 2)
    assert exercises.added(made) == made


def test_a_test_without_a_pass_mark_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="the pass mark says how many"):
        exercises.added(factories.settings(), test=exercises.read(file(tmp_path, *TEST), seed=1))
    with pytest.raises(Invalid, match="a pass mark, but no test"):
        exercises.added(factories.settings(), pass_mark=1)
    assert exercises.added(factories.settings(journey=JOURNEY), pass_mark=1).journey.pass_mark == 1
