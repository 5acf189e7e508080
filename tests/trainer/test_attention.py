"""Conversations in one row: each gets the logits that it would get alone, and without care it would not."""

import pytest
import torch
from torch import Tensor

from tests.trainer import small
from trainer import trial
from trainer.attention import NAME, Pieces, attend
from trainer.errors import BadRun
from trainer.learner import Learner

CPU = torch.device("cpu")
LENGTHS = (7, 19, 1, 7)


def learner(kind: str) -> Learner:
    made = Learner(small.model(kind).eval())
    made.whole.set_attn_implementation(NAME)
    return made


def ids(count: int) -> Tensor:
    return torch.randint(0, small.VOCABULARY, (count,), generator=torch.Generator().manual_seed(3))


def logits(made: Learner, tokens: Tensor, lengths: tuple[int, ...]) -> Tensor:
    with torch.no_grad():
        return made.whole.get_output_embeddings()(made.hidden(tokens[None], Pieces.of(lengths, CPU)))


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_packed_conversation_gets_the_logits_that_it_gets_alone(kind: str) -> None:
    made, tokens = learner(kind), ids(sum(LENGTHS))
    made.whole.set_attn_implementation("eager")  # the model as it is made, with nothing of ours
    with torch.no_grad():
        alone = torch.cat([made.whole(input_ids=part[None]).logits[0] for part in tokens.split(LENGTHS)])
    made.whole.set_attn_implementation(NAME)

    packed = logits(made, tokens, LENGTHS)

    assert (packed - alone).abs().max() < 1e-5


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_as_one_piece_conversations_see_those_before_them(kind: str) -> None:
    """The concat packing, as in the paper; and the proof that the test above can tell."""
    made, tokens = learner(kind), ids(sum(LENGTHS))

    together, apart = logits(made, tokens, (sum(LENGTHS),)), logits(made, tokens, LENGTHS)

    first = LENGTHS[0]
    assert (together[:first] - apart[:first]).abs().max() < 1e-5
    assert (together[first:] - apart[first:]).abs().max() > 1e-2


def test_pieces_of_one_length_are_attended_to_at_once_with_the_same_result() -> None:
    made, tokens = learner("llama"), ids(30)

    alike, others = logits(made, tokens, (10, 10, 10)), logits(made, tokens, (10, 10, 9, 1))

    assert (alike[:29] - others[:29]).abs().max() < 1e-5
    assert (alike[29] - others[29]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_trial_takes_a_model_that_keeps_pieces_apart(kind: str, dtype: torch.dtype) -> None:
    made = Learner(small.model(kind).to(dtype))
    made.train()

    assert trial.settle_attention(made, choose=True) == NAME
    assert made.training


def test_the_trial_refuses_an_attention_that_looks_across(monkeypatch: pytest.MonkeyPatch) -> None:
    made = learner("llama")
    monkeypatch.setattr(Learner, "hidden", lambda self, ids, _: self.whole.base_model(input_ids=ids)[0][0])
    made.whole.set_attn_implementation("sdpa")

    with pytest.raises(BadRun, match="kept apart: packed and alone, logits differ by"):
        trial.settle_attention(made, choose=False)


def test_a_model_that_caps_its_logits_is_refused() -> None:
    made = learner("llama")
    made.whole.config.final_logit_softcapping = 30.0

    with pytest.raises(BadRun, match="changes its logits by final_logit_softcapping"):
        trial.settle_attention(made, choose=True)


def test_what_this_attention_can_not_compute_it_refuses() -> None:
    some = torch.zeros(1, 2, 6, 8)
    pieces = Pieces.of((6,), CPU)

    for other in ({"sliding_window": 4}, {"softcap": 30.0}):
        with pytest.raises(ValueError, match="plainly causal"):
            attend(torch.nn.Identity(), some, some, some, None, pieces=pieces, **other)


def test_positions_begin_anew_with_each_piece() -> None:
    assert Pieces.of((3, 1, 2), CPU).positions.tolist() == [[0, 1, 2, 0, 0, 1]]
