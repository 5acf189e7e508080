"""Prints what a small model's training really keeps at some ZeRO stages, as JSON: a process of its own.

Bytes of all tensors that are alive between the last backward pass of a step and its update, without DeepSpeed's bucket.
"""

import gc
import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import torch

from tests.trainer import small
from trainer import engine, memory, shapes
from trainer.memory import BUCKET
from trainer.model import DTYPES
from trainer.run import Base, Data, Optimization, Precision, Run, Sharding, Text

CASES = ((0, Precision.FP32), (1, Precision.BF16), (2, Precision.BF16), (2, Precision.FP32), (3, Precision.BF16))


def alive(module: torch.nn.Module) -> dict[int, torch.UntypedStorage]:
    """Every storage that Python knows of, or a gradient has, by its place."""
    gc.collect()
    tensors = [thing for thing in gc.get_objects() if isinstance(thing, torch.Tensor)]
    tensors += [tensor.grad for tensor in module.parameters() if tensor.grad is not None]
    storages = (tensor.untyped_storage() for tensor in tensors)
    return {storage.data_ptr(): storage for storage in storages if storage.nbytes() < BUCKET}


def case(stage: int, precision: Precision, world: engine.World) -> dict[str, object]:
    """What was estimated for one, and what is alive in its second step."""
    base = Base("small", precision=precision)
    run = Run("r", Path(tempfile.gettempdir()), Data(()), base, Text(block=16))
    run = replace(run, sharding=Sharding(stage=stage), optimization=Optimization(batch=2, micro_batch=1))
    model = small.model("llama").to(DTYPES[precision])
    sizes = shapes.measured(model, model.config, base)
    largest = max(tensor.nbytes for tensor in model.parameters())
    own = {tensor.untyped_storage().data_ptr() for tensor in model.parameters()}
    before = {
        place: kept for place, kept in alive(model).items() if place not in own
    }  # held, so no place is used twice
    driver = engine.start(model, run, world)
    ids = torch.arange(16)[None]
    found = 0
    for _ in range(2):
        for part in range(2):
            driver.backward(driver(input_ids=ids, labels=ids, use_cache=False).loss)
            if part:
                found = sum(kept.nbytes() for place, kept in alive(model).items() if place not in before)
            engine.update(driver, 1e-3)
    estimate = asdict(memory.needed(sizes, run))
    return {"stage": stage, "precision": precision, "alive": found, "largest": largest, **estimate}


if __name__ == "__main__":
    joined = engine.join()
    sys.stdout.write(json.dumps([case(*chosen, joined) for chosen in CASES]) + "\n")
    engine.leave()
