"""`assay import`: a study of prompts alone, or of one system, for others to answer."""

import json
from pathlib import Path

import pytest

from backend.errors import AppError
from tests.cli.conftest import Assay


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A file of two prompts."""
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps({"id": key, "prompt": f"Question {key}?"}) + "\n" for key in (1, 2)))
    return path


def test_prompts_alone_become_a_study_that_outputs_are_generated_for(run: Assay, prompts: Path) -> None:
    done = run("import", "--prompts", prompts)
    assert "2 prompts, joined on id.\n" in done.output
    assert "Study 1, questions, is stored. Its outputs: assay generate 1 --help" in done.output
    cost = run("generate", "1", "--system", "parrot", "--engine", "echo", "--model", "echo", "--dry-run")
    assert cost.output.startswith("2 questions to ask")


def test_what_a_dry_run_without_prices_costs_is_not_said(run: Assay, prompts: Path) -> None:
    run("import", "--prompts", prompts)
    asked = ("generate", "1", "--system", "parrot", "--engine", "echo", "--model", "echo", "--dry-run")
    assert run(*asked).output.endswith("answered. What it costs can be said with --price-in and --price-out.\n")
    assert "; about $0.0" in run(*asked, "--price-in", "1").output


def test_rows_that_are_not_shown_are_counted(run: Assay, tmp_path: Path) -> None:
    for name, first in (("mine", 0), ("theirs", 5)):
        rows = [json.dumps({"id": key, "prompt": f"{key}?", "output": "So."}) for key in range(first, first + 6)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    lines = run("import", "mine.jsonl", "theirs.jsonl").output.splitlines()
    assert lines[2:7:4] == ["  10 prompts without an output on one side (not compared there)", "      … and 7 more"]


def test_one_system_becomes_a_study_under_a_name(run: Assay, tmp_path: Path, prompts: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"id": 1, "output": "Because."}\n')
    done = run("import", "mine.jsonl", "--prompts", prompts, "--name", "Mine alone")
    assert "1 prompt without an output" in done.output
    assert "Study 1, Mine alone, is stored" in done.output


def test_nothing_is_refused_with_what_to_name(run: Assay) -> None:
    done = run("import")
    assert isinstance(done.exception, AppError)
    assert "--prompts" in str(done.exception)


def test_a_launch_of_one_system_says_how_the_other_is_made(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"id": 1, "prompt": "Why?", "output": "Because."}\n')
    done = run("launch", "mine.jsonl")
    assert isinstance(done.exception, AppError)
    assert "there is only mine. `assay import` stores the study" in str(done.exception)
