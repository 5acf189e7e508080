"""What training a token costs in floating-point operations, and which share of a device's peak that comes to. Pure.

The convention is PaLM's (Chowdhery et al. 2022, appendix B): 6 operations a parameter and token, forwards and
backwards, embeddings included, and 12·L·d·T for attention over the whole block. What gradient checkpointing computes
twice is not counted, so this is MFU and no “hardware” utilisation. Peaks are the makers', dense, without sparsity.
"""

from dataclasses import dataclass

from trainer.run import Precision

TERA = 1e12

# bf16 on tensor cores; fp32 without TF32, which PyTorch leaves off. The longest name that a device's name holds counts.
PEAKS: dict[str, dict[Precision, float]] = {
    "H100": {Precision.BF16: 989.4 * TERA, Precision.FP32: 66.9 * TERA},
    "H100 PCIe": {Precision.BF16: 756 * TERA, Precision.FP32: 51.2 * TERA},
    "H100 NVL": {Precision.BF16: 835 * TERA, Precision.FP32: 60 * TERA},
    "H200": {Precision.BF16: 989.4 * TERA, Precision.FP32: 66.9 * TERA},
    "H200 NVL": {Precision.BF16: 835 * TERA, Precision.FP32: 60 * TERA},
    "GH200": {Precision.BF16: 989.4 * TERA, Precision.FP32: 66.9 * TERA},
    "H800": {Precision.BF16: 989.4 * TERA, Precision.FP32: 66.9 * TERA},
    "A100": {Precision.BF16: 312 * TERA, Precision.FP32: 19.5 * TERA},
    "A800": {Precision.BF16: 312 * TERA, Precision.FP32: 19.5 * TERA},
    "A40": {Precision.BF16: 149.7 * TERA, Precision.FP32: 37.4 * TERA},
    "A30": {Precision.BF16: 165 * TERA, Precision.FP32: 10.3 * TERA},
    "A10": {Precision.BF16: 125 * TERA, Precision.FP32: 31.2 * TERA},
    "L40S": {Precision.BF16: 362 * TERA, Precision.FP32: 91.6 * TERA},
    "L4": {Precision.BF16: 121 * TERA, Precision.FP32: 30.3 * TERA},
    "RTX 4090": {Precision.BF16: 165.2 * TERA, Precision.FP32: 82.6 * TERA},
    "RTX 3090": {Precision.BF16: 71 * TERA, Precision.FP32: 35.6 * TERA},
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """A model by its config. parameters: all, tied ones once; trained: those that get a gradient, of which `adapters`
    are LoRA's. width: of the residual stream; keys: width of all keys of a position together; inner: of the MLP,
    which has a third matrix where it is gated. positions: the most that it has learned or was made for, None for any.
    factored: numbers that Adafactor keeps of all trained tensors.
    """

    parameters: int
    trained: int
    layers: int
    width: int
    keys: int
    inner: int
    gated: bool
    vocabulary: int
    positions: int | None
    factored: int


def attention(sizes: Sizes, length: int, *, causal: bool = False) -> float:
    """Operations of attention for a token in a block of `length`, forwards and backwards: 12·L·d·T (Chowdhery et al.).

    causal: the half that a causal mask leaves, which is what varlen kernels compute.
    """
    return (6 if causal else 12) * sizes.layers * sizes.width * length


def per_token(sizes: Sizes, length: int, *, causal: bool = False) -> float:
    """Operations of training for a token in a block of `length`: 6·N + 12·L·d·T.

    Weights that stay frozen under LoRA need no gradient of their own: 4 for each of those.
    """
    frozen = sizes.parameters - sizes.trained
    return 6 * sizes.trained + 4 * frozen + attention(sizes, length, causal=causal)


def peak(device: str, precision: Precision) -> float | None:
    """A device's operations a second by the name that its driver gives; None where it is not known here."""
    words = f" {device.replace('-', ' ')} "
    known = [name for name in PEAKS if f" {name} " in words]
    return PEAKS[max(known, key=len)][precision] if known else None


def mfu(tokens_per_second: float, flops_per_token: float, peak_flops: float) -> float:
    """Model FLOPs utilisation, from 0 to 1, of one device at its own tokens a second (n of them: of its n-th part)."""
    return tokens_per_second * flops_per_token / peak_flops
