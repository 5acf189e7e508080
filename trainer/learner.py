"""The model as the training loop calls it: rows in, a weighted loss out. Knows no optimizer and no process."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

from trainer.attention import NAME, Pieces
from trainer.loss import weighted
from trainer.tokens import Block


@dataclass(frozen=True, slots=True)
class Feed:
    """Some rows as one, without their padding. ids: (1, N) int64; pieces: of all rows, one behind the other.

    places: (M,) int64, where in N a supervised target is; targets: (M,) int64; counts: (M,) fp32, what each weighs.
    """

    ids: Tensor
    pieces: Pieces
    places: Tensor
    targets: Tensor
    counts: Tensor


def feed(blocks: list[Block], weights: NDArray[np.float64], device: torch.device) -> Feed:
    """The rows of a micro-batch. weights: (rows,), of a supervised token of each.

    Without any row, or any supervised token, one token that weighs nothing: every process has to take part in a step.
    """
    kept = [(block, int(block.lengths.sum()), weight) for block, weight in zip(blocks, weights, strict=True)]
    if not kept:
        return nothing(device)
    supervised = np.concatenate([block.supervised[:size] for block, size, _ in kept])
    places = np.flatnonzero(supervised)
    targets = np.concatenate([block.targets[:size] for block, size, _ in kept])[places]
    counts = np.concatenate([np.full(size, weight, np.float32) for _, size, weight in kept])[places]
    if not len(places):
        places, targets, counts = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.float32)
    return Feed(
        torch.from_numpy(np.concatenate([block.ids[:size] for block, size, _ in kept]).astype(np.int64))[None].to(
            device
        ),
        Pieces.of(tuple(int(length) for block, _, _ in kept for length in block.lengths), device),
        torch.from_numpy(places).to(device),
        torch.from_numpy(targets.astype(np.int64)).to(device),
        torch.from_numpy(counts).to(device),
    )


def nothing(device: torch.device) -> Feed:
    """A token that teaches nothing."""
    zero = torch.zeros(1, dtype=torch.int64, device=device)
    return Feed(zero[None], Pieces.of((1,), device), zero, zero, torch.zeros(1, device=device))


class Learner(nn.Module):
    """What DeepSpeed drives. model: of transformers, or peft's around one."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @property
    def whole(self) -> PreTrainedModel:
        """The model of transformers itself, with whatever adapters are in it."""
        inner = getattr(self.model, "get_base_model", None)
        found = inner() if inner is not None else self.model
        assert isinstance(found, PreTrainedModel)
        return found

    def hidden(self, ids: Tensor, pieces: Pieces) -> Tensor:
        """(N, d): what the head is given. Each piece sees itself alone and has positions from 0.

        A model that does its own attention is told by positions alone, from which transformers makes the mask.
        """
        own = {"pieces": pieces} if self.whole.config._attn_implementation == NAME else {}
        seen: Tensor = self.whole.base_model(
            input_ids=ids, position_ids=pieces.positions, use_cache=False, **own
        ).last_hidden_state
        return seen[0]

    def forward(self, given: Feed) -> Tensor:
        """Σ counts·nll over the supervised places; a scalar, fp32."""
        hidden = self.hidden(given.ids, given.pieces)
        return weighted(self.whole.get_output_embeddings(), hidden[given.places], given.targets, given.counts)
