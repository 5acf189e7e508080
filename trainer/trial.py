"""Tries a model before it is trained: pieces in one row must get the logits that each gets alone. Knows no data."""

import torch
from torch import Tensor

from trainer.attention import NAME, Pieces
from trainer.errors import BadRun
from trainer.learner import Learner

LENGTHS = (5, 9, 2)
NEARLY = {torch.float32: 1e-4, torch.bfloat16: 6e-2, torch.float16: 6e-2}  # of the largest logit


def settle_attention(learner: Learner, *, choose: bool) -> str:
    """Which attention keeps pieces apart: the one that is set, or, where it may choose, the model's own after ours.

    BadRun, with what was seen, where none does: training would teach the model to look across conversations.
    """
    refuse_other_logits(learner)
    trouble = ""
    for name in (NAME, "sdpa", "eager") if choose else (learner.whole.config._attn_implementation,):
        try:
            learner.whole.set_attn_implementation(name)
            apart = difference(learner)
        except (ValueError, TypeError, RuntimeError) as error:
            trouble = trouble or f"{type(error).__name__}: {str(error)[:200]}"
            continue
        if apart <= NEARLY[learner.whole.dtype]:
            return str(learner.whole.config._attn_implementation)
        trouble = f"packed and alone, logits differ by {apart:.1e} of the largest"
    raise BadRun(
        f"A {learner.whole.config.model_type} can't be trained here, with conversations kept apart: {trouble}."
    )


def refuse_other_logits(learner: Learner) -> None:
    """BadRun where a model does more to its hidden states than a matrix does: a small difference might not show it."""
    for name in ("final_logit_softcapping", "logit_scale", "logits_scaling"):
        if getattr(learner.whole.config, name, None) not in (None, 1, 1.0):
            raise BadRun(
                f"A {learner.whole.config.model_type} changes its logits by {name}, which the loss here lacks."
            )


@torch.no_grad()
def difference(learner: Learner) -> float:
    """The largest difference between logits of packed and of lone pieces, over the largest logit.

    The lone ones are the model's own whole forward pass, with its own attention: whatever it does to hidden states
    before they are logits, such as a cap, would be seen as a difference, too.
    """
    device = next(learner.parameters()).device
    size = learner.whole.get_input_embeddings().num_embeddings
    ids = (torch.arange(sum(LENGTHS), device=device) * 7919 + 13) % min(size, 50_000)
    was_training, name = learner.training, learner.whole.config._attn_implementation
    learner.eval()
    try:
        packed = learner.whole.get_output_embeddings()(learner.hidden(ids[None], Pieces.of(LENGTHS, device)))
        learner.whole.set_attn_implementation("eager")
        alone = torch.cat([logits(learner, part) for part in ids.split(LENGTHS)])
    finally:
        learner.whole.set_attn_implementation(name)
        learner.train(was_training)
    return float((packed.float() - alone).abs().max() / alone.abs().max())


def logits(learner: Learner, ids: Tensor) -> Tensor:
    """(n, V) fp32: of one piece alone, by the model as it is made."""
    found: Tensor = learner.whole(input_ids=ids[None], use_cache=False).logits
    return found[0].float()
