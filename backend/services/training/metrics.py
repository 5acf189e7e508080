"""A run's metrics.jsonl, read on from where it was read last. Knows no page, and no trainer.

The trainer writes while this reads, so a last line without an end is left for the next time. A run that goes on from a
checkpoint writes some steps again: what it said of them before is forgotten.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from threading import Lock

from backend.domain.curves import Points
from backend.services.training.folders import METRICS

MOST_KEPT = 256
LOSS, LEARNING_RATE, EVALUATION = "loss", "learning_rate", "evaluation_loss"
TOKENS, SPEED = "tokens", "tokens_per_second"
DRAWN = (LOSS, EVALUATION, LEARNING_RATE, SPEED)


@dataclass
class Metrics:
    """What a file has said until now. curves: of each drawn key, (step, value); last: the newest line of a step.

    file, offset: which one it is on its disk, and up to where it was read, in bytes.
    """

    file: int = 0
    offset: int = 0
    last: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {name: [] for name in DRAWN})

    def take(self, line: Mapping[str, object]) -> None:
        """A line of the file."""
        said = {key: float(value) for key, value in line.items() if isinstance(value, int | float)}
        step = said.get("step")
        if step is None:
            return
        for name, curve in self.curves.items():
            if name in said:
                while curve and curve[-1][0] >= step:
                    curve.pop()
                if isfinite(said[name]):
                    curve.append((step, said[name]))
        if LOSS in said:
            self.last = said

    def points(self, name: str) -> Points:
        """The curve of this key."""
        return self.curves[name]

    def newest(self, name: str) -> float | None:
        """The last value of this key; None where there is none."""
        return self.curves[name][-1][1] if self.curves[name] else None


def read(folder: Path, known: Metrics | None = None) -> Metrics:
    """What the file says by now. known: what it said before, which is added to."""
    found = known or Metrics()
    path = folder / METRICS
    try:
        with path.open("rb") as file:
            told = os.fstat(file.fileno())
            if told.st_ino != found.file or told.st_size < found.offset:
                found = Metrics(told.st_ino)  # another file took its place: the run went on from a checkpoint
            file.seek(found.offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                found.offset += len(raw)
                found.take(parsed(raw))
    except OSError:
        return found
    return found


def parsed(raw: bytes) -> Mapping[str, object]:
    """A line; nothing of one that is no JSON object, such as one that a full disk has cut."""
    try:
        line = json.loads(raw)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


class Memory:
    """What was read of the last few folders, so that a page which asks every few seconds reads new lines alone."""

    def __init__(self) -> None:
        self.kept: dict[Path, Metrics] = {}
        self.turn = Lock()

    def read(self, folder: Path) -> Metrics:
        """What the folder's metrics say by now. One at a time: threads share this."""
        with self.turn:
            found = read(folder, self.kept.pop(folder, None))
            self.kept[folder] = found
            if len(self.kept) > MOST_KEPT:
                del self.kept[next(iter(self.kept))]
            return Metrics(
                found.file, found.offset, dict(found.last), {name: list(curve) for name, curve in found.curves.items()}
            )
