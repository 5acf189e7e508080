"""What tests/trainer/test_zero.py runs in one process, or in each of several: trainings at every stage of ZeRO, whose
weights are left in a file. `python -m tests.trainer.zero_process FILE`, or the same under torchrun."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import deepspeed
import peft
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from trainer import engine, errors
from trainer.optimizers import fragments
from trainer.optimizers.fragments import Fragment, Table
from trainer.run import Base, Data, Offload, Optimization, Optimizer, Precision, Run, Sharding

STEPS, BATCH, LENGTH, VOCABULARY = 20, 4, 11, 37
WARMUP = 4
Weights = dict[str, torch.Tensor]
Launch = Callable[[torch.nn.Module, Run, engine.World], deepspeed.DeepSpeedEngine]

RUN = Run(
    name="zero",
    out=Path("out"),
    data=Data(train=()),
    model=Base(base="none", precision=Precision.FP32),
    optimization=Optimization(batch=BATCH, micro_batch=1, weight_decay=0.01),
)


def sharded(stage: int, offload: Offload = Offload.NONE, precision: Precision = Precision.FP32) -> Run:
    return replace(RUN, sharding=Sharding(stage, offload), model=replace(RUN.model, precision=precision))


def network() -> torch.nn.Module:
    """Two layers whose sizes are primes, so that every partition begins and ends inside a tensor."""

    def layer() -> torch.nn.Module:
        norm, wide, narrow = torch.nn.LayerNorm(13), torch.nn.Linear(13, 29), torch.nn.Linear(29, 13)
        return torch.nn.Sequential(norm, wide, torch.nn.GELU(), narrow)

    torch.manual_seed(1)
    embedding, head = torch.nn.Embedding(VOCABULARY, 13), torch.nn.Linear(13, VOCABULARY)
    return torch.nn.Sequential(embedding, layer(), layer(), head)


def adapted() -> torch.nn.Module:
    """A LLaMA with adapters: most tensors are frozen, and half of the others are zero at first."""
    torch.manual_seed(1)
    shape = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=52,
        num_hidden_layers=2,
        num_attention_heads=2,
    )
    return peft.get_peft_model(LlamaForCausalLM(shape), peft.LoraConfig(r=4, target_modules="all-linear"))


def rows(step: int) -> torch.Tensor:
    return torch.randint(VOCABULARY, (BATCH, LENGTH), generator=torch.Generator().manual_seed(step))


def train(trained: deepspeed.DeepSpeedEngine, world: engine.World, steps: range) -> None:
    for step in steps:
        for row in rows(step)[world.rank :: world.size]:
            output = trained(row[None, :-1])
            logits = getattr(output, "logits", output)
            trained.backward(torch.nn.functional.cross_entropy(logits[0].float(), row[1:]))
            engine.update(trained, 2e-3 * min(step / WARMUP, 1.0))


def weights(trained: deepspeed.DeepSpeedEngine) -> Weights:
    named = [(name, tensor) for name, tensor in trained.module.named_parameters() if tensor.requires_grad]
    with deepspeed.zero.GatheredParameters([tensor for _, tensor in named]):
        return {name: tensor.detach().float().clone() for name, tensor in named}


def outcome(
    run: Run, world: engine.World, *, model: Callable[[], torch.nn.Module] = network, launch: Launch = engine.start
) -> Weights:
    trained = launch(model(), run, world)
    train(trained, world, range(STEPS))
    try:
        return weights(trained)
    finally:
        trained.destroy()


def flattened(module: torch.nn.Module, run: Run, world: engine.World) -> deepspeed.DeepSpeedEngine:
    """The mistake: the scale of whatever the optimizer is given, which under ZeRO is many tensors and a part of one."""
    trained = engine.start(module, run, world)
    flats = [group["params"][0] for group in trained.basic_optimizer.param_groups]
    pieces = {flat: (Fragment(index, 0, flat.numel()),) for index, flat in enumerate(flats)}
    table = Table(tuple(flat.numel() for flat in flats), pieces, shared=False)
    trained.basic_optimizer.bind(table, trained.device)
    return trained


def in_sub_groups(module: torch.nn.Module, run: Run, world: engine.World) -> deepspeed.DeepSpeedEngine:
    """Stage 3 as a large model has it: several sub-groups, and no small tensor that stays whole everywhere."""
    told = engine.configuration(run, world.size)
    zero = {"stage": 3, "sub_group_size": 211, "stage3_param_persistence_threshold": 0}
    return engine.launch(module, run, told | {"zero_optimization": zero})


def resumed(run: Run, world: engine.World, folder: Path) -> Weights:
    """Half the steps, a checkpoint, and the rest in a new engine."""
    first = engine.start(network(), run, world)
    train(first, world, range(STEPS // 2))
    first.save_checkpoint(str(folder), tag="half")
    first.destroy()
    second = engine.start(network(), run, world)
    second.load_checkpoint(str(folder), tag="half")
    train(second, world, range(STEPS // 2, STEPS))
    try:
        return weights(second)
    finally:
        second.destroy()


def diverged(run: Run, world: engine.World) -> tuple[str, Weights]:
    """A loss that is no number: what is said, and the weights after."""
    trained = engine.start(network(), run, world)
    said = ""
    try:
        for row in rows(0)[world.rank :: world.size]:
            trained.backward(trained(row[None]).sum() * float("nan"))
            engine.update(trained, 1e-3)
    except errors.Diverged as error:
        said = str(error)
    return said, weights(trained)


def misread(world: engine.World) -> str:
    """What is said of a table that lacks a fragment, as after a change of DeepSpeed's layout."""
    trained = engine.start(network(), sharded(1), world)
    table = fragments.of(trained)
    flat, (_, *rest) = next(iter(table.partitions.items()))
    try:
        fragments.check(replace(table, partitions={**table.partitions, flat: tuple(rest)}), trained.device)
    except errors.TrainerError as error:
        return str(error)
    return ""


def everything(world: engine.World, folder: Path) -> Iterator[tuple[str, object]]:
    for stage in range(4):
        run = sharded(stage)
        yield f"fp32 {stage}", outcome(run, world)
        yield f"lora {stage}", outcome(run, world, model=adapted)
        yield f"resumed fp32 {stage}", resumed(run, world, folder / f"fp32-{stage}")
        yield f"diverged {stage}", diverged(run, world)
    for stage in range(1, 4):
        half = sharded(stage, precision=Precision.BF16)
        yield f"bf16 {stage}", outcome(half, world)
        yield f"resumed bf16 {stage}", resumed(half, world, folder / f"bf16-{stage}")
        yield f"offload {stage}", outcome(sharded(stage, Offload.CPU), world)
    for kind, stages in ((Optimizer.PARAM_SCALE_CLASSIC, (0, 3)), (Optimizer.ADAMW, (0, 2))):
        chosen = replace(RUN.optimization, optimizer=kind)
        for stage in stages:
            run = replace(sharded(stage, Offload.CPU if stage else Offload.NONE), optimization=chosen)
            yield f"{kind} {stage}", outcome(run, world)
    for stage in (1, 2):
        yield f"flattened {stage}", outcome(sharded(stage), world, launch=flattened)
    yield "misread", misread(world)
    yield "sub-groups", outcome(sharded(3), world, launch=in_sub_groups)


def main(file: Path) -> None:
    world = engine.join()
    torch.set_num_threads(1)
    folder = [tempfile.mkdtemp(dir=file.parent)]
    torch.distributed.broadcast_object_list(folder)
    found = dict(everything(world, Path(folder[0])))
    if world.rank == 0:
        torch.save(found, file)
    engine.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
