"""The paper's optimizer and its ablation on whole tensors, and which optimizer a run gets."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from trainer.errors import BadRun, TrainerError
from trainer.optimizers import choice, updates
from trainer.optimizers.fragments import Fragment, Table
from trainer.optimizers.param_scale import ParamScale
from trainer.run import Decay, Optimization, Optimizer, Warmup
from trainer.schedules import learning_rate

FIXTURE = "adamw_param_scale_fixture.json"
SCHEDULE = Optimization(
    final_learning_rate=1e-3, warmup=Warmup(steps=4), decay=Decay.COSINE, decay_steps=20, weight_decay=1e-4
)
W, B = [[0.5, -1.0], [2.0, 0.25]], [1e-4, -2e-4]
GRADIENTS = (([[0.1, -0.2], [0.3, 0.05]], [0.4, -0.1]), ([[3.0, 1.0], [-2.0, 0.5]], [-1.0, 2.0]))
AFTER = {  # of optax 0.2.8 in float64: EasyLM's chain of clip, adafactor(factored=False, …) and weight decay
    0: (W, B),
    1: ([[0.49992067135, -1.000061061797], [2.000067501194, 0.2499262394]], [1.00035320991e-4, -2.0006797812e-4]),
    4: ([[0.499109302689, -0.99993660552], [2.000069128275, 0.248911139578]], [9.969289082e-5, -2.0041213036e-4]),
    7: ([[0.496890923916, -0.999779190038], [2.00025307985, 0.246256566877]], [9.8926793776e-5, -2.0146925853e-4]),
}


def double(numbers: object) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def parameters(*values: object) -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(double(value)) for value in values]


def optimizer(tensors: list[torch.nn.Parameter], update: updates.Update = updates.paper) -> ParamScale:
    group = {"params": tensors, "weight_decay": SCHEDULE.weight_decay}
    return ParamScale([group], update=update, lr=0.0, betas=SCHEDULE.betas)


def advance(stepped: ParamScale, gradients: list[torch.Tensor], step: int) -> None:
    """One update of the reference: clip by the global norm, set the rate, step."""
    group = stepped.param_groups[0]
    norm = math.sqrt(sum(float((gradient**2).sum()) for gradient in gradients))
    for tensor, gradient in zip(group["params"], gradients, strict=True):
        tensor.grad = gradient / max(norm, 1.0)
    group["lr"] = learning_rate(SCHEDULE, step, 20)
    stepped.step()


def test_eight_updates_are_those_of_optax():
    tensors = parameters(W, B)
    stepped = optimizer(tensors)
    for step in range(8):
        advance(stepped, [double(gradient) * (1 + 0.1 * step) for gradient in GRADIENTS[step % 2]], step)
        for tensor, expected in zip(tensors, AFTER.get(step, ()), strict=False):
            assert torch.allclose(tensor.detach(), double(expected), rtol=1e-9, atol=1e-11)


def test_the_whole_reference_is_reproduced(shared_data: Path):
    file = shared_data.parent / "spec" / FIXTURE
    if not file.is_file():
        pytest.skip(f"the reference is not beside the project ({file} is absent)")
    reference = json.loads(file.read_text())
    tensors = parameters(reference["init"]["w"], reference["init"]["b"])
    stepped = optimizer(tensors)
    for row in reference["steps"]:
        advance(stepped, [double(row["grad"]["w"]), double(row["grad"]["b"])], row["step"])
        assert stepped.param_groups[0]["lr"] == pytest.approx(row["lr"], abs=1e-15)
        for tensor, name in zip(tensors, ("w", "b"), strict=True):
            assert torch.allclose(tensor.detach(), double(row["params_after"][name]), rtol=1e-12, atol=1e-15)


def test_the_ablation_is_adam_whose_rate_follows_the_tensor():
    (ours,), (theirs,) = parameters(W), parameters(W)
    adam = torch.optim.Adam([theirs], betas=SCHEDULE.betas, eps=updates.EPSILON)
    stepped = optimizer([ours], updates.classic)
    stepped.param_groups[0] |= {"weight_decay": 0.0, "lr": 2e-3}
    for step in range(6):
        ours.grad, theirs.grad = double(GRADIENTS[step % 2][0]), double(GRADIENTS[step % 2][0])
        adam.param_groups[0]["lr"] = 2e-3 * float(theirs.detach().square().mean().sqrt())
        stepped.step()
        adam.step()
    assert torch.allclose(ours, theirs, rtol=1e-12)
    assert not torch.allclose(ours, double(W), rtol=1e-3)


@pytest.mark.parametrize("update", [updates.paper, updates.classic])
def test_a_tensor_without_gradients_gets_no_step(update: updates.Update):
    (tensor,) = parameters([0.0, 1.0])
    tensor.grad = double([0.0, 1.0])
    stepped = optimizer([tensor], update)
    stepped.param_groups[0]["lr"] = 1e-2
    stepped.step()
    assert tensor[0] == 0.0
    assert tensor[1] < 1.0


def test_many_chunks_are_as_good_as_one(monkeypatch: pytest.MonkeyPatch):
    found = []
    for size in (2**17, 2, 1):
        monkeypatch.setattr("trainer.optimizers.param_scale.CHUNK_ON_CPU", size)
        tensors = parameters(W, B)
        stepped = optimizer(tensors)
        for step in range(3):
            advance(stepped, [double(gradient) for gradient in GRADIENTS[step % 2]], step)
        found.append([tensor.detach() for tensor in tensors])
    assert all(torch.equal(one, two) and torch.equal(one, three) for one, two, three in zip(*found, strict=True))


def test_two_tensors_in_one_partition_keep_their_own_scales_and_padding_stays():
    """As under ZeRO: w and b end to end, and two elements of no tensor."""
    (flat,), apart = parameters([0.5, -1.0, 2.0, 0.25, 1e-4, -2e-4, 7.0, 7.0]), parameters(W, B)
    together, alone = optimizer([flat]), optimizer(apart)
    table = Table((4, 2), {flat: (Fragment(0, 0, 4), Fragment(1, 4, 2))}, shared=False)
    together.bind(table, torch.device("cpu"))
    for step in range(4):
        w, b = (double(gradient) for gradient in GRADIENTS[step % 2])
        together.measure()
        advance(together, [torch.cat([w.flatten(), b, double([0.0, 0.0])])], step)
        advance(alone, [w, b], step)
    assert torch.equal(flat[:4], apart[0].flatten())
    assert torch.equal(flat[4:6], apart[1])
    assert flat[6:].tolist() == [7.0, 7.0]


def test_a_partition_can_be_stepped_once_a_measurement():
    (flat,) = parameters(B)
    stepped = optimizer([flat])
    stepped.bind(Table((2,), {flat: (Fragment(0, 0, 2),)}, shared=False), torch.device("cpu"))
    flat.grad = double([1.0, 1.0])
    with pytest.raises(TrainerError, match="were not measured"):
        stepped.step()
    stepped.measure()
    stepped.step()
    with pytest.raises(TrainerError, match="call measure"):
        stepped.step()


def test_a_closure_is_refused():
    with pytest.raises(TrainerError, match="no closure"):
        optimizer(parameters(B)).step(lambda: 0.0)


def test_an_optimizer_goes_on_from_its_state():
    straight, first = parameters(W, B), parameters(W, B)
    one, two = optimizer(straight), optimizer(first)
    for step in range(2):
        advance(one, [double(gradient) for gradient in GRADIENTS[step % 2]], step)
        advance(two, [double(gradient) for gradient in GRADIENTS[step % 2]], step)
    again = optimizer(first)
    again.load_state_dict(two.state_dict())
    for stepped in (one, again):
        advance(stepped, [double(gradient) for gradient in GRADIENTS[0]], 2)
    assert all(torch.equal(tensor, other) for tensor, other in zip(straight, first, strict=True))


def llama() -> LlamaForCausalLM:
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=31, hidden_size=32, intermediate_size=40, num_hidden_layers=1, num_attention_heads=2)
    )


def test_in_a_llama_everything_decays():
    (group,) = choice.groups(llama(), 0.1)
    assert group["weight_decay"] == 0.1
    assert len(group["params"]) == len(list(llama().parameters()))


def test_in_a_gpt_layer_norms_and_biases_do_not_decay():
    model = GPT2LMHeadModel(GPT2Config(vocab_size=31, n_embd=32, n_layer=1, n_head=2, n_positions=16))
    names = {tensor: name for name, tensor in model.named_parameters()}
    decaying, spared = choice.groups(model, 0.1)
    assert (decaying["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert {names[tensor].removeprefix("transformer.") for tensor in decaying["params"]} == {
        "wte.weight",
        "wpe.weight",
        "h.0.attn.c_attn.weight",
        "h.0.attn.c_proj.weight",
        "h.0.mlp.c_fc.weight",
        "h.0.mlp.c_proj.weight",
    }
    assert len(spared["params"]) == 6 + 4  # three norms of two each; four biases


def test_frozen_tensors_are_in_no_group():
    model = llama()
    model.requires_grad_(False)
    model.lm_head.requires_grad_(True)
    (group,) = choice.groups(model, 0.1)
    assert group["params"] == [model.lm_head.weight]


@pytest.mark.parametrize("kind", [kind for kind in Optimizer if kind is not Optimizer.ADAMW_8BIT])
def test_every_optimizer_lowers_a_loss_once_it_has_a_rate(kind: Optimizer):
    model, ids = llama(), torch.arange(12)[None]
    built = choice.build(replace(SCHEDULE, optimizer=kind), choice.groups(model, 0.01))
    assert built.param_groups[0]["lr"] == 0.0
    losses = []
    for _ in range(8):
        loss = model(ids, labels=ids).loss
        loss.backward()
        for group in built.param_groups:
            group["lr"] = 1e-2
        built.step()
        built.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.01


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_8_bit_states_are_refused_without_a_gpu():
    with pytest.raises(BadRun, match="needs a GPU, and there is none here"):
        choice.check(Optimizer.ADAMW_8BIT)
