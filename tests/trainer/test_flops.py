"""Operations a token, peaks and MFU, held to numbers that were computed apart and to published runs."""

import dataclasses

import pytest

from tests.trainer.sizes import GPT2_XL, LLAMA_7B, LLAMA_13B
from trainer import flops
from trainer.flops import Sizes
from trainer.run import Precision


@pytest.mark.parametrize(
    ("sizes", "length", "expected"),
    [(GPT2_XL, 1024, 1.029e10), (LLAMA_7B, 2048, 4.365e10), (LLAMA_13B, 2048, 8.313e10)],
)
def test_operations_a_token_are_those_of_the_convention(sizes: Sizes, length: int, expected: float) -> None:
    assert flops.per_token(sizes, length) == pytest.approx(expected, rel=5e-4)


def test_a_causal_mask_leaves_half_of_attention() -> None:
    assert flops.attention(LLAMA_7B, 2048, causal=True) * 2 == flops.attention(LLAMA_7B, 2048)
    saved = flops.per_token(LLAMA_7B, 2048) - flops.per_token(LLAMA_7B, 2048, causal=True)
    assert saved == 6 * 32 * 4096 * 2048


def test_frozen_weights_need_no_gradient_of_their_own() -> None:
    adapted = dataclasses.replace(LLAMA_7B, trained=10**6)
    expected = 4 * (LLAMA_7B.parameters - 10**6) + 6 * 10**6 + 12 * 32 * 4096 * 2048
    assert flops.per_token(adapted, 2048) == expected


@pytest.mark.parametrize(
    ("device", "bf16", "fp32"),
    [
        ("NVIDIA H100 80GB HBM3", 989.4, 66.9),
        ("NVIDIA H100 PCIe", 756, 51.2),
        ("NVIDIA H200", 989.4, 66.9),
        ("NVIDIA A100-SXM4-80GB", 312, 19.5),
        ("NVIDIA L40S", 362, 91.6),
        ("NVIDIA L4", 121, 30.3),
        ("NVIDIA A10", 125, 31.2),
    ],
)
def test_a_device_is_known_by_its_drivers_name(device: str, bf16: float, fp32: float) -> None:
    assert flops.peak(device, Precision.BF16) == bf16 * 1e12
    assert flops.peak(device, Precision.FP32) == fp32 * 1e12


@pytest.mark.parametrize("device", ["NVIDIA A10G", "Intel Xeon", "", "NVIDIA L400"])
def test_what_only_looks_like_a_known_device_is_not_known(device: str) -> None:
    assert flops.peak(device, Precision.BF16) is None


def test_mfu_is_that_of_a_published_run() -> None:
    """llm.c, GPT-2 1558M on 8 H100: 2.80 s for 1,048,576 tokens are 48.7 % (its own script's settings, T = 1024)."""
    rate = 1_048_576 / 2.80 / 8
    assert flops.mfu(rate, flops.per_token(GPT2_XL, 1024), 989.4e12) == pytest.approx(0.487, abs=5e-4)
