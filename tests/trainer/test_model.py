"""Loading what is fine-tuned, and what is said of models and tokenizers that do not fit."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.utils import is_flash_attn_2_available

from tests.trainer import small
from trainer import model
from trainer.errors import BadRun
from trainer.run import Base, Data, Lora, Precision, Run, Text


def words(count: int) -> PreTrainedTokenizerFast:
    """A tokenizer of so many tokens."""
    made = Tokenizer(models.WordLevel({f"w{number}": number for number in range(count)}, unk_token="w0"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="w1", bos_token="w2")


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    small.model(request.param).save_pretrained(folder)
    words(small.VOCABULARY).save_pretrained(folder)
    return folder


def run(checkpoint: Path, *, block: int = 64, **base: object) -> Run:
    given = Base(str(checkpoint), precision=Precision.FP32)
    return Run("test", Path("out"), Data((Path("x.jsonl"),)), replace(given, **base), Text(block=block))


def test_it_loads_the_weights_that_are_there(checkpoint: Path) -> None:
    made = model.load(run(checkpoint), model.tokenizer_of(Base(str(checkpoint))))

    kind = made.config.model_type
    for name, weight in small.model(kind).state_dict().items():
        torch.testing.assert_close(made.state_dict()[name], weight)
    assert made.dtype == torch.float32


def test_random_weights_are_drawn_anew_and_the_same_each_time(checkpoint: Path) -> None:
    tokenizer = words(small.VOCABULARY)
    first, again = (model.load(run(checkpoint, random=True), tokenizer) for _ in range(2))

    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    there = small.model(first.config.model_type).get_input_embeddings().weight
    assert not torch.equal(first.get_input_embeddings().weight, there)


def test_too_long_blocks_are_refused_with_both_numbers(checkpoint: Path) -> None:
    with pytest.raises(BadRun, match=r"has 128 positions, and text.block is 2,048. Write block = 128 in \[text\]"):
        model.load(run(checkpoint, block=2048), words(small.VOCABULARY))


def test_positions_grow_where_that_is_asked_for(checkpoint: Path) -> None:
    made = model.load(run(checkpoint, block=300, extend_positions=True), words(small.VOCABULARY))

    made.eval()
    assert made(input_ids=torch.arange(300)[None] % small.VOCABULARY).logits.shape == (1, 300, small.VOCABULARY)
    if made.config.model_type == "gpt2":
        table, before = made.transformer.wpe.weight, small.model("gpt2").transformer.wpe.weight
        torch.testing.assert_close(table[128:256], before)
        assert table.requires_grad


def test_another_models_tokenizer_is_refused(checkpoint: Path) -> None:
    with pytest.raises(BadRun, match=r"has 400 tokens, and the model 300: it belongs to another model"):
        model.load(run(checkpoint), words(400))


def test_tokens_that_the_run_adds_get_a_row(checkpoint: Path) -> None:
    tokenizer = words(small.VOCABULARY)
    tokenizer.add_tokens(["USER:", "GPT:"])

    made = model.load(run(checkpoint), tokenizer)

    assert made.get_input_embeddings().num_embeddings == made.get_output_embeddings().out_features == 302


def test_dropout_is_none_unless_it_is_asked_for(tmp_path: Path) -> None:
    small.model("gpt2", dropout=0.1).save_pretrained(tmp_path)
    tokenizer = words(small.VOCABULARY)

    without = model.load(run(tmp_path), tokenizer)
    own = model.load(run(tmp_path, dropout=None), tokenizer)

    assert {one.p for one in without.modules() if isinstance(one, torch.nn.Dropout)} == {0.0}
    assert {one.p for one in own.modules() if isinstance(one, torch.nn.Dropout)} == {0.1}


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers by an old name
def test_lora_lets_only_its_adapters_learn(checkpoint: Path) -> None:
    made = model.prepared(run(checkpoint, lora=Lora(rank=4)), words(small.VOCABULARY))

    learning = [name for name, one in made.named_parameters() if one.requires_grad]
    assert learning
    assert all("lora_" in name for name in learning)


def test_lora_without_anything_to_adapt_is_refused(checkpoint: Path) -> None:
    with pytest.raises(BadRun, match="LoRA finds nothing to adapt"):
        model.prepared(run(checkpoint, lora=Lora(targets=("nowhere",))), words(small.VOCABULARY))


@pytest.mark.parametrize("missing", ["nowhere", "config"])
def test_what_is_no_model_is_refused(tmp_path: Path, missing: str) -> None:
    base = tmp_path / "nowhere" if missing == "nowhere" else tmp_path

    with pytest.raises(BadRun, match="No model can be loaded from"):
        model.load(run(base), words(10))
    with pytest.raises(BadRun, match=r"No tokenizer can be loaded from.*[^:]$"):  # not what only begins a list
        model.tokenizer_of(Base(str(base)))


def test_attention_that_is_not_installed_is_refused(checkpoint: Path) -> None:
    if is_flash_attn_2_available():
        pytest.skip("it is installed")
    declared = run(checkpoint)
    wanted = replace(declared, model=replace(declared.model, attention="flash_attention_2"))

    with pytest.raises(BadRun, match=r'model.attention = "flash_attention_2" can.t be had: .* Write "auto" or "sdpa"'):
        model.prepared(wanted, words(10))


def test_broken_weights_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    for file in checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])

    with pytest.raises(BadRun, match="can't be loaded"):
        model.load(run(tmp_path), words(small.VOCABULARY))
