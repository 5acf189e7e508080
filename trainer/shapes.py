"""A model's sizes from its config alone: it is built without memory for its weights, and nothing is loaded."""

from collections.abc import Iterator
from typing import Any  # what transformers loads has no types of its own

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.pytorch_utils import Conv1D

from trainer.errors import BadRun
from trainer.flops import Sizes
from trainer.model import config_of
from trainer.run import Base, Lora, Run


def sizes(run: Run) -> Sizes:
    """The sizes of what a run trains. Raises BadRun where there is no such model, or it can't be made."""
    config = config_of(run)
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and run.model.extend_positions and positions < run.text.block:
        config.max_position_embeddings = run.text.block
    return measured(_empty(config, run.model), config, run.model)


def measured(model: PreTrainedModel, config: Any, base: Base) -> Sizes:
    """The sizes of a model, on whatever device; `config` is transformers' own."""
    shapes = [tuple(tensor.shape) for tensor in model.parameters()]
    whole = sum(map(_numbers, shapes))
    added = list(_adapters(model, base.lora)) if base.lora is not None else []
    taught = added if base.lora is not None else shapes
    heads = config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // heads
    names = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    return Sizes(
        parameters=whole + sum(map(_numbers, added)),
        trained=sum(map(_numbers, taught)),
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        keys=head * (getattr(config, "num_key_value_heads", None) or heads),
        inner=getattr(config, "intermediate_size", None) or getattr(config, "n_inner", None) or 4 * config.hidden_size,
        gated=bool(names & {"gate_proj", "gate_up_proj"}),
        vocabulary=config.vocab_size,
        positions=getattr(config, "max_position_embeddings", None),
        factored=sum(map(_factored, taught)),
    )


def _empty(config: Any, base: Base) -> PreTrainedModel:
    try:
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=base.trust_remote_code)
    except ValueError as error:
        raise BadRun(f"{base.base} is no model that continues texts: {error}") from error
    assert isinstance(model, PreTrainedModel)
    return model


def _adapters(model: PreTrainedModel, lora: Lora) -> Iterator[tuple[int, ...]]:
    """The shapes of LoRA's two matrices for each layer that it adapts, as peft chooses them."""
    head = model.get_output_embeddings()
    adapted = [module for name, module in model.named_modules() if _is_adapted(name, lora, head=module is head)]
    layers = [size for size in map(_linear, adapted) if size is not None]
    if not layers:
        raise BadRun(f"model.lora.targets names no linear layer of the model: {', '.join(lora.targets)}.")
    for inwards, outwards in layers:
        yield (lora.rank, inwards)
        yield (outwards, lora.rank)


def _is_adapted(name: str, lora: Lora, *, head: bool) -> bool:
    if not lora.targets:
        return not head
    return any(name == target or name.endswith(f".{target}") for target in lora.targets)


def _linear(module: nn.Module) -> tuple[int, int] | None:
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    return (module.nx, module.nf) if isinstance(module, Conv1D) else None


def _numbers(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()


def _factored(shape: tuple[int, ...]) -> int:
    """What Adafactor keeps of a tensor: a number a row and a column of each matrix (Shazeer and Stern 2018)."""
    if len(shape) < 2:
        return _numbers(shape)
    return _numbers(shape[:-2]) * (shape[-1] + shape[-2])
