"""What a run may declare: the range of each key, and what keys say together. Pure; knows neither files nor models."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path

from trainer.folder import MODEL
from trainer.run import Decay, Format, Markers, Offload, Optimizer, Precision, Run

ATTENTION = ("auto", "sdpa", "flash_attention_2")
LEARNING_RATES = {Optimizer.PARAM_SCALE: 2e-3, Optimizer.PARAM_SCALE_CLASSIC: 2e-3}  # relative to a tensor's size
FINE_TUNING_RATE = 2e-5
LORA_RATE = 2e-4


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a key (dotted, as in `optimization.batch`), in words that say what to do."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from least to most; `above` and `below` leave the end itself out."""

    least: float
    most: float = inf
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """Whether a number lies in it; inf and nan never do."""
        low = value > self.least if self.above else value >= self.least
        high = value < self.most if self.below else value <= self.most
        return isfinite(value) and low and high

    def __str__(self) -> str:
        low = f"above {self.least:.12g}" if self.above else f"{self.least:.12g} or more"
        if self.most == inf:
            return low
        return f"{low}, and {'below' if self.below else 'at most'} {self.most:.12g}"


NATURAL, COUNT, POSITIVE = Range(1), Range(0), Range(0, above=True)
SHARE, BELOW_ONE = Range(0, 1), Range(0, 1, below=True)

RANGES = {
    "data.evaluation_share": BELOW_ONE,
    "data.pretraining.weight": Range(0, 1, above=True, below=True),
    "model.dropout": BELOW_ONE,
    "model.lora.rank": NATURAL,
    "model.lora.alpha": POSITIVE,
    "model.lora.dropout": BELOW_ONE,
    "text.block": Range(2),
    "optimization.learning_rate": POSITIVE,
    "optimization.final_learning_rate": COUNT,
    "optimization.warmup.steps": COUNT,
    "optimization.warmup.fraction": SHARE,
    "optimization.decay_steps": NATURAL,
    "optimization.betas": BELOW_ONE,
    "optimization.weight_decay": COUNT,
    "optimization.clip": COUNT,
    "optimization.batch": NATURAL,
    "optimization.micro_batch": NATURAL,
    "course.epochs": NATURAL,
    "course.steps": NATURAL,
    "course.seed": Range(0, 2**32 - 1),
    "course.save_every": COUNT,
    "course.evaluate_every": COUNT,
    "course.log_every": NATURAL,
    "course.keep": NATURAL,
    "sharding.stage": Range(0, 3),
    "tracking.peak_tflops": POSITIVE,
}


def learning_rate(optimizer: Optimizer, *, lora: bool) -> float:
    """The learning rate of a run that names none: the paper's where updates are scaled by a tensor's size, else what
    is usual for full fine-tuning, or for LoRA."""
    return LEARNING_RATES.get(optimizer, LORA_RATE if lora else FINE_TUNING_RATE)


def needs_whole_tensors(optimizer: Optimizer) -> bool:
    """Whether its states follow the rows and columns of a tensor, which ZeRO flattens and cuts."""
    return optimizer == Optimizer.ADAFACTOR


def problems(run: Run) -> list[Problem]:
    """What a run's keys say together that can't be; empty for a run that can begin."""
    rules: tuple[Callable[[Run], Iterator[Problem]], ...] = (_names, _data, _text, _course, _sharding, _lora)
    return [problem for rule in rules for problem in rule(run)]


def _names(run: Run) -> Iterator[Problem]:
    if not run.name.strip() or len(run.name.splitlines()) > 1:
        yield Problem("name", "is blank or longer than a line; give the run a name to find it by")
    if not run.model.base.strip():
        yield Problem("model.base", "is blank; name a model's folder, or a model on the hub")
    if Path(run.model.base) in (run.out, run.out / MODEL):
        yield Problem("out", "is the folder of model.base; name another one, so that the base stays as it is")
    if run.model.attention not in ATTENTION:
        yield Problem("model.attention", f"is none of {', '.join(ATTENTION)}")


