"""One step of a list of tensors, elementwise: the only place where weights change. Knows no processes and no groups.

Gradients are used up. Whoever writes a fused kernel puts it here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

TINY = 1e-30  # inside g², as in Adafactor
EPSILON = 1e-8  # beside the root, as in Adam


class Row(NamedTuple):
    """A tensor, or the fragment of one that is here: four tensors of one shape, and the scale of the whole."""

    parameter: torch.Tensor
    gradient: torch.Tensor
    mean: torch.Tensor
    square: torch.Tensor
    scale: float


@dataclass(frozen=True, slots=True)
class Pace:
    """What the rows of a step share. count: updates before this one."""

    rate: float
    betas: tuple[float, float]
    weight_decay: float
    count: int


Update = Callable[[Sequence[Row], Pace], None]


def paper(rows: Sequence[Row], pace: Pace) -> None:
    """The paper's optimizer, which it calls AdamW: in EasyLM, an unfactored Adafactor with momentum.

    β = 1 − (n + 1)^−b₂;  v ← βv + (1 − β)(g² + 1e-30);  m ← b₁m + (1 − b₁)·η·s·g/√v;  p ← p − m − η·λ·p
    The mean is of steps that have their rate and scale already; nothing is corrected for bias. At first v is g².
    Source: young-geng/EasyLM (2023-05-23) optimizers.py; optax alias.py, factorized.py, transform.py.
    """
    parameters, gradients, means, squares, scales = map(list, zip(*rows, strict=True))
    b1, b2 = pace.betas
    kept = 1.0 - (pace.count + 1) ** -b2
    torch._foreach_mul_(squares, kept)
    torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - kept)
    torch._foreach_add_(squares, (1.0 - kept) * TINY)
    torch._foreach_div_(gradients, torch._foreach_sqrt(squares))
    torch._foreach_mul_(gradients, [(1.0 - b1) * pace.rate * scale for scale in scales])
    torch._foreach_mul_(means, b1)
    torch._foreach_add_(means, gradients)
    torch._foreach_mul_(parameters, 1.0 - pace.rate * pace.weight_decay)
    torch._foreach_sub_(parameters, means)


def classic(rows: Sequence[Row], pace: Pace) -> None:
    """The ablation: Adam's own moments, corrected for bias, times the scale. What the paper's words seem to say.

    m ← b₁m + (1 − b₁)g;  v ← b₂v + (1 − b₂)g²;  p ← p − η·s·m̂/(√v̂ + 1e-8) − η·λ·p
    """
    parameters, gradients, means, squares, scales = map(list, zip(*rows, strict=True))
    b1, b2 = pace.betas
    torch._foreach_mul_(means, b1)
    torch._foreach_add_(means, gradients, alpha=1.0 - b1)
    torch._foreach_mul_(squares, b2)
    torch._foreach_addcmul_(squares, gradients, gradients, 1.0 - b2)
    roots = torch._foreach_sqrt(squares)
    torch._foreach_div_(roots, (1.0 - b2 ** (pace.count + 1)) ** 0.5)
    torch._foreach_add_(roots, EPSILON)
    steps = torch._foreach_div(means, roots)
    torch._foreach_mul_(steps, [pace.rate * scale / (1.0 - b1 ** (pace.count + 1)) for scale in scales])
    torch._foreach_mul_(parameters, 1.0 - pace.rate * pace.weight_decay)
    torch._foreach_sub_(parameters, steps)
