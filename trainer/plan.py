"""What a run will take, before it begins: steps, time, disk. Pure arithmetic; the sizes come from elsewhere."""

from dataclasses import dataclass
from math import ceil

from trainer import flops, memory, schedules
from trainer.flops import Sizes
from trainer.memory import BYTES, FULL
from trainer.run import Packing, Run

GPU_SHARE = 0.4  # of a GPU's peak, and of the products that a CPU was seen to make: what training is reckoned with
CPU_SHARE = 0.5
STORED = 5  # bytes of a token in the run's folder: its number, and whether it is taught


@dataclass(frozen=True, slots=True)
class Amount:
    """What there is to train on. tokens: with roles and template; dialogues: all; rows: of an epoch.

    counted: by reading all of it; else from a sample.
    """

    tokens: int
    dialogues: int
    rows: int
    counted: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """steps: updates of the weights; tokens: seen in all of them; rate: the highest learning rate that is reached;
    warning: where that is not the one that is declared."""

    steps: int
    tokens: int
    warmup_steps: int
    rate: float
    warning: str


@dataclass(frozen=True, slots=True)
class Plan:
    """seconds: of training, None where the device is unknown; checkpoint: one; disk: all at once; both in bytes."""

    outline: Outline
    seconds: float | None
    checkpoint: float
    disk: float


def amount(run: Run, lengths: list[int], *, times: float = 1.0) -> Amount:
    """From the lengths, in tokens, of dialogues that stand for `times` as many. Rows of best fit are taken as full."""
    kept = times * (1 - run.data.evaluation_share)
    tokens, block = sum(lengths) * kept, run.text.block
    rows = ceil(tokens / block)
    if run.text.packing == Packing.CONCAT:
        rows = int(max(tokens - 1, 0) // block)  # the rest is no whole block, and its last token needs a next one
    elif run.text.packing == Packing.NONE:
        rows = ceil(sum(ceil(length / block) for length in lengths) * kept)
    mixed_in = run.data.pretraining.weight if run.data.pretraining else 0.0
    return Amount(round(tokens), round(len(lengths) * kept), ceil(rows / (1 - mixed_in)), times == 1)


def outline(run: Run, found: Amount) -> Outline:
    """The course of a run over such an amount."""
    chosen = run.optimization
    an_epoch = ceil(found.rows / chosen.batch)
    steps = run.course.steps or run.course.epochs * an_epoch
    tokens = ceil(steps / max(an_epoch, 1) * _seen(run, found))
    warmup, warning = schedules.warmup_steps(chosen, steps), schedules.warning(chosen, steps)
    return Outline(steps, tokens, warmup, schedules.peak(chosen, steps), warning)


def plan(run: Run, sizes: Sizes, found: Amount, *, peak: float | None, share: float, processes: int = 1) -> Plan:
    """The plan of a run. peak: operations a second of one device, of which `share` is reached."""
    course = outline(run, found)
    time = None if peak is None else seconds(run, sizes, course.tokens, peak * share * processes)
    return Plan(course, time, checkpoint(run, sizes), disk(run, sizes, course.tokens))


def seconds(run: Run, sizes: Sizes, tokens: int, rate: float) -> float:
    """At `rate` operations a second; with gradient checkpointing the forward pass, a third of all, runs twice."""
    again = 4 / 3 if run.model.gradient_checkpointing else 1.0
    return tokens * flops.per_token(sizes, run.text.block) * again / rate


def checkpoint(run: Run, sizes: Sizes) -> float:
    """Bytes of what a run goes on from: weights, masters and moments of all processes."""
    masters = FULL * sizes.trained if run.sharding.stage else 0
    return BYTES[run.model.precision] * sizes.parameters + masters + memory.moments(sizes, run.optimization.optimizer)


def disk(run: Run, sizes: Sizes, tokens: int) -> float:
    """Bytes at the worst moment: the checkpoints that are kept with the next one, the model, the data as tokens."""
    model = BYTES[run.model.precision] * sizes.parameters
    return (run.course.keep + 1) * checkpoint(run, sizes) + model + STORED * tokens


def _seen(run: Run, found: Amount) -> float:
    """Tokens of an epoch, with pretraining text, whose rows are full."""
    if run.data.pretraining is None:
        return found.tokens
    return found.tokens + found.rows * run.data.pretraining.weight * run.text.block
