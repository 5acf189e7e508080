"""Says what a RUN.toml declares, whole: with its defaults, and paths that no longer depend on where it lies.

    python -m trainer.whole RUN.toml              the run's TOML
    python -m trainer.whole SWEEP.toml --sweep    a JSON list with the TOML of each of its runs

Whoever keeps that text can train the run after the file was changed or moved. Loads no torch.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from trainer import reading, sweeps
from trainer.errors import TrainerError


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: BadRun's, with its sentence on standard error, where the file declares no run."""
    parser = argparse.ArgumentParser(prog="python -m trainer.whole", description=__doc__)
    parser.add_argument("file", type=Path, metavar="RUN.toml")
    parser.add_argument("--sweep", action="store_true", help="the file declares a sweep")
    asked = parser.parse_args(arguments)
    try:
        sys.stdout.write(of_sweep(asked.file) if asked.sweep else reading.to_toml(reading.read(asked.file)))
    except TrainerError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    return 0


def of_sweep(path: Path) -> str:
    """The runs of a sweep, each whole, as JSON."""
    return json.dumps([reading.to_toml(rung.run) for rung in sweeps.read(path).rungs], ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
