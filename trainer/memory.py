"""The memory that a process needs, from a model's sizes and a run. Pure arithmetic.

What lies in memory all the time is exact: it was held to DeepSpeed 0.19.8's own tensors (tests/trainer/test_memory.py).
Activations were held to what PyTorch 2.13 keeps for the backward pass of transformers' LLaMA and GPT-2, to 1 %; other
families, kernels and what an allocator leaves unused make them a guess. What a CUDA context takes comes on top.
"""

from dataclasses import dataclass, replace

from trainer.flops import Sizes
from trainer.run import Offload, Optimizer, Precision, Run

BYTES = {Precision.BF16: 2, Precision.FP32: 4}
FULL = 4  # bytes of masters, gradients that are summed, and each moment: fp32
EIGHT_BIT = 1 + 4 / 256  # a byte, and a scale for each block of 256 (Dettmers et al. 2022)
BUCKET = 500_000_000  # numbers that DeepSpeed reduces at once, unless told otherwise
GATHERED = 1_000_000_000  # numbers that ZeRO 3 gathers at most, unless told otherwise
LOGITS = 128 * 2**20  # bytes of fp32 logits that the loss makes at one time (loss.CHUNK_BYTES), and their gradient


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one process. host: in the machine's memory; all else lies on the device that computes."""

    weights: float
    masters: float
    gradients: float
    moments: float
    buffers: float
    activations: float
    logits: float
    host: float = 0.0

    @property
    def device(self) -> float:
        """All of it together, at the worst moment of a step."""
        parts = (self.weights, self.masters, self.gradients, self.moments)
        return sum(parts) + self.buffers + self.activations + self.logits


def needed(sizes: Sizes, run: Run, *, processes: int = 1, stage: int | None = None) -> Memory:
    """What a process needs at the run's ZeRO stage, or another one. processes: that share the model, 1 or more."""
    chosen = run.sharding.stage if stage is None else stage
    width = BYTES[run.model.precision]
    whole = Memory(
        weights=width * sizes.parameters / (processes if chosen == 3 else 1),
        masters=FULL * sizes.trained / processes if chosen else 0,
        gradients=_gradients(sizes.trained, run.model.precision, chosen, processes),
        moments=moments(sizes, run.optimization.optimizer) / (processes if chosen else 1),
        buffers=_buffers(sizes, width, chosen, run.model.precision, processes),
        activations=activations(sizes, run),
        logits=min(LOGITS, FULL * sizes.vocabulary * run.text.block * run.optimization.micro_batch) * 3,
    )
    return _offloaded(whole, sizes, width, chosen) if chosen and run.sharding.offload == Offload.CPU else whole


def moments(sizes: Sizes, optimizer: Optimizer) -> float:
    """Bytes of an optimizer's states, of all processes together."""
    if optimizer == Optimizer.ADAFACTOR:
        return FULL * sizes.factored
    return sizes.trained * 2 * (EIGHT_BIT if optimizer == Optimizer.ADAMW_8BIT else FULL)


def activations(sizes: Sizes, run: Run) -> float:
    """Bytes that wait for the backward pass of a micro-batch, by the layers' own tensors, without scores of T × T.

    A plain layer keeps 6·d + 2·keys + 5·inner numbers a token, one with a gated MLP and RMSNorm 8·d + 2·keys + 4·inner,
    and in bf16 two more of d, because its norms are computed in fp32. With gradient checkpointing only a layer's input
    stays, and one layer is whole at a time (Chen et al. 2016).
    """
    tokens = run.text.block * run.optimization.micro_batch
    width = BYTES[run.model.precision]
    a_layer = tokens * layer_bytes(sizes, run.model.precision)
    inputs = tokens * width * sizes.width
    ends = 4 * inputs  # the embeddings' output, the last norm's, and their gradients
    if run.model.gradient_checkpointing:
        return sizes.layers * inputs + a_layer + ends
    return sizes.layers * a_layer + ends


def layer_bytes(sizes: Sizes, precision: Precision) -> int:
    """What one layer keeps of a token."""
    width = BYTES[precision]
    if not sizes.gated:
        return width * (6 * sizes.width + 2 * sizes.keys + 5 * sizes.inner)
    norms = 2 if precision == Precision.BF16 else 0
    return width * ((8 + norms) * sizes.width + 2 * sizes.keys + 4 * sizes.inner)


def _gradients(trained: int, precision: Precision, stage: int, processes: int) -> float:
    """ZeRO 1 in bf16 sums whole fp32 gradients beside bf16 ones; all stages above 0 else keep a process's own part."""
    if stage == 0:
        return FULL * trained
    if stage == 1 and precision == Precision.BF16:
        return (FULL + BYTES[precision]) * trained
    return FULL * trained / processes


def _buffers(sizes: Sizes, width: int, stage: int, precision: Precision, processes: int) -> float:
    if stage == 0 or (stage == 1 and precision == Precision.BF16):
        return 0
    if stage < 3:
        return width * BUCKET
    return width * (BUCKET + (min(GATHERED, sizes.parameters) if processes > 1 else 0))


def _offloaded(whole: Memory, sizes: Sizes, width: int, stage: int) -> Memory:
    """Masters, moments and gradients in the machine's memory; at stage 3 weights too, but for what is gathered."""
    host = whole.masters + whole.moments + whole.gradients
    device = replace(whole, masters=0.0, moments=0.0, gradients=0.0, host=host)
    if stage < 3:
        return device
    gathered = width * min(GATHERED, sizes.parameters)
    return replace(device, weights=0.0, buffers=width * BUCKET + gathered, host=host + whole.weights)
