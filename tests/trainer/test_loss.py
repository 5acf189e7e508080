"""The loss: by hand, against EasyLM's formula, whatever micro-batches and processes it is cut into."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.trainer import small
from trainer import loss as losses
from trainer.attention import NAME
from trainer.learner import Learner, feed
from trainer.run import Loss
from trainer.tokens import Block

CPU = torch.device("cpu")


def block(seed: int, size: int, supervised: list[int], *, padding: int = 0) -> Block:
    """Random tokens, of which some targets count; with so much padding behind."""
    drawn = np.random.default_rng(seed).integers(1, small.VOCABULARY, size + 1).astype(np.int32)
    flags = np.zeros(size + padding, np.bool_)
    flags[supervised] = True
    fill = np.zeros(padding, np.int32)
    return Block(
        ids=np.concatenate([drawn[:-1], fill]),
        targets=np.concatenate([drawn[1:], fill]),
        supervised=flags,
        lengths=np.array([size], np.int32),
    )


BLOCKS = [block(1, 12, [3, 4, 5]), block(2, 9, [8], padding=4), block(3, 6, []), block(4, 15, list(range(15)))]
COUNTS = np.array([3, 1, 0, 15])


def learner(kind: str = "llama") -> Learner:
    made = Learner(small.model(kind))
    made.whole.set_attn_implementation(NAME)
    return made


def nll(made: Learner, one: Block) -> torch.Tensor:
    """(T,) of one row alone, by the model's own forward pass."""
    size = int(one.lengths[0])
    ids = torch.from_numpy(one.ids[:size].astype(np.int64))[None]
    made.whole.set_attn_implementation("eager")
    logits = made.whole(input_ids=ids).logits[0].float()
    made.whole.set_attn_implementation(NAME)
    return functional.cross_entropy(logits, torch.from_numpy(one.targets[:size].astype(np.int64)), reduction="none")


def expected(made: Learner, kind: Loss) -> torch.Tensor:
    """The formulas of trainer.loss, written out over rows."""
    sums = [nll(made, one)[torch.from_numpy(one.supervised[: int(one.lengths[0])])].sum() for one in BLOCKS]
    if kind == Loss.TOKEN_MEAN:
        return torch.stack(sums).sum() / COUNTS.sum()
    return torch.stack([total / max(int(count), 1) for total, count in zip(sums, COUNTS, strict=True)]).mean()


@pytest.mark.parametrize("kind", list(Loss))
@pytest.mark.parametrize("cut", [(4,), (1, 3), (2, 2), (1, 1, 1, 1), (3, 0, 1)])
def test_the_loss_is_the_same_however_the_batch_is_cut(kind: Loss, cut: tuple[int, ...]) -> None:
    """An empty part is what a process gets in the last, smaller batch."""
    made, weights = learner(), losses.weights(kind, COUNTS)

    total, at = torch.zeros(()), 0
    for size in cut:
        total = total + made(feed(BLOCKS[at : at + size], weights[at : at + size], CPU))
        at += size

    assert total.item() == pytest.approx(expected(made, kind).item(), abs=1e-6)


def test_the_two_reductions_differ_where_rows_hold_different_amounts() -> None:
    made = learner()

    assert abs(expected(made, Loss.ROW_MEAN).item() - expected(made, Loss.TOKEN_MEAN).item()) > 0.05


def test_weights_by_hand() -> None:
    """Two rows of 4 and of 1 supervised tokens, and one of none: 1/3 of 1/4, of 1, and of nothing."""
    assert losses.weights(Loss.ROW_MEAN, np.array([4, 1, 0])).tolist() == pytest.approx([1 / 12, 1 / 3, 1 / 3])
    assert losses.weights(Loss.TOKEN_MEAN, np.array([4, 1, 0])).tolist() == pytest.approx([1 / 5] * 3)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_chunks_change_neither_the_loss_nor_its_gradients(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, weights = learner(kind), losses.weights(Loss.TOKEN_MEAN, COUNTS)
    given = feed(BLOCKS, weights, CPU)
    whole = made(given)
    whole.backward()
    gradients = [one.grad.clone() for one in made.parameters()]
    made.zero_grad()

    monkeypatch.setattr(losses, "CHUNK_BYTES", 4 * small.VOCABULARY * 5)  # five places at a time
    parted = made(given)
    parted.backward()

    assert parted.item() == pytest.approx(whole.item(), abs=1e-6)
    for before, after in zip(gradients, made.parameters(), strict=True):
        torch.testing.assert_close(after.grad, before, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_gradient_checkpointing_changes_no_gradient(kind: str) -> None:
    made, weights = learner(kind), losses.weights(Loss.ROW_MEAN, COUNTS)
    given = feed(BLOCKS, weights, CPU)
    made(given).backward()
    gradients = [one.grad.clone() for one in made.parameters()]
    made.zero_grad()

    made.whole.activation_checkpointing_enable({"use_reentrant": False})
    made.train()
    made(given).backward()

    for before, after in zip(gradients, made.parameters(), strict=True):
        torch.testing.assert_close(after.grad, before, atol=1e-6, rtol=1e-4)


def test_a_batch_of_nothing_takes_part_and_teaches_nothing() -> None:
    made = learner()

    made(feed([], np.zeros(0), CPU)).backward()

    assert all(one.grad is not None and not one.grad.any() for one in made.parameters())
