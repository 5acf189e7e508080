"""Attention in which every piece of a row sees itself alone. Knows no model: transformers calls it by its name.

A row without padding is (1, H, N, D) with pieces that lie one behind the other. On a GPU torch's kernel for pieces of
several lengths does it (Dao 2023, FlashAttention-2); elsewhere each piece is a causal attention of its own, so nothing
is computed between pieces, and no mask of N × N is made.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface

NAME = "assay_pieces"


@dataclass(frozen=True, slots=True)
class Pieces:
    """Where a row's pieces begin. lengths: of each, in tokens. bounds: (k + 1,) int32 on the device, from 0 to N."""

    lengths: tuple[int, ...]
    bounds: Tensor

    @classmethod
    def of(cls, lengths: tuple[int, ...], device: torch.device) -> "Pieces":
        """The pieces of a row, in their order."""
        ends = torch.tensor((0, *lengths), dtype=torch.int32).cumsum(0, dtype=torch.int32)
        return cls(lengths, ends.to(device))

    @property
    def positions(self) -> Tensor:
        """(1, N) int64: each token's place in its piece."""
        device = self.bounds.device
        return torch.cat([torch.arange(length, device=device) for length in self.lengths])[None]

    @property
    def are_alike(self) -> bool:
        """Whether all have one length, so that they can be attended to at once."""
        return len(set(self.lengths)) == 1


def attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    pieces: Pieces,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """query: (1, H, N, D); key, value: (1, H', N, D), where H' divides H. Returns (1, N, H, D).

    Raises ValueError where a model wants what this can't compute: a mask of its own, capped scores, or a window that is
    shorter than a piece; `trainer.trial` then lets the model do its own attention.
    """
    longest = max(pieces.lengths)
    if attention_mask is not None or softcap or (sliding_window is not None and sliding_window < longest):
        raise ValueError("this attention is plainly causal")
    if query.is_cuda and query.dtype in (torch.bfloat16, torch.float16) and not dropout:
        return on_gpu(query, key, value, pieces, scaling=scaling, longest=longest), None
    grouped = key.shape[1] != query.shape[1]
    if pieces.are_alike:
        q, k, v = (side.unflatten(2, (-1, longest))[0].transpose(0, 1) for side in (query, key, value))
        seen = functional.scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, is_causal=True, scale=scaling, enable_gqa=grouped
        )
        return seen.transpose(1, 2).flatten(0, 1)[None], None
    parts = zip(*(side.split(pieces.lengths, dim=2) for side in (query, key, value)), strict=True)
    each = [
        functional.scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, is_causal=True, scale=scaling, enable_gqa=grouped
        )
        for q, k, v in parts
    ]
    return torch.cat(each, dim=2).transpose(1, 2), None


def on_gpu(query: Tensor, key: Tensor, value: Tensor, pieces: Pieces, *, scaling: float | None, longest: int) -> Tensor:
    """The same by torch's own kernel, in bf16 or fp16."""
    seen = varlen_attn(
        *(side[0].transpose(0, 1) for side in (query, key, value)),
        pieces.bounds,
        pieces.bounds,
        longest,
        longest,
        scale=scaling,
        window_size=(-1, 0),
        enable_gqa=key.shape[1] != query.shape[1],
    )
    assert isinstance(seen, Tensor)
    return seen[None]


AttentionInterface.register(NAME, attend)
