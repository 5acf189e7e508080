"""The trained model as a folder that transformers and vLLM read: safetensors, tokenizer, the template it was taught in.

Written beside its place and then moved there: who sees `model/` sees a whole one.
"""

import copy
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import deepspeed
import torch
from peft import PeftModel, get_peft_model
from torch import Tensor, distributed, nn
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from trainer.errors import DiskFull
from trainer.folder import MODEL, write_json
from trainer.learner import Learner

PART = ".part"
ORIGIN = "assay.json"


def export(
    learner: Learner,
    tokenizer: PreTrainedTokenizerBase,
    out: Path,
    *,
    template: str,
    end: int | None,
    origin: Mapping[str, object],
) -> Path | None:
    """Write it; its folder, on the first process, which alone writes. Everybody has to call.

    template: Jinja, by which a server writes what the model was taught to read. end: the token that ends an answer.
    origin: what it was made from.
    Raises DiskFull where there is no room. What is exported was saved before, so its weights are numbers.
    """
    states = gathered(learner.model)
    if states is None:
        return None
    part, last = out / (MODEL + PART), out / MODEL
    shutil.rmtree(part, ignore_errors=True)
    try:
        write(learner, states, tokenizer, part, template, end)
        write_json(part / ORIGIN, origin)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise DiskFull(
            f"The trained model could not be written to {last}: {error.strerror or error}. Its last checkpoint is "
            "whole: make room, and the same call writes it."
        ) from None
    shutil.rmtree(last, ignore_errors=True)
    os.replace(part, last)
    return last


def write(
    learner: Learner,
    states: dict[str, Tensor],
    tokenizer: PreTrainedTokenizerBase,
    part: Path,
    template: str,
    end: int | None,
) -> None:
    """The files. LoRA's adapters are merged into the weights, and kept beside them, too."""
    model = learner.model
    if isinstance(model, PeftModel):
        model.save_pretrained(part / "adapter", state_dict=states, selected_adapters=["default"])
        whole: PreTrainedModel = merged(model, states)
        states = whole.state_dict()
    else:
        assert isinstance(model, PreTrainedModel)
        whole = model
    whole.config.use_cache = True
    attention = whole.config._attn_implementation
    whole.set_attn_implementation("eager")  # ours is no attention that another program could know
    whole.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id if end is None else end,
        pad_token_id=tokenizer.pad_token_id,
    )
    whole.save_pretrained(part, state_dict=states)
    whole.set_attn_implementation(attention)
    whole.config.use_cache = False
    tokenizer.chat_template = template
    tokenizer.save_pretrained(part)


def merged(model: PeftModel, states: Mapping[str, Tensor]) -> PreTrainedModel:
    """The base model with what its adapters have learned; another one, since DeepSpeed holds parts of this."""
    inner = model.get_base_model()
    with torch.device("meta"):  # no memory but for what is assigned
        fresh = get_peft_model(type(inner)(copy.deepcopy(inner.config)), model.peft_config["default"])
    fresh.load_state_dict(dict(states), strict=False, assign=True)
    whole = fresh.merge_and_unload()
    assert isinstance(whole, PreTrainedModel)
    return whole


def gathered(model: nn.Module) -> dict[str, Tensor] | None:
    """Every tensor whole, on the CPU; on the first process alone. ZeRO-3's are put together one after another."""
    first = distributed.get_rank() == 0
    named = {**dict(model.named_parameters(remove_duplicate=False)), **saved_buffers(model)}
    copies: dict[int, Tensor] = {}
    for tensor in {id(one): one for one in named.values()}.values():  # tied ones once, on every process alike
        with deepspeed.zero.GatheredParameters([tensor], enabled=hasattr(tensor, "ds_id")):
            if first:
                copies[id(tensor)] = tensor.detach().to("cpu", copy=True)
    return {name: copies[id(tensor)] for name, tensor in named.items()} if first else None


def saved_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Buffers that belong into a file of weights."""
    kept = set(model.state_dict().keys())
    return {name: buffer for name, buffer in model.named_buffers() if name in kept}
