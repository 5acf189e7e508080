"""In the place of a Python that trains: `trainer.train`, without a model. Writes the files that the trainer writes.

It is what ASSAY_TRAIN_PYTHON names in tests, and is called as that would be: -m trainer.train RUN.toml, or through
torch.distributed.run. It takes its steps from the declaration's course, and what becomes of it from its table stand_in,
or from stand_in.json in the run's folder: seconds a step; saving: seconds to save in; wait: no step after so many until
the file `go` lies in the folder; fail_at, status, error; deaf.
"""

import json
import signal
import sys
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

TOLD: list[int] = []


def main() -> int:
    """Train, or go on; the exit status, as trainer/errors.py has them."""
    if "trainer.estimate" in sys.argv:
        sys.stdout.write("3 GiB, 2 hours\n")
        return 0
    run = tomllib.loads(Path(sys.argv[-1]).read_text("utf-8"))
    out, behaviour, steps = (
        Path(run["out"]),
        told_in(Path(run["out"])) | run.get("stand_in", {}),
        run["course"]["steps"],
    )
    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour.get("deaf") else told)
    with (out / "calls.jsonl").open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    warnings = ["the run ends inside its warm-up"]
    write(out / "run.json", {"warnings": warnings, "learning_rate": {"peak": 0.002}, "plan": {"steps": steps}})
    saved = out / "checkpoint"
    step = int(saved.read_text()) if saved.exists() else 0
    tell(out, "training", step, steps)
    while step < steps:
        if TOLD:
            time.sleep(behaviour.get("saving", 0))
            saved.write_text(str(step))
            tell(out, "stopped", step, steps)
            return 75
        if step == behaviour.get("fail_at", -1):
            sys.stdout.write("a line of the log\n")
            sys.stdout.flush()
            if "error" in behaviour:
                tell(out, "failed", step, steps, behaviour["error"])
            return int(behaviour.get("status", 1))
        if step >= behaviour.get("wait", steps) and not (out / "go").exists():
            time.sleep(0.02)
            continue
        time.sleep(behaviour.get("seconds", 0))
        step += 1
        line = {"step": step, "loss": 4 / step, "learning_rate": 0.002, "tokens": 100 * step, "tokens_per_second": 50.0}
        with (out / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({**line, "seconds": 2.0 * step}) + "\n")
        tell(out, "training", step, steps)
    saved.write_text(str(step))
    (out / "model").mkdir(exist_ok=True)
    (out / "model" / "model.safetensors").write_bytes(b"weights")
    (out / "model" / "config.json").write_text("{}")
    tell(out, "done", steps, steps)
    return 0


def told_in(out: Path) -> dict[str, object]:
    """What becomes of it, by a file."""
    path = out / "stand_in.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def told(number: int, frame: FrameType | None) -> None:
    TOLD.append(number)


def tell(out: Path, state: str, step: int, steps: int, error: str = "") -> None:
    at = datetime.now(UTC).isoformat()
    write(out / "state.json", {"state": state, "step": step, "steps": steps, "message": "", "error": error, "at": at})


def write(path: Path, content: dict[str, object]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content))
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
