"""The sweep as a person calls it: runs in processes of their own, failures, a signal, a table and results.json."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.trainer import tiny_runs
from trainer import sweep
from trainer.sweep import RESULTS

PRETEND = f"{sys.executable} {Path(__file__).parent / 'pretend_train.py'}"


def declare(folder: Path, axes: str, *, launcher: str = PRETEND, added: str = "") -> Path:
    (folder / "run.toml").write_text(tiny_runs.material(folder) + added)
    tiny_runs.write_dialogues(folder / "more.jsonl", 400)
    head = f'run = "run.toml"\nout = "ladder"\nlauncher = "{launcher}"\n[axes]\n'
    (folder / "sweep.toml").write_text(head + axes)
    return folder / "sweep.toml"


def results(folder: Path) -> dict[str, dict[str, object]]:
    found = json.loads((folder / "ladder" / RESULTS).read_text())
    return {run["name"]: run for run in found["runs"]}


def test_runs_follow_one_another_and_what_they_came_to_is_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = declare(tmp_path, '"course.seed" = [0, 1]\n"data.train" = ["more.jsonl"]\n')
    assert sweep.main([str(path)]) == 0
    found = results(tmp_path)
    assert list(found) == ["seed=0", "seed=1"]
    assert found["seed=1"] == {
        "name": "seed=1",
        "axes": {"course.seed": "seed=1", "data.train": "more"},
        "status": "done",
        "model": str(tmp_path / "ladder" / "seed=1" / "model"),
        "step": 7,
        "loss": 1.5,
        "tokens": 1000,
        "supervised": 400,
        "seconds": 2.0,
        "evaluation_loss": None,
        "peak_learning_rate": 2e-3,
    }
    told = capfd.readouterr().out
    assert "[2 of 2] seed=1\n" in told
    assert told.splitlines()[-1].split() == ["seed=1", "done", "7", "1,000", "1.5000", "–", "2.00e-03"]


def test_a_run_that_fails_does_not_keep_the_others_from_training(tmp_path: Path) -> None:
    path = declare(tmp_path, '"course.seed" = [3, 1]\n')
    assert sweep.main([str(path)]) == 1
    assert [run["status"] for run in results(tmp_path).values()] == ["diverged", "done"]


def test_with_stop_the_first_that_fails_is_the_last(tmp_path: Path) -> None:
    path = declare(tmp_path, '"course.seed" = [3, 1]\n')
    assert sweep.main([str(path), "--stop"]) == 1
    assert [run["status"] for run in results(tmp_path).values()] == ["diverged", "not begun"]


def test_a_launcher_that_fails_in_its_own_way_is_told_by_its_status(tmp_path: Path) -> None:
    path = declare(tmp_path, '"course.seed" = [1]\n', launcher=f"{sys.executable} -c 'raise SystemExit(41)'")
    assert sweep.main([str(path)]) == 1
    assert results(tmp_path)["seed=1"]["status"] == "failed (41)"


def test_a_launcher_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = declare(tmp_path, '"course.seed" = [1]\n', launcher="no-such-launcher --module")
    assert sweep.main([str(path)]) == 2
    assert "launcher: no-such-launcher can't be started: No such file" in capsys.readouterr().err


def test_what_an_earlier_call_has_trained_stays_done(tmp_path: Path) -> None:
    assert sweep.main([str(declare(tmp_path, '"course.seed" = [1]\n'))]) == 0
    assert sweep.main([str(declare(tmp_path, '"course.seed" = [3, 1]\n')), "--stop"]) == 1
    assert [run["status"] for run in results(tmp_path).values()] == ["diverged", "done"]


def test_a_signal_is_handed_on_and_the_sweep_ends_as_a_stopped_run_does(tmp_path: Path) -> None:
    path = declare(tmp_path, '"course.seed" = [9, 1]\n')
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "trainer.sweep", str(path)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "ladder" / "seed=9" / "waits").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 75
    assert "The sweep was told to stop; the same call goes on.\n" in told
    assert [run["status"] for run in results(tmp_path).values()] == ["stopped", "not begun"]


def test_a_list_shows_steps_and_warns_of_a_confounded_ladder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = "warmup = { steps = 30 }\n"
    path = declare(tmp_path, '"data.train" = ["train.jsonl", "more.jsonl"]\n', added=added)
    assert sweep.main([str(path), "--list"]) == 0
    head, small, large, warning = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "steps", "tokens", "warm-up", "peak", "learning", "rate"]
    assert small.split()[:2] == ["train", "5"]
    assert large.split()[0] == "more"
    assert large.split()[-1] == "2.00e-03"
    assert warning.startswith(
        "The runs that differ in their data alone reach peak learning rates from 2.7e-04 to 2.0e-03"
    )
    assert not (tmp_path / "ladder").exists()


def test_a_bad_sweep_is_told_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep.main([str(declare(tmp_path, "seed = [1]\n"))]) == 2
    assert "seed is no key of a run" in capsys.readouterr().err
