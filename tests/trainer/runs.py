"""Whole runs of the trainer in processes of their own, and what they leave in their folders."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from trainer import metrics
from trainer.folder import METRICS, MODEL, RUN_JSON, STATE

ROOT = Path(__file__).parents[2]
SECONDS = 600
ALONE = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has. said: its error, if it had one."""

    status: int
    said: str
    out: Path

    @property
    def losses(self) -> list[float]:
        """Of every step."""
        return [metrics.number(line, "loss") for line in metrics.read(self.out / METRICS) if "loss" in line]

    @property
    def evaluations(self) -> list[float]:
        lines = metrics.read(self.out / METRICS)
        return [metrics.number(line, "evaluation_loss") for line in lines if "evaluation_loss" in line]

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """Of the exported model."""
        return load_file(self.out / MODEL / "model.safetensors")

    @property
    def state(self) -> dict[str, object]:
        return json.loads((self.out / STATE).read_text("utf-8"))

    @property
    def report(self) -> dict[str, object]:
        return json.loads((self.out / RUN_JSON).read_text("utf-8"))


def declare(folder: Path, name: str, text: str, changes: str = "") -> Path:
    """A RUN.toml with an `out` of its own. changes: "table.key = value" lines, each in place of what is there."""
    tables: dict[str, dict[str, str]] = {"": {}}
    table = ""
    for line in [*text.splitlines(), *changes.splitlines()]:
        if line.startswith("["):
            table = line.strip("[]")
            tables.setdefault(table, {})
        elif "=" in line:
            key, _, value = line.partition(" = ")
            where, _, last = key.rpartition(".")
            tables.setdefault(where or table, {})[last] = value
    tables[""]["out"] = f'"{name}"'
    lines = [f"{key} = {value}" for key, value in tables.pop("").items()]
    for named, keys in tables.items():
        lines += [f"[{named}]", *(f"{key} = {value}" for key, value in keys.items())]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def done(paths: Sequence[Path], *, processes: int = 1) -> dict[str, Ended]:
    """Have all of them done in one go; what became of each by its name."""
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    call = [sys.executable, *launcher, "-m", "tests.trainer.many", *map(str, paths)]
    ended = subprocess.run(call, cwd=ROOT, env=ALONE, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return {path.stem: ended_as(path) for path in paths}


def ended_as(path: Path) -> Ended:
    status, _, said = Path(f"{path}.status").read_text("utf-8").partition("\n")
    return Ended(int(status), said, path.with_suffix(""))


def command(path: Path) -> list[str]:
    """The command of one run."""
    return [sys.executable, "-m", "trainer.train", str(path)]


def called(path: Path) -> Ended:
    """One run by its command, to its end."""
    ended = subprocess.run(
        command(path), cwd=ROOT, env=ALONE, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return Ended(ended.returncode, ended.stderr, path.with_suffix(""))
