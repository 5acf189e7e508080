"""`assay judged` as a person types it."""

import json
from pathlib import Path

from tests.cli.conftest import Assay
from tests.cli.test_launch import write


def test_without_other_prompts_the_command_says_what_to_do(run: Assay, tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.jsonl", "a", "b"), write(tmp_path / "two.jsonl", "c", "d")
    assert run("launch", one, two).exit_code == 0
    judge = tmp_path / "judge.jsonl"
    judge.write_text("".join(json.dumps({"prompt": str(n), "score": 0.5}) + "\n" for n in range(2)))
    assert "launch the batch on a part of the prompts" in str(run("judged", 1, judge).exception)


def test_its_help_teaches_the_file(run: Assay) -> None:
    assert "prompt       the prompt's id" in run("judged", "--help").output
