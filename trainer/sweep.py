"""Trains every run of a sweep, one after another: `python -m trainer.sweep SWEEP.toml`, or shows them with `--list`.

Each run is a process of its own. The same call again goes on: runs that are done say so at once, one that was stopped
is resumed, one that failed is tried again. results.json in the sweep's folder holds what each came to.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from transformers import logging as transformers_logging

from trainer import metrics, model, plan, reading, sampling, sweeps
from trainer.errors import BadRun, Stopped, TrainerError
from trainer.folder import METRICS, MODEL, write_json
from trainer.plan import Outline
from trainer.signals import Stop, heard
from trainer.sweeps import Rung, Sweep
from trainer.text import serialiser_of

RESULTS = "results.json"
LOOK = 0.2  # seconds between two looks at whether to stop
SAID = {0: "done", 2: "bad run", 3: "diverged", 4: "disk full", 75: "stopped"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if all runs are done, 1 if one failed, 2 for a bad sweep, 75 if it was told to stop."""
    parser = argparse.ArgumentParser(prog="python -m trainer.sweep", description=__doc__)
    parser.add_argument("sweep", type=Path, metavar="SWEEP.toml", help="what is varied: docs/training.md")
    parser.add_argument("--list", action="store_true", help="show the runs with their steps and rates, train nothing")
    parser.add_argument("--stop", action="store_true", help="end at the first run that fails")
    asked = parser.parse_args(arguments)
    transformers_logging.set_verbosity_error()
    try:
        sweep = sweeps.read(asked.sweep)
        if asked.list:
            say(listed(sweep))
            return 0
        return train(sweep, stops=asked.stop)
    except TrainerError as error:
        sys.stderr.write(f"{error}\n")
        return error.status


def say(lines: Iterator[str] | list[str]) -> None:
    """Lines for whoever called."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def listed(sweep: Sweep) -> Iterator[str]:
    """The runs as a table, and a warning where what they differ in is confounded with the rate that they reach."""
    outlines = [(rung, outline(rung)) for rung in sweep.rungs]
    rows = [
        [rung.name, f"{found.steps:,}", f"{found.tokens:,}", f"{found.warmup_steps:,}", f"{found.rate:.2e}"]
        for rung, found in outlines
    ]
    yield from table(["run", "steps", "tokens", "warm-up", "peak learning rate"], rows)
    yield from sweeps.confounded((rung, found.rate) for rung, found in outlines)


def outline(rung: Rung) -> Outline:
    """The course of one run; BadRun where its tokenizer or data can't be read."""
    run = rung.run
    return plan.outline(run, sampling.about(run, serialiser_of(run.text, model.tokenizer_of(run.model))))


def train(sweep: Sweep, *, stops: bool) -> int:
    """Train all runs; the exit status. Stopped if a signal or one of them said so."""
    statuses: dict[str, int] = {}
    with heard() as stop:
        for number, rung in enumerate(sweep.rungs, start=1):
            say([f"[{number} of {len(sweep.rungs)}] {rung.name}"])
            status = statuses[rung.name] = trained(sweep, rung, stop)
            keep(sweep, statuses)
            if stop.told or status == Stopped.status:
                raise Stopped("The sweep was told to stop; the same call goes on.")
            if status and stops:
                break
    say(summary(sweep, statuses))
    return int(any(statuses.values()) or len(statuses) < len(sweep.rungs))


def trained(sweep: Sweep, rung: Rung, stop: Stop) -> int:
    """Train one run in a process of its own; its exit status. A signal to end is handed on, and waited for."""
    sweep.out.mkdir(parents=True, exist_ok=True)
    file = sweep.out / f"{rung.name}.toml"
    file.write_text(reading.to_toml(rung.run), "utf-8")
    launcher = shlex.split(sweep.launcher) or [sys.executable, "-m"]
    with started([*launcher, "trainer.train", str(file)]) as process:
        while True:
            try:
                return process.wait(LOOK)
            except subprocess.TimeoutExpired:
                if stop.told:
                    process.terminate()
                    return process.wait()


def started(command: list[str]) -> subprocess.Popen[bytes]:
    """A process; BadRun where there is no such program."""
    try:
        return subprocess.Popen(command)
    except OSError as error:
        raise BadRun(f"launcher: {command[0]} can't be started: {error.strerror}.") from error


def keep(sweep: Sweep, statuses: dict[str, int]) -> None:
    """Replace results.json."""
    rows = [result(rung, statuses.get(rung.name)) for rung in sweep.rungs]
    write_json(sweep.out / RESULTS, {"name": sweep.name, "runs": rows})


def result(rung: Rung, status: int | None) -> dict[str, object]:
    """What a run came to: where it stands on the axes, how it ended, and the numbers of its last step."""
    out = rung.run.out
    found = metrics.result(metrics.read(out / METRICS))
    trained_model = str(out / MODEL) if (out / MODEL).is_dir() else None
    ended = SAID[0] if status is None and trained_model else said(status)  # by an earlier call
    return {"name": rung.name, "axes": rung.place, "status": ended, "model": trained_model, **found}


def said(status: int | None) -> str:
    """An exit status in a word or two."""
    return "not begun" if status is None else SAID.get(status, f"failed ({status})")


def summary(sweep: Sweep, statuses: dict[str, int]) -> Iterator[str]:
    """The results as a table."""
    rows = []
    for rung in sweep.rungs:
        found = result(rung, statuses.get(rung.name))
        cells = [_cell(found["step"], ","), _cell(found["tokens"], ","), _cell(found["loss"], ".4f")]
        evaluated, rate = _cell(found["evaluation_loss"], ".4f"), _cell(found["peak_learning_rate"], ".2e")
        rows.append([rung.name, str(found["status"]), *cells, evaluated, rate])
    yield from table(["run", "", "steps", "tokens", "loss", "evaluation", "peak learning rate"], rows)


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Columns as wide as they have to be, numbers to the right."""
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    for name, *cells in [head, *rows]:
        others = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *others])


def _cell(value: object, form: str) -> str:
    return format(value, form) if isinstance(value, int | float) else "–"


if __name__ == "__main__":
    sys.exit(main())
