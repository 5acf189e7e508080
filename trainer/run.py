"""What a RUN.toml declares, as frozen values with the paper's numbers named. Reads no file and knows no torch.

“the paper” is Gudibande et al. 2023 (arXiv:2305.15717); where it is silent, EasyLM, which it trained with, speaks.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

PAPER_BLOCK = 2048  # tokens, appendix A
PAPER_BATCH = 32  # blocks
PAPER_LEARNING_RATE = 2e-3
PAPER_WARMUP_STEPS = 1000
EASYLM_CLIP = 1.0  # of the global norm
EASYLM_WEIGHT_DECAY = 1e-4
EASYLM_BETAS = (0.9, 0.95)


class Format(StrEnum):
    """How a dialogue becomes text: the paper's words (Koala's), or a chat template."""

    KOALA = "koala"
    CHAT = "chat"


class Markers(StrEnum):
    """Whether BEGINNING OF CONVERSATION:, USER: and GPT: are plain text, as in EasyLM, or tokens of their own."""

    TEXT = "text"
    TOKENS = "tokens"


class Packing(StrEnum):
    """How dialogues fill blocks. concat: the paper's, one endless text, cut. bfd, bfd_split: best fit decreasing,
    nothing seen across dialogues; a longer one is parted between turns, or wherever a block ends. none: one a row."""

    CONCAT = "concat"
    BFD = "bfd"
    BFD_SPLIT = "bfd_split"
    NONE = "none"


class Loss(StrEnum):
    """row_mean: the paper's, every block weighs the same. token_mean: every supervised token of a batch does."""

    ROW_MEAN = "row_mean"
    TOKEN_MEAN = "token_mean"


class Optimizer(StrEnum):
    """param_scale: the paper's “AdamW with gradients re-scaled by the magnitude of each weight”."""

    PARAM_SCALE = "param_scale"
    PARAM_SCALE_CLASSIC = "param_scale_classic"
    ADAMW = "adamw"
    ADAMW_8BIT = "adamw_8bit"
    ADAFACTOR = "adafactor"


class Decay(StrEnum):
    """What the learning rate does after its warm-up."""

    CONSTANT = "constant"
    COSINE = "cosine"
    LINEAR = "linear"


class Precision(StrEnum):
    """The numbers that a model computes in; masters and moments are fp32 always."""

    BF16 = "bf16"
    FP32 = "fp32"


class Offload(StrEnum):
    """Where optimizer states (and at stage 3 parameters) lie."""

    NONE = "none"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Pretraining:
    """Text of the base model's kind that is mixed in against forgetting: files with a `text` a line, and its share of
    all blocks, above 0 and below 1."""

    files: tuple[Path, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Data:
    """train, evaluation: files of dialogues as `assay data` writes them. evaluation_share: of train's dialogues that
    are kept for the evaluation loss, where no file is named. manifest: of the mixture; beside the first file if None.
    """

    train: tuple[Path, ...]
    evaluation: tuple[Path, ...] = ()
    evaluation_share: float = 0.0
    manifest: Path | None = None
    pretraining: Pretraining | None = None


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters in place of full fine-tuning (peft). targets: module names; empty: all linear layers."""

    rank: int = 8
    alpha: float = 16.0
    dropout: float = 0.0
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Base:
    """What is fine-tuned. base: a folder, or a name on the hub. random: only its config is read and weights are drawn.

    attention: auto (ours where the model takes it), sdpa or flash_attention_2. extend_positions: let positions grow to
    the block. dropout: every one of the model's; None leaves them as its config says.
    """

    base: str
    revision: str = ""
    tokenizer: str = ""
    random: bool = False
    precision: Precision = Precision.BF16
    attention: str = "auto"
    gradient_checkpointing: bool = False
    dropout: float | None = 0.0
    extend_positions: bool = False
    trust_remote_code: bool = False
    lora: Lora | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """block: tokens of a row. chat_template: a Jinja file; the tokenizer's own if None. extra_eos: EasyLM's second EOS
    at the end of a conversation."""

    format: Format = Format.KOALA
    markers: Markers = Markers.TEXT
    chat_template: Path | None = None
    extra_eos: bool = False
    block: int = PAPER_BLOCK
    packing: Packing = Packing.BFD


@dataclass(frozen=True, slots=True)
class Warmup:
    """From 0 to the learning rate, in so many steps or in a share of the run; one of the two."""

    steps: int | None = None
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Optimization:
    """batch: rows a step, over all processes. micro_batch: rows at one time in one process. clip: of the global norm, 0
    for none. decay_steps: of the schedule, warm-up included; the run's own if None. final_learning_rate: at its end.
    """

    optimizer: Optimizer = Optimizer.PARAM_SCALE
    learning_rate: float = PAPER_LEARNING_RATE
    final_learning_rate: float = 0.0
    warmup: Warmup = Warmup(fraction=0.03)
    decay: Decay = Decay.CONSTANT
    decay_steps: int | None = None
    betas: tuple[float, float] = EASYLM_BETAS
    weight_decay: float = EASYLM_WEIGHT_DECAY
    clip: float = EASYLM_CLIP
    batch: int = PAPER_BATCH
    micro_batch: int = 1
    loss: Loss = Loss.ROW_MEAN


@dataclass(frozen=True, slots=True)
class Course:
    """epochs: of the imitation data; steps: end there whatever epochs say. *_every: steps, 0 for never (saving at the
    end always happens). keep: checkpoints to resume from. shuffle: the order of blocks, from seed."""

    epochs: int = 1
    steps: int | None = None
    seed: int = 0
    shuffle: bool = True
    save_every: int = 100
    evaluate_every: int = 0
    log_every: int = 1
    keep: int = 2


@dataclass(frozen=True, slots=True)
class Sharding:
    """DeepSpeed's ZeRO. stage 0: everything whole on every process; 1, 2, 3: states, gradients, parameters too are."""

    stage: int = 2
    offload: Offload = Offload.NONE


@dataclass(frozen=True, slots=True)
class Tracking:
    """Beside metrics.jsonl. wandb: a project's name, empty for none. peak_tflops: of a device that is unknown here."""

    tensorboard: bool = False
    wandb: str = ""
    peak_tflops: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A training run, whole. out: the folder that everything is written to."""

    name: str
    out: Path
    data: Data
    model: Base
    text: Text = field(default_factory=Text)
    optimization: Optimization = field(default_factory=Optimization)
    course: Course = field(default_factory=Course)
    sharding: Sharding = field(default_factory=Sharding)
    tracking: Tracking = field(default_factory=Tracking)
