"""Logs a run: metrics.jsonl always, TensorBoard and W&B where they are wanted, and a line in the terminal.

Of several processes one does it. Tokens and seconds add up over a run's calls: what was logged after the checkpoint
that it goes on from is dropped first.
"""

import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch

from trainer import flops, metrics
from trainer.flops import Sizes
from trainer.folder import METRICS
from trainer.metrics import Amounts, Line
from trainer.run import Run
from trainer.sinks import Sink, TensorBoard, Terminal, WandB


class Tracker:
    """Takes a run's numbers step by step."""

    def __init__(
        self,
        path: Path,
        amounts: Amounts,
        sinks: Iterable[Sink],
        *,
        after: int,
        every: int,
        flops_per_token: float,
        peak: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path, self._amounts, self._sinks = path, amounts, tuple(sinks)
        self._every, self._flops, self._peak, self._clock = every, flops_per_token, peak, clock
        self._lines = metrics.keep_to(path, after)
        self._seconds = max((metrics.number(line, "seconds") for line in self._lines), default=0.0)
        self._logged, self._logged_at = after, self._seconds
        self._mark = clock()

    @classmethod
    def open(cls, run: Run, amounts: Amounts, sizes: Sizes, *, after: int, processes: int = 1) -> "Tracker":
        """The tracker of a run that has done `after` steps. peak: all processes' devices together.

        BadRun where a package is missing that the run wants to log with.
        """
        steps = len(amounts.tokens) - 1
        sinks: list[Sink] = [Terminal(steps)]
        if run.tracking.tensorboard:
            sinks.append(TensorBoard(run, after=after))
        if run.tracking.wandb:
            sinks.append(WandB(run, asdict(run)))
        peak = peak_of(run)
        return cls(
            run.out / METRICS,
            amounts,
            sinks,
            after=after,
            every=run.course.log_every,
            flops_per_token=flops.per_token(sizes, run.text.block),
            peak=None if peak is None else peak * processes,
        )

    def step(self, step: int, *, loss: float, learning_rate: float, gradient_norm: float) -> None:
        """Count a step (from 1) as done just now; log it if it is its turn."""
        now = self._clock()
        self._seconds += now - self._mark
        self._mark = now
        if step % self._every and step < len(self._amounts.tokens) - 1:
            return
        line = {"step": step, "loss": loss, "learning_rate": learning_rate, "gradient_norm": gradient_norm}
        self._log({**line, **self._measured(step), "at": _now()})
        self._logged, self._logged_at = step, self._seconds

    def evaluation(self, step: int, loss: float, tokens: int) -> None:
        """Log an evaluation: the mean loss of so many supervised tokens. The time that it took is no training."""
        self._log({"step": step, "evaluation_loss": loss, "evaluation_tokens": tokens, "at": _now()})
        self.mark()

    def mark(self) -> None:
        """From here on it is training again: what took time since the last step, such as saving, does not count."""
        self._mark = self._clock()

    def result(self) -> dict[str, object]:
        """What the run came to so far: steps, tokens, losses, time, the peak learning rate that it reached."""
        return metrics.result(self._lines)

    def close(self) -> None:
        """Let everything be written out."""
        for sink in self._sinks:
            sink.close()

    def _measured(self, step: int) -> dict[str, object]:
        rates = metrics.rates(self._amounts, self._logged, step, max(self._seconds - self._logged_at, 1e-9))
        return {
            "tokens": int(self._amounts.tokens[step]),
            "supervised": int(self._amounts.supervised[step]),
            "seconds": self._seconds,
            "tokens_per_second": rates.tokens,
            "supervised_per_second": rates.supervised,
            "padded_tokens_per_second": rates.padded,
            "mfu": None if self._peak is None else flops.mfu(rates.tokens, self._flops, self._peak),
            "memory_bytes": memory(),
        }

    def _log(self, line: Line) -> None:
        metrics.append(self._path, line)
        self._lines.append(line)
        values = {key: float(value) for key, value in line.items() if isinstance(value, int | float) and key != "step"}
        for sink in self._sinks:
            sink.write(metrics.step_of(line), values)


def peak_of(run: Run) -> float | None:
    """Operations a second of this process's device: as declared, else as known by its name; None on a CPU."""
    if run.tracking.peak_tflops is not None:
        return run.tracking.peak_tflops * flops.TERA
    if not torch.cuda.is_available():
        return None
    return flops.peak(torch.cuda.get_device_name(), run.model.precision)


def memory() -> int:
    """Bytes that this process has needed at most: of its GPU, without one of the machine."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # KiB on Linux


def _now() -> str:
    return datetime.now(UTC).isoformat()
