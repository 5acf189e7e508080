"""Verbs that go on until they are told to stop: Ctrl-C is how, so it is no failure, in the background too."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.commands import environment

MAIN = "from backend.cli.main import main; main()"


def answers_soon(lines: Iterable[str], ready: str) -> None:
    """Wait for the line that tells how to stop, and for the first page where an address was told."""
    told = ""
    for line in lines:
        told += line
        if ready in line:
            break
    assert ready in told
    for address in re.findall(r"http://127\.0\.0\.1:\d+", told)[:1]:
        with urllib.request.urlopen(f"{address}/login", timeout=60) as page:
            assert page.status == 200


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
    try:
        assert process.stdout is not None
        answers_soon(process.stdout, ready)
        os.kill(process.pid, signal.SIGINT)
        said, trouble = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, said.splitlines()[-1:], trouble) == (0, ["Stopped."], "")
