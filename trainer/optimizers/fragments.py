"""Which slice of which flat partition belongs to which tensor of the model. Knows no optimizer's arithmetic.

ZeRO lays the tensors of a parameter group end to end in one vector and gives every process a part of it, in fp32. An
optimizer sees these parts only. Whatever it works out per tensor needs this table; without it, it is silently wrong.

    tensors      [ a ][   b    ][ c ]
    flat         [                    ·]     · is padding, of no tensor
    partitions   [         |          ]      of process 0 and 1: b lies in both
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import deepspeed
import torch

from trainer.errors import TrainerError


@dataclass(frozen=True, slots=True)
class Fragment:
    """flat[start : start + numel] of a partition is of the model's tensor with this index."""

    tensor: int
    start: int
    numel: int


@dataclass(frozen=True, slots=True)
class Table:
    """numels: of the whole tensors, without padding, by their index. partitions: what this process holds of them.

    shared: other processes hold the rest, so that sums over a tensor have to be gathered.
    """

    numels: tuple[int, ...]
    partitions: Mapping[torch.Tensor, tuple[Fragment, ...]]
    shared: bool


def whole(parameters: Iterable[torch.Tensor]) -> Table:
    """Without ZeRO: every process holds every tensor, each a partition of its own."""
    tensors = list(parameters)
    partitions = {tensor: (Fragment(index, 0, tensor.numel()),) for index, tensor in enumerate(tensors)}
    return Table(tuple(tensor.numel() for tensor in tensors), partitions, shared=False)


def of(engine: deepspeed.DeepSpeedEngine) -> Table:
    """The table of a started engine, at any stage. TrainerError if its parts don't add up to the model."""
    tensors = [tensor for tensor in engine.module.parameters() if tensor.requires_grad and _numel(tensor)]
    stage = engine.zero_optimization_stage()
    if stage == 0:
        return whole(tensors)
    partitions = _of_stage_3(engine.optimizer, tensors) if stage == 3 else _of_stages_1_and_2(engine, tensors)
    table = Table(tuple(map(_numel, tensors)), partitions, shared=True)
    check(table, engine.device)
    return table


def views(flat: torch.Tensor, fragments: tuple[Fragment, ...]) -> list[torch.Tensor]:
    """The fragments of a partition, or of its gradient or moments, each sharing its memory."""
    if len(fragments) == 1 and fragments[0].numel == flat.numel():
        return [flat]
    return [flat[piece.start : piece.start + piece.numel] for piece in fragments]


def _numel(tensor: torch.Tensor) -> int:
    """At stage 3 a tensor's own count is of what lies here at the moment."""
    return int(getattr(tensor, "ds_numel", tensor.numel()))


def _of_stages_1_and_2(
    engine: deepspeed.DeepSpeedEngine, tensors: list[torch.Tensor]
) -> dict[torch.Tensor, tuple[Fragment, ...]]:
    """DeepSpeed links each tensor to its part of this process's partition, if it has one (utils/tensor_fragment.py)."""
    flats = [group["params"][0] for group in engine.basic_optimizer.param_groups]
    found: dict[int, list[Fragment]] = {index: [] for index in range(len(flats))}
    for index, tensor in enumerate(tensors):
        if tensor._hp_mapping is not None:
            address = tensor._hp_mapping.hp_fragment_address
            found[tensor._hp_mapping.param_group_index].append(Fragment(index, address.start, address.numel))
    return {flats[group]: tuple(fragments) for group, fragments in found.items()}


def _of_stage_3(
    optimizer: deepspeed.runtime.zero.stage3.DeepSpeedZeroOptimizer_Stage3, tensors: list[torch.Tensor]
) -> dict[torch.Tensor, tuple[Fragment, ...]]:
    """Every tensor is parted in equal parts, the last ones padded; parts lie end to end in sub-groups (stage3.py)."""
    indices = {id(tensor): index for index, tensor in enumerate(tensors)}
    partitions: dict[torch.Tensor, tuple[Fragment, ...]] = {}
    for flat, group in zip(optimizer.fp32_partitioned_groups_flat, optimizer.fp16_groups, strict=True):
        start, fragments = 0, []
        for tensor in group:
            fragments.append(Fragment(indices[id(tensor)], start, _real(tensor)))
            start += tensor.partition_numel()
        partitions[flat] = tuple(fragment for fragment in fragments if fragment.numel)
    return partitions


def local(tensor: torch.Tensor) -> torch.Tensor:
    """What this process has of a tensor: all of it, or, where ZeRO 3 shares it out, its part without padding."""
    if not hasattr(tensor, "ds_tensor"):
        return tensor
    return tensor.ds_tensor.flatten()[: _real(tensor)]


def _real(tensor: torch.Tensor) -> int:
    """How much of this process's part of a tensor is not padding."""
    part = tensor.partition_numel()
    behind = torch.distributed.get_rank() * part
    return int(min(max(_numel(tensor) - behind, 0), part))


def check(table: Table, device: torch.device) -> None:
    """TrainerError unless every element of every tensor lies in one partition, which another layout would break."""
    counts = torch.zeros(len(table.numels), dtype=torch.int64, device=device)
    for fragments in table.partitions.values():
        for fragment in fragments:
            counts[fragment.tensor] += fragment.numel
    torch.distributed.all_reduce(counts)
    if counts.tolist() != list(table.numels):
        raise TrainerError(
            "This version of DeepSpeed lays parameters out in a way that is unknown here, so the scale of a tensor"
            " can't be taken. Train with the version of DeepSpeed that constraints.txt names, or with adamw."
        )
