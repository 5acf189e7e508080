"""An estimate in words and a table. Pure; what it tells was found out elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from trainer import memory, rules
from trainer.flops import TERA, Sizes
from trainer.memory import Memory
from trainer.plan import Amount, Plan
from trainer.run import Offload, Precision, Run
from trainer.sinks import duration

COLUMNS = ("weights", "gradients", "states", "activations", "buffers", "together", "on the host")
LESS = "gradient checkpointing, a higher stage on more devices, offload, LoRA or a smaller micro_batch take less"


@dataclass(frozen=True, slots=True)
class Estimate:
    """All that is known before a run. peak: operations a second of a device, of which `share` is reckoned with;
    free: bytes where the run's folder is; holds: bytes of this machine's GPU, None without one."""

    run: Run
    sizes: Sizes
    amount: Amount
    plan: Plan
    processes: int
    peak: float | None
    share: float
    free: int
    holds: int | None


def told(found: Estimate) -> str:
    """The estimate as text."""
    parts = (_model(found), _course(found), _memory(found), _disk(found))
    return "\n".join(line for part in parts for line in part)


def size(number: float) -> str:
    """Bytes in words."""
    if not number:
        return "–"
    return f"{number / 1e9:,.1f} GB" if number >= 1e8 else f"{number / 1e6:,.1f} MB"


def _model(found: Estimate) -> Iterator[str]:
    sizes, run = found.sizes, found.run
    trained = "all trained" if sizes.trained == sizes.parameters else f"{sizes.trained:,} trained"
    yield f"{run.name}: {run.model.base}"
    yield f"  model     {sizes.parameters:,} parameters, {trained}, {run.model.precision}"


def _course(found: Estimate) -> Iterator[str]:
    run, planned, have = found.run, found.plan.outline, found.amount
    about = "" if have.counted else "about "
    rows = f"{about}{have.rows:,} rows of {run.text.block:,}"
    yield f"  data      {about}{have.tokens:,} tokens in {about}{have.dialogues:,} dialogues, {rows}"
    steps = f"{about}{planned.steps:,} steps of {run.optimization.batch} rows"
    yield f"  course    {steps}, {about}{planned.tokens:,} tokens in all"
    warmup = f"{planned.warmup_steps:,} of {planned.steps:,} steps"
    yield f"  rate      {planned.rate:.2e} at its peak; warm-up {warmup}"
    if planned.warning:
        yield f"  warning   {planned.warning}"
    yield f"  time      {_speed(found)}"


def _speed(found: Estimate) -> str:
    seconds, peak = found.plan.seconds, found.peak
    if seconds is None or peak is None:
        return "unknown: name the device's speed as tracking.peak_tflops"
    many = f"{found.processes} × " if found.processes > 1 else ""
    reckoned = f"{many}{found.share:.0%} of {peak / TERA:,.2f} TFLOP/s"
    return f"{duration(seconds)}, with {found.plan.outline.tokens / max(seconds, 1e-9):,.0f} tokens/s, at {reckoned}"


def _memory(found: Estimate) -> Iterator[str]:
    many = "the process" if found.processes == 1 else f"each of {found.processes} processes"
    yield f"  memory    of {many}, without what CUDA itself takes; exact but for activations"
    yield f"    {'ZeRO':<10}{''.join(f'{name:>13}' for name in COLUMNS)}"
    for stage in stages(found.run):
        mark = " (this)" if stage == found.run.sharding.stage else ""
        parts = memory.needed(found.sizes, found.run, processes=found.processes, stage=stage)
        yield f"    {f'{stage}{mark}':<10}{''.join(f'{size(cell):>13}' for cell in _cells(parts))}"
    chosen = memory.needed(found.sizes, found.run, processes=found.processes)
    if found.holds is not None and chosen.device > found.holds:
        yield f"  warning   {size(chosen.device)} are more than the {size(found.holds)} of this machine's GPU: {LESS}"


def _cells(parts: Memory) -> tuple[float, ...]:
    states, passing = parts.masters + parts.moments, parts.activations + parts.logits
    return parts.weights, parts.gradients, states, passing, parts.buffers, parts.device, parts.host


def stages(run: Run) -> tuple[int, ...]:
    """The ZeRO stages that the run could have, all else left as it is."""
    if run.model.precision == Precision.BF16 or run.sharding.offload != Offload.NONE:
        return (1, 2, 3)
    return (0, 1, 2, 3) if not rules.needs_whole_tensors(run.optimization.optimizer) else (0,)


def _disk(found: Estimate) -> Iterator[str]:
    planned, keep = found.plan, found.run.course.keep
    yield (
        f"  disk      {size(planned.disk)} at most: {keep} + 1 checkpoints of {size(planned.checkpoint)}, the model,"
        f" the data; {size(found.free)} are free"
    )
    if planned.disk > found.free:
        yield "  warning   that does not fit: keep fewer checkpoints (course.keep), or name another folder as out"