def _data(run: Run) -> Iterator[Problem]:
    data = run.data
    if not data.train:
        yield Problem("data.train", "names no file; name the dialogues to train on")
    if data.pretraining is not None and not data.pretraining.files:
        yield Problem("data.pretraining.files", "names no file; name text to mix in, or leave the table out")
    if data.evaluation and data.evaluation_share:
        yield Problem("data.evaluation_share", "stands beside data.evaluation; keep one of the two")
    if run.course.evaluate_every and not data.evaluation and not data.evaluation_share:
        yield Problem("course.evaluate_every", "has nothing to evaluate on; name data.evaluation or evaluation_share")
    for path, count in Counter(_files(run)).items():
        if count > 1:
            yield Problem("data", f"names {path} more than once; what is in it would be seen as often")


def _files(run: Run) -> tuple[Path, ...]:
    mixed_in = run.data.pretraining.files if run.data.pretraining else ()
    return run.data.train + run.data.evaluation + mixed_in


def _text(run: Run) -> Iterator[Problem]:
    text = run.text
    if text.format == Format.KOALA and text.chat_template is not None:
        yield Problem("text.chat_template", 'is used with format = "chat" alone; set that, or leave it out')
    if text.format == Format.CHAT and text.markers == Markers.TOKENS:
        yield Problem("text.markers", 'belongs to format = "koala"; a chat template has markers of its own')
    if text.format == Format.CHAT and text.extra_eos:
        yield Problem("text.extra_eos", 'belongs to format = "koala"; a chat template ends its texts itself')


def _course(run: Run) -> Iterator[Problem]:
    chosen = run.optimization
    warmup = chosen.warmup
    if (warmup.steps is None) == (warmup.fraction is None):
        yield Problem("optimization.warmup", "takes one of steps and fraction: { steps = 1000 } or { fraction = 0.03 }")
    if chosen.batch % chosen.micro_batch:
        words = (
            f"is {chosen.batch}, no multiple of micro_batch ({chosen.micro_batch}); a step must be whole micro-batches"
        )
        yield Problem("optimization.batch", words)
    if chosen.final_learning_rate > chosen.learning_rate:
        yield Problem("optimization.final_learning_rate", f"is above learning_rate ({chosen.learning_rate:g})")
    if chosen.decay == Decay.CONSTANT and (chosen.decay_steps is not None or chosen.final_learning_rate):
        yield Problem(
            "optimization.decay", 'is "constant", which ends nowhere: leave out decay_steps and final_learning_rate'
        )
    if chosen.decay_steps is not None and chosen.decay_steps <= (warmup.steps or 0):
        yield Problem(
            "optimization.decay_steps", f"includes the warm-up's {warmup.steps} steps; make it more than those"
        )


def _sharding(run: Run) -> Iterator[Problem]:
    chosen, stage = run.optimization.optimizer, run.sharding.stage
    if needs_whole_tensors(chosen) and stage > 0:
        words = f"needs whole tensors, and ZeRO {stage} cuts them; choose param_scale, or sharding.stage = 0 with fp32"
        yield Problem("optimization.optimizer", f"{chosen} {words}")
    if chosen == Optimizer.ADAMW_8BIT and run.sharding.offload != Offload.NONE:
        yield Problem("optimization.optimizer", f"{chosen} works on a GPU alone; choose adamw, or offload nothing")
    if run.model.precision == Precision.BF16 and stage == 0:
        words = (
            "keeps no fp32 masters beside bf16 weights, and its losses differ; set 1, 2 or 3 (one process may), or fp32"
        )
        yield Problem("sharding.stage", f"0 {words}")
    if run.sharding.offload != Offload.NONE and stage == 0:
        yield Problem("sharding.offload", "needs ZeRO; set sharding.stage to 1, 2 or 3")


def _lora(run: Run) -> Iterator[Problem]:
    if run.model.lora is None:
        return
    if run.model.extend_positions:
        yield Problem(
            "model.extend_positions", "draws new positions, which LoRA would not train; choose one of the two"
        )
    if run.text.markers == Markers.TOKENS:
        yield Problem("text.markers", 'is "tokens", whose new rows LoRA would not train; choose "text", or no LoRA')
