"""A declaration, whole: the same run wherever its text lies afterwards."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trainer.declarations import declare
from trainer import reading, whole


def test_what_is_told_declares_the_same_run_from_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = declare(tmp_path)
    assert whole.main([str(path)]) == 0
    copy = tmp_path / "elsewhere" / "copy.toml"
    copy.parent.mkdir()
    copy.write_text(capsys.readouterr().out)
    assert reading.read(copy) == reading.read(path)


def test_a_sweep_is_told_as_all_its_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declare(tmp_path)
    sweep = tmp_path / "sweep.toml"
    sweep.write_text('run = "run.toml"\nout = "ladder"\n[axes]\n"course.seed" = [0, 1]\n')
    assert whole.main([str(sweep), "--sweep"]) == 0
    texts = json.loads(capsys.readouterr().out)
    assert [f"seed = {number}" in text for number, text in enumerate(texts)] == [True, True]


@pytest.mark.parametrize("words", [[], ["--sweep"]])
def test_what_declares_nothing_is_refused_with_its_sentence(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = declare(tmp_path, 'name = "r"\n')
    assert whole.main([str(path), *words]) == 2
    assert str(path) in capsys.readouterr().err


def test_it_needs_no_torch(tmp_path: Path) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "trainer.whole", str(declare(tmp_path))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert " torch" not in done.stderr
    assert " transformers" not in done.stderr
