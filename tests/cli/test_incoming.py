"""`assay import-ratings`: what it would do is shown, and only a yes writes."""

import csv
import json
import tomllib
from pathlib import Path

import pytest

from tests import exports
from tests.cli.conftest import Assay

RATERS = ("AAA", "ABB", "ACC")


@pytest.fixture
def launched(run: Assay, tmp_path: Path) -> Assay:
    """`assay …` beside a batch of two prompts, of systems ours and theirs."""
    for name in ("ours", "theirs"):
        rows = [{"id": number, "prompt": f"Why {number}?", "output": f"{name[0]} {number}"} for number in (1, 2)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    run("launch", "ours.jsonl", "theirs.jsonl")
    return run


def write(tmp_path: Path, *more: dict[str, str]) -> None:
    """Batch results: three raters choose A, B and a tie on both prompts, and rows that a test adds."""
    said = dict(zip(RATERS, ("A", "B", "equal"), strict=True))
    rows = [
        {
            "WorkerId": rater,
            "Input.id": number,
            "Input.model_a": "ours",
            "Input.model_b": "theirs",
            "Answer.choice": said[rater],
        }
        for number in ("1", "2")
        for rater in RATERS
    ]
    exports.saved(tmp_path, exports.mturk([*rows, *more]), name="mturk.csv")


def stored(run: Assay) -> int:
    return int(json.loads(run("results", "1", "--json").output)["ratings"])


def test_a_foreign_file_is_shown_as_it_would_be_read_and_nothing_is_imported_without_a_yes(
    launched: Assay, tmp_path: Path
) -> None:
    write(tmp_path)
    done = launched("import-ratings", "1", "mturk.csv")
    assert str(done.exception) == "Nothing was imported. If the mapping is right, run this again with --yes."
    for line in (
        "  Rater                  WorkerId",
        "  Prompt                 Input.id",
        "  Shown first and second Input.model_a and Input.model_b",
        "  choice 'A'                             means first",
        "6 ratings of 2 prompts by 3 raters would come in, of 6 rows.",
        "  line 2: AAA on 1 (ours): prefers candidate, candidate first, 61 s",
    ):
        assert line in done.output.splitlines()
    assert stored(launched) == 0


def test_a_yes_imports_what_was_shown(launched: Assay, tmp_path: Path) -> None:
    write(tmp_path)
    assert "6 ratings are in batch 1." in launched("import-ratings", "1", "mturk.csv", "--yes").output
    assert stored(launched) == 6


@pytest.mark.parametrize(("typed", "ratings"), [("yes", 6), ("y", 0), ("", 0)])
def test_on_a_terminal_a_typed_yes_is_asked_for(
    launched: Assay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, ratings: int
) -> None:
    write(tmp_path)
    monkeypatch.setattr("backend.cli.incoming.on_a_terminal", lambda: True)
    done = launched("import-ratings", "1", "mturk.csv", typed=f"{typed}\n")
    assert "Import 6 ratings? Type yes" in done.output
    assert stored(launched) == ratings
    assert done.exception is None or str(done.exception) == "Nothing was imported."


@pytest.mark.parametrize("ours", [True, False])
def test_a_dry_run_imports_nothing(launched: Assay, tmp_path: Path, ours: bool) -> None:
    if ours:
        (tmp_path / "mturk.csv").write_text("rater,prompt,preference\n" + "".join(f"r{i},1,tie\n" for i in range(3)))
    else:
        write(tmp_path)
    done = launched("import-ratings", "1", "mturk.csv", "--dry-run", "--yes")
    assert "Nothing was imported: this was a dry run." in done.output
    assert stored(launched) == 0


def test_a_bad_row_of_ratings_names_file_and_line_and_nothing_is_stored(launched: Assay, tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_text("rater,prompt,preference\nAnna,1,tie\nBob,9,tie\n")
    done = launched("import-ratings", "1", "votes.csv")
    assert str(done.exception) == "votes.csv, line 3: prompt '9' is not in this batch for ours."
    assert stored(launched) == 0


def test_problems_are_listed_and_can_be_left_out(launched: Assay, tmp_path: Path) -> None:
    strangers = [{"WorkerId": f"AX{number}", "Input.id": "9", "Answer.choice": "A"} for number in range(7)]
    write(tmp_path, *strangers)
    done = launched("import-ratings", "1", "mturk.csv", "--yes")
    assert "mturk.csv, line 8: prompt '9' is not in this batch. 6 more rows have problems." in str(done.exception)
    assert "  problem: 7, The prompt is not in this batch" in done.output
    assert "    … and 2 more" in done.output
    assert stored(launched) == 0
    done = launched("import-ratings", "1", "mturk.csv", "--yes", "--leave-out-problems")
    assert "  left out: 7, The prompt is not in this batch" in done.output
    assert stored(launched) == 6


def test_rejected_rows_are_told_as_kept_out(launched: Assay, tmp_path: Path) -> None:
    write(tmp_path, {"WorkerId": "ADD", "Input.id": "1", "Answer.choice": "A", "AssignmentStatus": "Rejected"})
    done = launched("import-ratings", "1", "mturk.csv", "--dry-run")
    assert "  kept out: 1, the status is Rejected" in done.output.splitlines()


def test_a_mapping_is_written_changed_and_used(launched: Assay, tmp_path: Path) -> None:
    write(tmp_path)
    launched("import-ratings", "1", "mturk.csv", "--dry-run", "--save-mapping", "m.toml")
    path = tmp_path / "m.toml"
    assert tomllib.loads(path.read_text("utf-8"))["meanings"] == {"A": "first", "B": "second", "equal": "tie"}
    path.write_text(path.read_text("utf-8").replace('"A" = "first"', '"A" = "no vote"'), "utf-8")
    done = launched("import-ratings", "1", "mturk.csv", "--mapping", "m.toml", "--yes")
    assert "  kept out: 2, 'A' is no vote" in done.output.splitlines()
    assert stored(launched) == 4


def test_a_file_of_something_else_says_what_is_missing_and_which_columns_there_are(
    launched: Assay, tmp_path: Path
) -> None:
    (tmp_path / "colours.csv").write_text("colour,size\nred,9\n")
    done = launched("import-ratings", "1", "colours.csv", "--save-mapping", "m.toml")
    assert "No column is called as raters are; choose the one that names them." in done.output
    said = "Nothing says who rated or which prompt or what was chosen. Say in the mapping which column"
    assert str(done.exception) == f"{said} of colours.csv it is: colour, size."
    assert (tmp_path / "m.toml").exists()


def test_prolifics_export_is_joined(launched: Assay, tmp_path: Path) -> None:
    rows = [{"PROLIFIC_PID": name, "prompt": "1", "winner": "ours"} for name in ("ann", "bob")]
    exports.saved(tmp_path, rows, name="survey.csv")
    panel = exports.prolific(("s1", "ann", "APPROVED", "60"), ("s2", "bob", "RETURNED", ""))
    exports.saved(tmp_path, panel, name="panel.csv")
    done = launched("import-ratings", "1", "survey.csv", "--submissions", "panel.csv", "--yes")
    assert "  kept out: 1, the submission’s status is RETURNED" in done.output
    assert stored(launched) == 1


def test_the_worked_example_of_the_documents_runs(launched: Assay, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "old-studies.md").read_text("utf-8")
    table = page.split("```csv\n")[1].split("```")[0]
    (tmp_path / "results.csv").write_text(table)
    assert len(list(csv.DictReader(table.splitlines()))) == 4
    done = launched("import-ratings", "1", "results.csv", "--yes")
    assert done.exception is None, done.output
    shown = page.split("```\nHow results.csv would be read")[1].split("```")[0]
    assert [line for line in shown.splitlines() if line not in done.output.splitlines()] == []
    assert stored(launched) == 3
