"""The scale of every tensor, max(RMS, 1e-3), however many processes it is spread over. Knows no gradients.

Source: optax.scale_by_param_block_rms, which EasyLM's multiply_by_parameter_scale ends in. A tensor is what the model's
code calls one: GPT-2's c_attn is queries, keys and values and has one scale, where EasyLM's models have three.
"""

import torch

from trainer.optimizers.fragments import Table, views

FLOOR = 1e-3


def measure(table: Table, device: torch.device) -> list[float]:
    """max(sqrt(mean p²), 1e-3) of each tensor by its index, over the whole of it and none of its padding.

    device: where processes exchange tensors; sums are in float64. One all-reduce, whatever the number of tensors.
    """
    sums = _sums(table, device)
    if table.shared:
        torch.distributed.all_reduce(sums)
    numels = torch.tensor(table.numels, dtype=torch.float64, device=device)
    scales: list[float] = (sums / numels).sqrt().clamp(min=FLOOR).tolist()
    return scales


def _sums(table: Table, device: torch.device) -> torch.Tensor:
    """(tensors,) float64: Σ p² over what this process holds of each tensor."""
    sums = torch.zeros(len(table.numels), dtype=torch.float64, device=device)
    for flat, fragments in table.partitions.items():
        if fragments:
            norms = torch.stack(torch._foreach_norm(views(flat.detach(), fragments))).to(device, torch.float64)
            sums.index_add_(0, torch.tensor([piece.tensor for piece in fragments], device=device), norms**2)
    return sums
