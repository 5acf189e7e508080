"""The learning rate of every step of a run. Pure arithmetic: knows no torch and no optimizer.

Steps count from 0. With a warm-up of W steps, step n < W has the rate peak · n / W, so that the first update is exactly
nothing (EasyLM, optax.warmup_cosine_decay_schedule). DeepSpeed's own WarmupLR is logarithmic unless told otherwise, and
has two updates of nothing even then, so it is not used.
"""

import math

from trainer.errors import BadRun
from trainer.run import Decay, Optimization

ROUNDING = 1e-9  # 0.07 × 100 is 7.000000000000001 to a computer


def learning_rate(optimization: Optimization, step: int, steps: int) -> float:
    """The rate of one step, 0 ≤ step < steps. BadRun if the decay would end before its warm-up does."""
    warmup = warmup_steps(optimization, steps)
    if step < warmup:
        return optimization.learning_rate * step / warmup
    return _after(optimization, step, warmup, steps)


def warmup_steps(optimization: Optimization, steps: int) -> int:
    """How many steps the warm-up takes; a share of the run is rounded up."""
    warmup = optimization.warmup
    if warmup.steps is not None:
        return warmup.steps
    return math.ceil((warmup.fraction or 0.0) * steps - ROUNDING)


def peak(optimization: Optimization, steps: int) -> float:
    """The highest rate that a run of so many steps really reaches; 0 for no steps."""
    turns = {0, min(warmup_steps(optimization, steps), steps - 1), steps - 1}  # between them it only rises or falls
    return max((learning_rate(optimization, step, steps) for step in turns if 0 <= step < steps), default=0.0)


def warning(optimization: Optimization, steps: int) -> str:
    """A sentence about a run that ends inside its warm-up, which trains at a lower rate than is declared; else ""."""
    warmup = warmup_steps(optimization, steps)
    if steps > warmup:
        return ""
    return (
        f"The run has {steps} steps and its warm-up {warmup}: the learning rate never gets past"
        f" {peak(optimization, steps):.1e} of the {optimization.learning_rate:.1e} that are declared, so that this run"
        " differs from longer ones by more than its data. Shorten the warm-up, or make it a fraction of the run."
    )


def _after(optimization: Optimization, step: int, warmup: int, steps: int) -> float:
    if optimization.decay is Decay.CONSTANT:
        return optimization.learning_rate
    end, fall = optimization.final_learning_rate, optimization.learning_rate - optimization.final_learning_rate
    done = _done(step, warmup, optimization.decay_steps or steps)
    if optimization.decay is Decay.LINEAR:
        return end + fall * (1 - done)
    return end + fall / 2 * (1 + math.cos(math.pi * done))


def _done(step: int, warmup: int, decay_steps: int) -> float:
    """The share of the decay that lies behind a step. decay_steps include the warm-up, as optax's do."""
    if decay_steps <= warmup:
        raise BadRun(
            f"decay_steps is {decay_steps}, but it includes the warm-up, which takes {warmup} steps: make it larger."
        )
    return min((step - warmup) / (decay_steps - warmup), 1.0)
