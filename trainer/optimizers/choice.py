"""The optimizer that a run declares, over the model's tensors. Knows no ZeRO."""

import importlib
import importlib.util

import torch

from trainer.errors import BadRun
from trainer.optimizers import updates
from trainer.optimizers.param_scale import ParamScale
from trainer.run import Optimization, Optimizer

Groups = list[dict[str, object]]

EPSILON = 1e-8


def check(optimizer: Optimizer) -> None:
    """BadRun for an optimizer that can't run on this machine."""
    if optimizer is not Optimizer.ADAMW_8BIT:
        return
    if not torch.cuda.is_available():
        raise BadRun('optimizer = "adamw_8bit" needs a GPU, and there is none here: choose "adamw".')
    if importlib.util.find_spec("bitsandbytes") is None:
        raise BadRun('optimizer = "adamw_8bit" needs bitsandbytes: pip install bitsandbytes, or choose "adamw".')


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
    match optimization.optimizer:
        case Optimizer.PARAM_SCALE:
            return ParamScale(groups, update=updates.paper, lr=0.0, betas=betas)
        case Optimizer.PARAM_SCALE_CLASSIC:
            return ParamScale(groups, update=updates.classic, lr=0.0, betas=betas)
        case Optimizer.ADAMW:
            return torch.optim.AdamW(groups, lr=0.0, betas=betas, eps=EPSILON, fused=True)
        case Optimizer.ADAFACTOR:
            return torch.optim.Adafactor(groups, lr=0.0)
        case Optimizer.ADAMW_8BIT:
            return importlib.import_module("bitsandbytes").optim.AdamW8bit(groups, lr=0.0, betas=betas, eps=EPSILON)


def _spared(module: torch.nn.Module) -> set[torch.Tensor]:
    norms = [part for part in module.modules() if isinstance(part, torch.nn.LayerNorm)]
    if not norms:
        return set()
    biases = {tensor for name, tensor in module.named_parameters() if name.rpartition(".")[2] == "bias"}
    return biases.union(*(norm.parameters() for norm in norms))
