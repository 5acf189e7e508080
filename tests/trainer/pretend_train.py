"""Stands in for a launcher with trainer.train: logs one step of each RUN.toml that it gets, and ends as its seed says.

Seed 3 diverges, 9 waits to be stopped and ends as a stopped run does, any other is done.
"""

import json
import signal
import sys
import tomllib
from pathlib import Path

module, file = sys.argv[1:]
run = tomllib.loads(Path(file).read_text("utf-8"))
out, seed = Path(run["out"]), run["course"]["seed"]
out.mkdir(parents=True, exist_ok=True)
if seed == 9:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
    (out / "waits").touch()
    signal.pause()
if seed == 3:
    sys.exit(3)
line = {"step": 7, "loss": 1.5, "learning_rate": 2e-3, "gradient_norm": 1.0, "tokens": 1000, "supervised": 400}
(out / "metrics.jsonl").write_text(json.dumps({**line, "seconds": 2.0, "module": module}) + "\n")
(out / "model").mkdir(exist_ok=True)
