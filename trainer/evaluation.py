"""The loss on dialogues that are not trained on: of every supervised token the mean. Knows no optimizer."""

import math
from typing import Any  # DeepSpeed's engine has no types

import numpy as np
import torch
from torch import distributed

from trainer.blocks import Blocks
from trainer.engine import World
from trainer.learner import feed


@torch.no_grad()
def evaluate(driver: Any, rows: Blocks, world: World, *, micro_batch: int) -> tuple[float, int]:
    """(mean −log p of a supervised token, in nats; how many there are). Everybody has to call, and gets the same.

    Processes take turns with the rows, and all go equally often through the model: where parameters are shared out,
    each forward pass needs everybody.
    """
    driver.eval()
    at_once = micro_batch * world.size
    total = torch.zeros((), dtype=torch.float64, device=world.device)
    for turn in range(math.ceil(len(rows) / at_once)):
        first = turn * at_once + world.rank * micro_batch
        mine = [rows[row] for row in range(first, min(first + micro_batch, len(rows)))]
        total += driver(feed(mine, np.ones(len(mine)), world.device)).double()
    distributed.all_reduce(total)
    tokens = int(rows.supervised.sum())
    return float(total) / max(tokens, 1), tokens
