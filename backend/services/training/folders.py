"""A run's folder, as the trainer writes it: how far it is, and what it came to. Knows no database, and no trainer.

What is missing or half written is no error here: a page is looked at before, while and long after a run is written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from backend.domain.records import Json

RUN_JSON = "run.json"
STATE = "state.json"
METRICS = "metrics.jsonl"
MODEL = "model"
# These two are the platform's own.
DECLARED = "declared.toml"
LOG = "log.txt"


class Stage(StrEnum):
    """Where a run is, by the trainer's own words. stopped: told to, and resumable."""

    PREPARING = "preparing"
    TRAINING = "training"
    SAVING = "saving"
    EXPORTING = "exporting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, of how many steps; message: what it does; error: why it failed."""

    state: Stage
    step: int
    steps: int
    message: str = ""
    error: str = ""
    at: str = ""


PROGRESS = TypeAdapter(Progress)


def progress(folder: Path) -> Progress | None:
    """How far the run in this folder is; None where it has not begun, or says so in a way that can't be read."""
    try:
        return PROGRESS.validate_json((folder / STATE).read_bytes())
    except (OSError, ValidationError):
        return None


def facts(folder: Path) -> Mapping[str, Json]:
    """What a run came to, as its run.json says; nothing where that is not there yet."""
    try:
        read = json.loads((folder / RUN_JSON).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def warnings(known: Mapping[str, Json]) -> tuple[str, ...]:
    """What the trainer warns of."""
    told = known.get("warnings")
    return tuple(str(one) for one in told) if isinstance(told, list) else ()


def peak_learning_rate(known: Mapping[str, Json]) -> float | None:
    """The highest learning rate that a run will come to."""
    rate = known.get("learning_rate")
    told = rate.get("peak") if isinstance(rate, dict) else None
    return float(told) if isinstance(told, int | float) else None


def log_ending(folder: Path, *, lines: int = 15) -> str:
    """The last lines that the trainer wrote, for who asks why it ended."""
    try:
        written = (folder / LOG).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(line for line in written[-lines:] if line.strip())
