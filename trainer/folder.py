"""The names in a run's folder, which is all that the platform sees of a run. Knows no torch.

run.toml        the run, whole, with its defaults
run.json        what it came to: hashes of data and code, versions, plan, estimate, warnings, peak learning rate
state.json      how far it is, replaced whole: {state, step, steps, message, error, at}
metrics.jsonl   a line a logged step, and a line an evaluation
tokens/         the data as tokens, made once
checkpoints/    step-00000100/ …: what a run goes on from; a name that ends in .part is not whole
model/          the trained model, there only once it is whole: safetensors, tokenizer, chat template, assay.json
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

RUN_TOML = "run.toml"
RUN_JSON = "run.json"
STATE = "state.json"
METRICS = "metrics.jsonl"
TOKENS = "tokens"
CHECKPOINTS = "checkpoints"
MODEL = "model"


class State(StrEnum):
    """Where a run is. stopped: told to, and resumable; failed: with an error."""

    PREPARING = "preparing"
    TRAINING = "training"
    SAVING = "saving"
    EXPORTING = "exporting"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replace a file whole: whoever reads it sees the old or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(part, path)


def tell(out: Path, state: State, *, step: int, steps: int, message: str = "", error: str = "") -> None:
    """Say how far the run is."""
    at = datetime.now(UTC).isoformat()
    told = {"state": state, "step": step, "steps": steps, "message": message, "error": error, "at": at}
    write_json(out / STATE, told)
