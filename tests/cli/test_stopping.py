"""Verbs that go on until they are told to stop: Ctrl-C is how, so it is no failure, in the background too."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import environment

MAIN = "from backend.cli.main import main; main()"


@pytest.mark.parametrize(
    ("words", "ready"),
    [
        (["serve", "--port", "0"], "Stop with Ctrl-C."),
        (["try", "--port", "0"], "Stop with Ctrl-C"),
        (["worker"], "Ctrl-C stops"),
    ],
    ids=["serve", "try", "worker"],
)
@pytest.mark.parametrize("ignored", [False, True], ids=["foreground", "background"])
def test_a_verb_that_goes_on_ends_well_with_ctrl_c(tmp_path: Path, words: list[str], ready: str, ignored: bool) -> None:
    """A shell without job control starts what it puts in the background with SIGINT ignored."""
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignored else None
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *words],
            env=environment("sqlite", tmp_path / "assay-data"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        if earlier is not None:
            signal.signal(signal.SIGINT, earlier)
    with process:
        assert process.stdout is not None
        assert any(ready in line for line in process.stdout)
        os.kill(process.pid, signal.SIGINT)
        said, trouble = process.communicate(timeout=30)
    assert (process.returncode, said.splitlines()[-1:], trouble) == (0, ["Stopped."], "")
