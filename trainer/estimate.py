"""What a run will take, told before anything starts: `python -m trainer.estimate RUN.toml [--processes N]`.

Of the model its config is read, of the data a sample is made tokens, and no weight is loaded.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import logging as transformers_logging

from trainer import model, plan, reading, sampling, shapes
from trainer.errors import TrainerError
from trainer.flops import TERA
from trainer.forecast import Estimate, told
from trainer.plan import CPU_SHARE, GPU_SHARE
from trainer.run import Run
from trainer.text import serialiser_of
from trainer.tracking import peak_of

SIDE = 1024  # of the matrices that a CPU is measured with
TRIES = 3


def estimate(run: Run, *, processes: int = 1, peak: float | None = None) -> Estimate:
    """The estimate of a run. peak: of a device that is not here.

    Raises BadRun where model, tokenizer or data can't be read.
    """
    sizes = shapes.sizes(run)
    found = sampling.about(run, serialiser_of(run.text, model.tokenizer_of(run.model)))
    known = peak or peak_of(run) or (None if torch.cuda.is_available() else cpu_peak())
    share = GPU_SHARE if peak or run.tracking.peak_tflops or torch.cuda.is_available() else CPU_SHARE
    holds = torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else None
    planned = plan.plan(run, sizes, found, peak=known, share=share, processes=processes)
    return Estimate(run, sizes, found, planned, processes, known, share, free(run.out), holds)


def cpu_peak() -> float:
    """Operations a second of this machine's processor, by products of fp32 matrices; the best of three."""
    one, other = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)
    best = min(_time(one, other) for _ in range(TRIES))
    return 2 * SIDE**3 / best


def free(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is one of trainer.errors."""
    parser = argparse.ArgumentParser(prog="python -m trainer.estimate", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN.toml")
    parser.add_argument("--processes", type=int, default=1, help="that the run will have, one a device")
    parser.add_argument("--peak-tflops", type=float, help="of a device that is not in this machine: 989.4 for an H100")
    asked = parser.parse_args(arguments)
    transformers_logging.set_verbosity_error()
    try:
        peak = None if asked.peak_tflops is None else asked.peak_tflops * TERA
        found = estimate(reading.read(asked.run), processes=max(asked.processes, 1), peak=peak)
    except TrainerError as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    sys.stdout.write(told(found) + "\n")
    return 0


def _time(one: torch.Tensor, other: torch.Tensor) -> float:
    begun = time.perf_counter()
    torch.mm(one, other)
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
