"""The loss: cross-entropy of the supervised tokens alone, in chunks, and how much each of them weighs. Knows no model.

row_mean is EasyLM's, and so the paper's: L = 1/B Σ_b [Σ_t m_bt·nll_bt / max(Σ_t m_bt, 1)] (EasyLM jax_utils.py,
cross_entropy_loss_and_accuracy): a block weighs the same however few answers it holds, and one without any counts as 0.
token_mean is Σ_b Σ_t m_bt·nll_bt / Σ_b Σ_t m_bt over the whole batch of a step, whatever process or micro-batch a token
is in; to average micro-batches' own means would weigh tokens by where they lie.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from trainer.errors import Diverged
from trainer.run import Loss

CHUNK_BYTES = 128 * 2**20  # of fp32 logits at one time


def refuse_no_number(loss: float, what: str) -> None:
    """Diverged where a loss is none. what: it is the loss of."""
    if not math.isfinite(loss):
        raise Diverged(
            f"The loss of {what} is {loss}: training has diverged. Nothing of that step is kept. Lower the learning "
            "rate, warm up for longer, or look at this step's data; then go on from the last checkpoint."
        )


def weights(kind: Loss, supervised: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much one supervised token of each row counts in a step's loss.

    supervised: (B,), of every row of the step's whole batch, its supervised tokens. Returns (B,); the weights of all
    supervised tokens add up to 1, or with row_mean to the share of rows that have any.
    """
    counted = supervised.astype(np.float64)
    if kind == Loss.TOKEN_MEAN:
        return np.full(len(counted), 1.0 / max(counted.sum(), 1.0))
    return 1.0 / (np.maximum(counted, 1.0) * max(len(counted), 1))


def weighted(head: Callable[[Tensor], Tensor], hidden: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    """Σ counts·nll. hidden: (M, d) of supervised places; targets: (M,) int64; counts: (M,) fp32. A scalar, fp32.

    Logits are made of as many places at once as CHUNK_BYTES hold; of more than one chunk they are made again in the
    backward pass instead of kept (Chen et al. 2016), so memory does not grow with the vocabulary times the row.
    """
    places = max(1, CHUNK_BYTES // (4 * vocabulary(head, hidden)))
    if len(targets) <= places:
        return summed(head, hidden, targets, counts)
    total = hidden.new_zeros((), dtype=torch.float32)
    for part in range(0, len(targets), places):
        chunk = slice(part, part + places)
        total = total + checkpoint(
            summed, head, hidden[chunk], targets[chunk], counts[chunk], use_reentrant=False, preserve_rng_state=False
        )
    return total


def summed(head: Callable[[Tensor], Tensor], hidden: Tensor, targets: Tensor, counts: Tensor) -> Tensor:
    """Of one chunk; the softmax is in fp32, as in EasyLM."""
    return (functional.cross_entropy(head(hidden).float(), targets, reduction="none") * counts).sum()


def vocabulary(head: Callable[[Tensor], Tensor], hidden: Tensor) -> int:
    """Tokens that the head scores."""
    known = getattr(head, "out_features", None)
    return known if isinstance(known, int) else hidden.shape[-1]
