"""Where a run's numbers go beside metrics.jsonl: TensorBoard, Weights & Biases, a line in the terminal."""

import hashlib
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Protocol, TextIO

from trainer.errors import BadRun
from trainer.run import Run

WAIT = {True: 0.2, False: 10.0}  # seconds between two lines, on a terminal and elsewhere
TENSORBOARD = "tensorboard"


class Sink(Protocol):
    """Takes the numbers of a step."""

    def write(self, step: int, values: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """Event files in the run's folder, for `tensorboard --logdir`. What was written after `after` is hidden."""

    def __init__(self, run: Run, *, after: int) -> None:
        module = _needed("torch.utils.tensorboard", "tracking.tensorboard", "tensorboard")
        self._writer = module.SummaryWriter(str(run.out / TENSORBOARD), purge_step=after + 1)

    def write(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class WandB:
    """A run of a W&B project, always the same one for a folder. WANDB_MODE=offline writes to the run's folder alone."""

    def __init__(self, run: Run, declared: Mapping[str, object]) -> None:
        module = _needed("wandb", "tracking.wandb", "wandb")
        name = hashlib.sha256(f"{run.name}\n{run.out}".encode()).hexdigest()[:16]
        self._run = module.init(
            project=run.tracking.wandb, name=run.name, id=name, resume="allow", dir=str(run.out), config=dict(declared)
        )

    def write(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


class Terminal:
    """A line of progress: rewritten in place on a terminal, now and then a new one elsewhere. Evaluations all stay."""

    def __init__(self, steps: int, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._steps = steps
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._live = self._stream.isatty()
        self._next = 0.0
        self._first: tuple[int, float] | None = None

    def write(self, step: int, values: Mapping[str, float]) -> None:
        now = self._clock()
        first, since = self._first = self._first or (step, now)
        lasting = "evaluation_loss" in values
        if now < self._next and step < self._steps and not lasting:
            return
        self._next = now + WAIT[self._live]
        pace = (now - since) / (step - first) if step > first else None
        self._put(told(step, self._steps, values, pace), lasting=lasting)

    def close(self) -> None:
        if self._live:
            self._stream.write("\n")

    def _put(self, line: str, *, lasting: bool) -> None:
        end = "\n" if lasting or not self._live else ""
        self._stream.write(f"\r\x1b[K{line}{end}" if self._live else f"{line}{end}")
        self._stream.flush()


def told(step: int, steps: int, values: Mapping[str, float], pace: float | None) -> str:
    """A step in words. pace: seconds a step, where it is known."""
    if "evaluation_loss" in values:
        return f"step {step:,} of {steps:,} · evaluation loss {values['evaluation_loss']:.4f}"
    parts = [
        f"step {step:,} of {steps:,}",
        f"loss {values['loss']:.4f}",
        f"learning rate {values['learning_rate']:.2e}",
        f"{values['tokens_per_second']:,.0f} tokens/s",
    ]
    if "mfu" in values:
        parts.append(f"MFU {values['mfu']:.1%}")
    if pace is not None and step < steps:
        parts.append(f"{duration(pace * (steps - step))} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Seconds in the two units that say enough."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _needed(module: str, key: str, package: str) -> ModuleType:
    try:
        return import_module(module)
    except ImportError as error:
        raise BadRun(f"{key} needs the package {package}: pip install {package}, or leave the key out.") from error
