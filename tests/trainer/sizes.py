"""Sizes of known models, for tests."""

from trainer.flops import Sizes


def known(parameters: float, layers: int, width: int, *, inner: int = 0, vocabulary: int = 32_000) -> Sizes:
    """A model of published sizes, fully fine-tuned."""
    count = int(parameters)
    return Sizes(
        parameters=count,
        trained=count,
        layers=layers,
        width=width,
        keys=width,
        inner=inner or 4 * width,
        gated=bool(inner),
        vocabulary=vocabulary,
        positions=2048,
        factored=count // width * 2,
    )


GPT2_XL = known(1.5576e9, 48, 1600, vocabulary=50_257)
LLAMA_7B = known(6.738e9, 32, 4096, inner=11_008)
LLAMA_13B = known(13.016e9, 40, 5120, inner=13_824)
