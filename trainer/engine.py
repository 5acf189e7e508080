"""DeepSpeed, started from a run: which processes there are, how they share the model, one update. Knows no data.

Works under `deepspeed`, under `torchrun`, and as one plain process. Of what DeepSpeed offers, two things are not used:
its sums of gradients in bf16 (they are in fp32, at every stage), and its schedules (trainer/schedules.py).
"""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import deepspeed
import torch

from trainer.errors import BadRun, Diverged, TrainerError
from trainer.optimizers import choice, fragments
from trainer.optimizers.param_scale import ParamScale
from trainer.run import Offload, Optimization, Precision, Run, Sharding

NEVER = 10**12  # steps between DeepSpeed's own lines
PATIENCE = timedelta(hours=6)  # NCCL gives up after 10 minutes, in which the first process may still write tokens

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run. rank: this one's, of size; device: the one that it computes on."""

    rank: int
    size: int
    device: torch.device


def join() -> World:
    """Meet the other processes, which a launcher has named in the environment; without one there are none."""
    _quiet()
    os.environ.setdefault("LOCAL_RANK", "0")  # DeepSpeed looks for it even where there is one process
    device = _device(int(os.environ["LOCAL_RANK"]))
    backend = "nccl" if device.type == "cuda" else "gloo"
    if "RANK" in os.environ:
        torch.distributed.init_process_group(backend, timeout=PATIENCE)
    else:
        torch.distributed.init_process_group(backend, store=torch.distributed.HashStore(), rank=0, world_size=1)
    return World(torch.distributed.get_rank(), torch.distributed.get_world_size(), device)


def first_alone(world: World, work: Callable[[], Result]) -> Result | None:
    """What the first process makes of its work; None on the others, which wait until it has.

    A TrainerError there is raised everywhere, so that nobody waits for one who has left.
    """
    made: Result | None = None
    ended: list[TrainerError | None] = [None]
    if world.rank == 0:
        try:
            made = work()
        except TrainerError as error:
            ended = [error]
    if world.size > 1:
        torch.distributed.broadcast_object_list(ended, src=0)
    if ended[0] is not None:
        raise ended[0]
    return made


def leave() -> None:
    """Part from the other processes; whoever doesn't leaves warnings behind."""
    torch.distributed.destroy_process_group()


def check(run: Run, processes: int) -> None:
    """BadRun for what can't be trained by so many processes on this machine. Needs no model, and comes after the rules
    for what can't be declared at all (trainer/rules.py)."""
    accumulation(run.optimization, processes)
    choice.check(run.optimization.optimizer)


def accumulation(optimization: Optimization, processes: int) -> int:
    """Micro-steps of a step: batch / (micro_batch × processes). BadRun if that is no whole number."""
    at_once = optimization.micro_batch * processes
    if optimization.batch % at_once:
        below = optimization.batch // at_once * at_once
        fitting = f"{below} or {below + at_once}" if below else f"{at_once}"
        raise BadRun(
            f"A batch of {optimization.batch} rows can't be shared out: {processes} processes with a micro_batch of"
            f" {optimization.micro_batch} take {at_once} rows at a time. Set optimization.batch to {fitting}, or change"
            " optimization.micro_batch or the number of processes."
        )
    return optimization.batch // at_once


def configuration(run: Run, processes: int) -> dict[str, object]:
    """What DeepSpeed is told: https://www.deepspeed.ai/docs/config-json."""
    bf16 = run.model.precision is Precision.BF16
    return {
        "train_micro_batch_size_per_gpu": run.optimization.micro_batch,
        "gradient_accumulation_steps": accumulation(run.optimization, processes),
        "gradient_clipping": run.optimization.clip,
        "bf16": {"enabled": bf16},
        "data_types": {"grad_accum_dtype": "fp32"},
        "zero_optimization": _zero(run.sharding),
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,  # torch's and ours step on a CPU too
        "steps_per_print": NEVER,
    }


def start(module: torch.nn.Module, run: Run, world: World) -> deepspeed.DeepSpeedEngine:
    """The module under DeepSpeed, with the run's optimizer, ready for engine(…), engine.backward(loss), update(…).

    In bf16 the module is cast in place. BadRun as check() has it.
    """
    check(run, world.size)
    return launch(module, run, configuration(run, world.size))


def launch(module: torch.nn.Module, run: Run, configuration: dict[str, object]) -> deepspeed.DeepSpeedEngine:
    """start() with a configuration of one's own, for a test of what a run can't declare."""
    groups = choice.groups(module, run.optimization.weight_decay)
    optimizer = choice.build(run.optimization, groups)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its memory, whatever it is told
        engine, *_ = deepspeed.initialize(model=module, optimizer=optimizer, config=configuration)
    if isinstance(optimizer, ParamScale) and engine.zero_optimization_stage() > 0:
        optimizer.bind(fragments.of(engine), engine.device)
    return engine


def update(engine: deepspeed.DeepSpeedEngine, learning_rate: float) -> float | None:
    """End a micro-step. The last one of a step changes the weights and gives the gradient's global norm, before it is
    clipped; the others give None. Diverged if that is not finite: then nothing has changed."""
    if not engine.is_gradient_accumulation_boundary():
        engine.step()
        return None
    _prepare(engine.basic_optimizer, learning_rate)
    if engine.zero_optimization_stage() == 0:
        norm = _finite(_whole_norm(engine))
        engine.step()
        return norm
    engine.step()
    return _finite(float(engine.get_global_grad_norm()))


def _prepare(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    if isinstance(optimizer, ParamScale):
        optimizer.measure()


def _whole_norm(engine: deepspeed.DeepSpeedEngine) -> float:
    """At stage 0 DeepSpeed clips by the norm and forgets it; every process has the whole gradient."""
    gradients = [tensor.grad for tensor in engine.module.parameters() if tensor.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients))


def _finite(norm: float) -> float:
    if not 0 <= norm < float("inf"):
        raise Diverged(
            "The gradient's norm is no finite number: training has diverged, and the weights are those of the step"
            " before. Begin again with a lower learning rate, a longer warm-up or a lower clip."
        )
    return norm


def _zero(sharding: Sharding) -> dict[str, object]:
    zero: dict[str, object] = {"stage": sharding.stage}
    if sharding.offload is Offload.CPU:
        zero["offload_optimizer"] = {"device": "cpu"}
        if sharding.stage == 3:
            zero["offload_param"] = {"device": "cpu"}
    return zero


def _device(local_rank: int) -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)


def _quiet() -> None:
    """DeepSpeed tells its life at INFO, warns of every optimizer but its own and of its own use of torch, and on a CPU
    compiles for 46 s a way to sum that only its inference takes."""
    deepspeed.utils.logger.setLevel(logging.WARNING)
    deepspeed.utils.logger.addFilter(lambda record: "untested optimizer" not in record.getMessage())
    warnings.filterwarnings("ignore", "`torch.distributed.* is deprecated", FutureWarning)
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
