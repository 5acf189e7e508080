"""The optimizer that a run declares, over the model's tensors. Knows no ZeRO but what each of them can't do under it."""

import importlib
import importlib.util
from functools import partial

import torch

from trainer.errors import BadRun
from trainer.optimizers import updates
from trainer.optimizers.param_scale import ParamScale
from trainer.run import Offload, Optimization, Optimizer, Sharding

Groups = list[dict[str, object]]

EPSILON = 1e-8


def check(optimizer: Optimizer, sharding: Sharding) -> None:
    """BadRun for an optimizer that would be wrong under this sharding, or that can't run here."""
    if optimizer is Optimizer.ADAFACTOR and sharding.stage > 0:
        raise BadRun(
            f"Adafactor needs rows and columns of whole tensors, which ZeRO stage {sharding.stage} flattens and cuts."
            ' Set sharding.stage = 0 (and model.precision = "fp32"), or choose optimizer = "param_scale", which is'
            " Adafactor without the factors."
        )
    if optimizer is Optimizer.ADAMW_8BIT:
        _check_8bit(sharding)


def groups(module: torch.nn.Module, weight_decay: float) -> Groups:
    """Tensors to train, with the weight decay of each. EasyLM's rules: everything decays, norms included (LLaMA), but
    in models with layer norms and biases, as GPT's, these don't (it has GPT-J; GPT-2 was not released)."""
    spared = _spared(module)
    trained = [tensor for tensor in module.parameters() if tensor.requires_grad]
    decaying = [tensor for tensor in trained if tensor not in spared]
    others = [tensor for tensor in trained if tensor in spared]
    both = ((decaying, weight_decay), (others, 0.0))
    return [{"params": tensors, "weight_decay": decay} for tensors, decay in both if tensors]


def build(optimization: Optimization, groups: Groups) -> torch.optim.Optimizer:
    """The optimizer over these groups, at rate 0 until the training loop sets one. check() comes before."""
    betas = optimization.betas
    adamw = partial(torch.optim.AdamW, groups, lr=0.0, betas=betas, eps=EPSILON)
    match optimization.optimizer:
        case Optimizer.PARAM_SCALE:
            return ParamScale(groups, update=updates.paper, lr=0.0, betas=betas)
        case Optimizer.PARAM_SCALE_CLASSIC:
            return ParamScale(groups, update=updates.classic, lr=0.0, betas=betas)
        case Optimizer.ADAMW:
            return adamw(fused=True)
        case Optimizer.ADAFACTOR:
            return torch.optim.Adafactor(groups, lr=0.0)
        case Optimizer.ADAMW_8BIT:
            return importlib.import_module("bitsandbytes").optim.AdamW8bit(groups, lr=0.0, betas=betas, eps=EPSILON)


def _check_8bit(sharding: Sharding) -> None:
    if importlib.util.find_spec("bitsandbytes") is None:
        raise BadRun('optimizer = "adamw_8bit" needs bitsandbytes: pip install bitsandbytes, or choose "adamw".')
    if not torch.cuda.is_available():
        raise BadRun('optimizer = "adamw_8bit" needs a GPU, and there is none here: choose "adamw".')
    if sharding.offload is Offload.CPU:
        raise BadRun('optimizer = "adamw_8bit" works on a GPU only: choose "adamw", or sharding.offload = "none".')


def _spared(module: torch.nn.Module) -> set[torch.Tensor]:
    norms = [part for part in module.modules() if isinstance(part, torch.nn.LayerNorm)]
    if not norms:
        return set()
    biases = {tensor for name, tensor in module.named_parameters() if name.rpartition(".")[2] == "bias"}
    return biases.union(*(norm.parameters() for norm in norms))
