"""metrics.jsonl: a line a logged step, and a line an evaluation. Pure but for the file; knows no torch and no clock.

A step: step, loss, learning_rate, gradient_norm, tokens, supervised, seconds, tokens_per_second, supervised_per_second,
padded_tokens_per_second, mfu, memory_bytes, at. An evaluation: step, evaluation_loss, evaluation_tokens, at.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Line = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Amounts:
    """What has been seen after each step: (steps + 1,) int64, from 0. tokens: without padding; supervised: those that
    the loss counts; places: rows times the block, padding included."""

    tokens: Counts
    supervised: Counts
    places: Counts

    @classmethod
    def of(cls, batches: Iterable[Counts], *, tokens: Counts, supervised: Counts, block: int) -> "Amounts":
        """batches: each step's rows. tokens, supervised: (rows,), of each row; block: places of a row."""
        steps = [(tokens[rows].sum(), supervised[rows].sum(), len(rows) * block) for rows in batches]
        seen = np.cumsum(np.array([(0, 0, 0), *steps], np.int64), axis=0)
        return cls(seen[:, 0], seen[:, 1], seen[:, 2])


@dataclass(frozen=True, slots=True)
class Rates:
    """Tokens a second of all processes together: without padding, supervised, and with padding."""

    tokens: float
    supervised: float
    padded: float


def rates(amounts: Amounts, first: int, last: int, seconds: float) -> Rates:
    """Those of the steps after `first`, up to `last`, which took so many seconds (above 0)."""
    counts = (amounts.tokens, amounts.supervised, amounts.places)
    return Rates(*(float(each[last] - each[first]) / seconds for each in counts))


def append(path: Path, line: Line) -> None:
    """Add a line that is on its way to the disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")


def read(path: Path) -> list[Line]:
    """The lines so far; none where there is no file. A last line that a killed process broke off is left out."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def keep_to(path: Path, step: int) -> list[Line]:
    """Drop what was logged after a step, whole or not at all, for a run that goes on from there. Returns the rest."""
    kept = [line for line in read(path) if step_of(line) <= step]
    part = path.with_name(path.name + ".part")
    part.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
    os.replace(part, path)
    return kept


def step_of(line: Line) -> int:
    """The step that a line is about."""
    step = line["step"]
    assert isinstance(step, int)
    return step


def number(line: Line, key: str) -> float:
    """A number of a line; 0 where it has none."""
    value = line.get(key)
    return value if isinstance(value, int | float) else 0.0


def result(lines: Iterable[Line]) -> dict[str, object]:
    """What the lines of metrics.jsonl come to."""
    steps = [line for line in lines if "loss" in line]
    evaluations = [line for line in lines if "evaluation_loss" in line]
    last: Line = steps[-1] if steps else {}
    return {
        **{key: last.get(key) for key in ("step", "loss", "tokens", "supervised", "seconds")},
        "evaluation_loss": evaluations[-1]["evaluation_loss"] if evaluations else None,
        "peak_learning_rate": max((number(line, "learning_rate") for line in steps), default=None),
    }
