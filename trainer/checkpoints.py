"""What a run goes on from: written whole or not at all, the newest kept. Knows no data and no model.

A checkpoint is a folder that DeepSpeed fills, with each process's random states beside; until everybody has written it,
its name ends in .part.
"""

import errno
import os
import random
import re
import shutil
from pathlib import Path
from typing import Any  # DeepSpeed's engine and numpy's random state have no types of their own

import numpy as np
import torch
from torch import distributed

from trainer.errors import DiskFull
from trainer.folder import CHECKPOINTS

TAG = "states"
NAME = re.compile(r"step-(\d{8})")
PART = ".part"


def name_of(step: int) -> str:
    """The folder's, after so many steps."""
    return f"step-{step:08d}"


def found(out: Path) -> list[tuple[int, Path]]:
    """Whole checkpoints with their steps, oldest first."""
    folders = (out / CHECKPOINTS).glob("step-*")
    return sorted((int(match[1]), path) for path in folders if (match := NAME.fullmatch(path.name)))


def save(engine: Any, out: Path, step: int, *, keep: int) -> None:
    """Save where the run is, and forget all but the newest `keep`.

    Raises DiskFull, on every process, where one of them could not write; what was whole before stays so.
    """
    part, last = out / CHECKPOINTS / (name_of(step) + PART), out / CHECKPOINTS / name_of(step)
    if is_first():
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, exist_ok=True)
    distributed.barrier()
    trouble = written(engine, part)
    if anywhere(trouble is not None):
        if is_first():
            shutil.rmtree(part, ignore_errors=True)
        raise DiskFull(full(out, trouble)) from trouble
    if is_first():
        shutil.rmtree(last, ignore_errors=True)
        os.replace(part, last)
        prune(out, keep)
    distributed.barrier()


def written(engine: Any, part: Path) -> Exception | None:
    """Have DeepSpeed write, and the random states; what went wrong, where it was the disk."""
    try:
        engine.save_checkpoint(str(part), tag=TAG, save_latest=False)
        torch.save(random_states(), part / f"random-{distributed.get_rank()}.pt")
    except OSError as error:
        return error
    except RuntimeError as error:  # torch's own writer says so of a write that failed
        if "write" not in str(error).lower():
            raise
        return error
    return None


def full(out: Path, trouble: Exception | None) -> str:
    """What to tell a person."""
    whole = found(out)
    last = (
        f"The checkpoint of step {whole[-1][0]:,} is whole, and the same call goes on from it" if whole else "None is"
    )
    why = trouble.strerror if isinstance(trouble, OSError) and trouble.strerror else str(trouble or "another process")
    left = shutil.disk_usage(out).free / 2**30
    room = f" ({left:.1f} GiB are free)" if isinstance(trouble, OSError) and trouble.errno == errno.ENOSPC else ""
    return f"A checkpoint could not be written to {out}: {why}{room}. {last}; make room, or set course.keep = 1."


def prune(out: Path, keep: int) -> None:
    """Delete older ones, and what a run that was killed left half written."""
    folders = [path for _, path in found(out)][: -max(keep, 1)]
    for path in (*folders, *(out / CHECKPOINTS).glob(f"*{PART}")):
        shutil.rmtree(path, ignore_errors=True)


def resume(engine: Any, out: Path) -> int:
    """Go on from the newest whole checkpoint; the steps that are done, 0 without one."""
    whole = found(out)
    if not whole:
        return 0
    step, path = whole[-1]
    engine.load_checkpoint(str(path), tag=TAG)
    set_random_states(torch.load(path / f"random-{distributed.get_rank()}.pt", weights_only=True))
    return step


def random_states() -> dict[str, Any]:
    """Of everything that draws: torch on each device, numpy and Python."""
    kind, keys, place, gauss, cached = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": (kind, torch.from_numpy(np.asarray(keys, np.int64)), int(place), int(gauss), float(cached)),
        "python": random.getstate(),
    }


def set_random_states(states: dict[str, Any]) -> None:
    """The other way round."""
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    random.setstate(states["python"])


def is_first() -> bool:
    """Whether this is the process that writes what there is once."""
    return bool(distributed.get_rank() == 0)


def anywhere(here: bool) -> bool:
    """Whether it is so in any process; everybody has to ask."""
    told = torch.tensor([float(here)], device="cuda" if distributed.get_backend() == "nccl" else "cpu")
    distributed.all_reduce(told, op=distributed.ReduceOp.MAX)
    return bool(told.item())
