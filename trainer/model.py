"""Loads what is fine-tuned, and makes it fit the run. Knows no data, no optimizer and no process but its own."""

from typing import Any  # what transformers loads has no types of its own

import torch
from peft import LoraConfig, get_peft_model
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.pytorch_utils import Conv1D

from trainer.attention import NAME
from trainer.errors import BadRun
from trainer.run import Base, Precision, Run

DTYPES = {Precision.BF16: torch.bfloat16, Precision.FP32: torch.float32}
NOT_LOADED = (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError)  # what transformers raises


def tokenizer_of(base: Base) -> PreTrainedTokenizerBase:
    """The base's tokenizer, or the one that the run names. BadRun where there is none."""
    name = base.tokenizer or base.base
    try:
        return AutoTokenizer.from_pretrained(
            name, revision=base.revision or None, trust_remote_code=base.trust_remote_code
        )
    except NOT_LOADED as error:
        raise BadRun(f"No tokenizer can be loaded from {name}: {first_line(error)}") from None


def config_of(run: Run) -> Any:
    """The model's config with the run's dropout and positions. BadRun where it has fewer positions than a block."""
    base, block = run.model, run.text.block
    try:
        config = AutoConfig.from_pretrained(
            base.base, revision=base.revision or None, trust_remote_code=base.trust_remote_code
        )
    except NOT_LOADED as error:
        raise BadRun(f"No model can be loaded from {base.base}: {first_line(error)}") from None
    if base.dropout is not None:
        for name, value in vars(config).items():
            if name.endswith(("pdrop", "dropout")) and isinstance(value, int | float) and not isinstance(value, bool):
                setattr(config, name, base.dropout)
    positions = getattr(config, "max_position_embeddings", None)
    if isinstance(positions, int) and positions < block and not base.extend_positions:
        raise BadRun(
            f"{base.base} has {positions:,} positions, and text.block is {block:,}. Write block = {positions} in "
            "[text], or extend_positions = true in [model] to let them grow."
        )
    return config


def load(run: Run, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """The model on the CPU, in the run's precision, with as many positions and tokens as the run needs."""
    base, config = run.model, config_of(run)
    dtype = DTYPES[base.precision]
    torch.manual_seed(run.course.seed)
    try:
        if base.random:
            model = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=base.trust_remote_code)
        else:
            model = AutoModelForCausalLM.from_pretrained(
                base.base,
                config=config,
                revision=base.revision or None,
                dtype=dtype,
                trust_remote_code=base.trust_remote_code,
            )
    except NOT_LOADED as error:
        raise BadRun(f"{base.base} can't be loaded: {first_line(error)}") from None
    fit_tokens(model, tokenizer, base)
    fit_positions(model, run.text.block)
    model.config.use_cache = False
    return model


def fit_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, base: Base) -> None:
    """Give tokens that the run has added a row each, drawn around the mean of all. BadRun where it is another's.

    With more tokens than its model has rows it would fail in the middle.
    """
    rows, added = model.get_input_embeddings().num_embeddings, len(tokenizer.get_added_vocab())
    if len(tokenizer) <= rows:
        return
    if len(tokenizer) - added > rows:
        raise BadRun(
            f"The tokenizer of {base.tokenizer or base.base} has {len(tokenizer):,} tokens, and the model {rows:,}: "
            "it belongs to another model. Name the right one as model.tokenizer."
        )
    model.resize_token_embeddings(len(tokenizer))


def fit_positions(model: PreTrainedModel, block: int) -> None:
    """Let positions that end before the block go on. Learned ones go on as copies (Beltagy et al. 2020)."""
    config = model.config
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions >= block:
        return
    learned = getattr(model.base_model, "wpe", None)
    if isinstance(learned, nn.Embedding):
        again = torch.arange(block) % positions
        model.base_model.wpe = nn.Embedding.from_pretrained(learned.weight.detach()[again].clone(), freeze=False)
    elif not hasattr(config, "rope_parameters"):
        raise BadRun(f"The positions of a {config.model_type} can't be extended: write block = {positions} in [text].")
    config.max_position_embeddings = block


def adapted(model: PreTrainedModel, base: Base) -> nn.Module:
    """The model with LoRA's adapters as the only thing that learns, where the run wants them; else as it is."""
    if base.lora is None:
        return model
    lora = base.lora
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or "all-linear",
        task_type="CAUSAL_LM",
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in model.modules()),  # GPT-2's are transposed
    )
    try:
        return get_peft_model(model, config, autocast_adapter_dtype=False)
    except ValueError as error:
        raise BadRun(f"LoRA finds nothing to adapt: {first_line(error)}") from None


def prepared(run: Run, tokenizer: PreTrainedTokenizerBase) -> nn.Module:
    """The model as it is trained."""
    model = load(run, tokenizer)
    if run.model.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
    try:
        model.set_attn_implementation(NAME if run.model.attention == "auto" else run.model.attention)
    except (ImportError, ValueError) as error:
        wanted = f'model.attention = "{run.model.attention}"'
        raise BadRun(f'{wanted} can\'t be had: {first_line(error)} Write "auto" or "sdpa".') from None
    return adapted(model, run.model)


def first_line(error: Exception) -> str:
    """What a library says, as far as one sentence goes; all of it where that only begins a list."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return " ".join(" ".join(lines).split()) if lines[0].rstrip().endswith(":") else lines[0]
