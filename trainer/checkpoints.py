"""What a run goes on from: written whole or not at all, the newest kept. Knows no data and no model.

A checkpoint is a folder that DeepSpeed fills, with each process's random states beside; until everybody has written it,
its name ends in .part.
"""

import os
import pickle
import random
import re
import shutil
from pathlib import Path
from typing import Any  # DeepSpeed's engine and numpy's random state have no types of their own

import numpy as np
import torch
from torch import distributed

from trainer.errors import DiskFull, Diverged, TrainerError
from trainer.folder import CHECKPOINTS
from trainer.optimizers import fragments

TAG = "states"
NAME = re.compile(r"step-(\d{8})")
PART = ".part"
TORCH_WRITES = "inline_container"  # where torch says that a write was cut short
DAMAGED = (OSError, EOFError, RuntimeError, KeyError, ValueError, AssertionError, pickle.UnpicklingError)


def name_of(step: int) -> str:
    """The folder's, after so many steps."""
    return f"step-{step:08d}"


def found(out: Path) -> list[tuple[int, Path]]:
    """Whole checkpoints with their steps, oldest first."""
    folders = (out / CHECKPOINTS).glob("step-*")
    return sorted((int(match[1]), path) for path in folders if (match := NAME.fullmatch(path.name)))


def save(engine: Any, out: Path, step: int, *, keep: int, size: float = 0.0) -> None:
    """Save where the run is, and forget all but the newest `keep`. size: bytes that it will take, about.

    Raises DiskFull where there is no room, on every process before anything is written, or where a write fails after
    all: on the process that failed, whose launcher then ends the others. What was whole before stays so.
    """
    part, last = out / CHECKPOINTS / (name_of(step) + PART), out / CHECKPOINTS / name_of(step)
    if anywhere(is_first() and not has_room(out, size)):
        raise DiskFull(full(out, f"it takes about {size / 1e9:,.3f} GB"))
    if is_first():
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True, exist_ok=True)
    distributed.barrier()
    try:
        engine.save_checkpoint(str(part), tag=TAG, save_latest=False)
        torch.save(random_states(), part / f"random-{distributed.get_rank()}.pt")
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and TORCH_WRITES not in str(error):
            raise
        shutil.rmtree(part, ignore_errors=True)
        raise DiskFull(full(out, f"writing failed: {error}")) from error
    distributed.barrier()
    if is_first():
        shutil.rmtree(last, ignore_errors=True)
        os.replace(part, last)
        prune(out, keep)
    distributed.barrier()


def refuse_no_numbers(engine: Any, step: int) -> None:
    """Diverged, on every process, where a weight is no number: a checkpoint of that would be gone on from."""
    parts = (fragments.local(tensor) for tensor in engine.module.parameters())
    if anywhere(not all(bool(part.isfinite().all()) for part in parts)):
        raise Diverged(
            f"A weight is no number after step {step:,}: training has diverged, and that is not saved. Lower the "
            "learning rate, or warm up for longer; then go on from the last checkpoint."
        )


def has_room(out: Path, size: float) -> bool:
    """Whether so many bytes are free; if not, also without the checkpoints that only a cautious person keeps."""
    if shutil.disk_usage(out).free >= size:
        return True
    prune(out, 1)
    return shutil.disk_usage(out).free >= size


def full(out: Path, why: str) -> str:
    """What to tell a person."""
    whole = found(out)
    last = (
        f"That of step {whole[-1][0]:,} is whole, and the same call goes on from it" if whole else "There is none yet"
    )
    free = shutil.disk_usage(out).free / 1e9
    return (
        f"A checkpoint does not fit into {out}: {why}, and {free:,.3f} GB are free. {last}. Make room, or keep fewer "
        "(course.keep)."
    )


def prune(out: Path, keep: int) -> None:
    """Delete older ones, and what a run that was killed left half written."""
    folders = [path for _, path in found(out)][: -max(keep, 1)]
    for path in (*folders, *(out / CHECKPOINTS).glob(f"*{PART}")):
        shutil.rmtree(path, ignore_errors=True)


def resume(engine: Any, out: Path) -> int:
    """Go on from the newest whole checkpoint; the steps that are done, 0 without one.

    TrainerError, naming it, where what it holds can't be read: a file of it was lost or changed.
    """
    whole = found(out)
    if not whole:
        return 0
    step, path = whole[-1]
    try:
        loaded, _ = engine.load_checkpoint(str(path), tag=TAG)
        if loaded is None:  # DeepSpeed only warns, and the model would be the base's
            raise FileNotFoundError(f"{path / TAG} lacks a file")
        set_random_states(torch.load(path / f"random-{distributed.get_rank()}.pt", weights_only=True))
    except DAMAGED as error:
        raise TrainerError(damaged(whole, error)) from error
    return step


def damaged(whole: list[tuple[int, Path]], error: Exception) -> str:
    """What to tell a person. whole: all there are, the last of which can't be read."""
    said = (str(error).splitlines() or [""])[0] or type(error).__name__
    earlier = f"goes on from step {whole[-2][0]:,}" if len(whole) > 1 else "begins anew"
    return f"The checkpoint {whole[-1][1]} can't be read: {said}. Delete that folder: the same call then {earlier}."


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
