"""A model's sizes from its config, held to models that are really there and to what peft really adds."""

from dataclasses import replace
from pathlib import Path

import peft
import pytest
from transformers import GPT2Config

from tests.trainer import small
from trainer.errors import BadRun
from trainer.model import adapted
from trainer.run import Base, Data, Lora, Run, Text
from trainer.shapes import measured, sizes


def saved(folder: Path, kind: str, **changes: object) -> Run:
    """A run whose model's folder holds a config and no weights."""
    config = small.model(kind).config
    config.save_pretrained(folder)
    return replace(Run("r", folder / "out", Data(()), Base(str(folder)), Text(block=64)), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_parameters_are_those_of_the_loaded_model_and_tied_ones_count_once(tmp_path: Path, kind: str) -> None:
    found = sizes(saved(tmp_path, kind))
    assert found.parameters == found.trained == sum(tensor.numel() for tensor in small.model(kind).parameters())


def test_a_familys_own_words_for_its_sizes_are_understood(tmp_path: Path) -> None:
    llama, gpt2 = (sizes(saved(tmp_path / kind, kind)) for kind in ("llama", "gpt2"))
    assert (llama.layers, llama.width, llama.keys, llama.inner, llama.gated) == (2, 64, 32, 112, True)
    assert (gpt2.layers, gpt2.width, gpt2.keys, gpt2.inner, gpt2.gated) == (2, 64, 64, 256, False)
    assert (llama.vocabulary, llama.positions) == (small.VOCABULARY, small.POSITIONS)


def test_gpt2_xl_has_its_published_number_of_parameters(tmp_path: Path) -> None:
    GPT2Config(n_embd=1600, n_layer=48, n_head=25).save_pretrained(tmp_path)
    found = sizes(Run("r", tmp_path / "out", Data(()), Base(str(tmp_path)), Text(block=1024)))
    assert found.parameters == 1_557_611_200
    assert found.factored < found.parameters / 500


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("lora", [Lora(), Lora(rank=3, targets=("q_proj", "v_proj", "c_attn"))])
@pytest.mark.filterwarnings("ignore:fan_in_fan_out", "ignore:`is_gradient_checkpointing`")  # peft's own affairs
def test_adapters_have_as_many_parameters_as_pefts(tmp_path: Path, kind: str, lora: Lora) -> None:
    run = saved(tmp_path, kind, model=Base(str(tmp_path), lora=lora))
    found = sizes(run)
    real = adapted(small.model(kind), run.model)
    assert isinstance(real, peft.PeftModel)
    assert found.trained == sum(tensor.numel() for tensor in real.parameters() if tensor.requires_grad)
    assert found.parameters == sum(tensor.numel() for tensor in real.parameters())


def test_targets_that_no_layer_has_are_refused(tmp_path: Path) -> None:
    run = saved(tmp_path, "llama", model=Base(str(tmp_path), lora=Lora(targets=("c_attn",))))
    with pytest.raises(BadRun, match=r"targets names no linear layer of the model: c_attn\."):
        sizes(run)


def test_extended_positions_are_counted(tmp_path: Path) -> None:
    run = saved(tmp_path, "gpt2", model=Base(str(tmp_path), extend_positions=True), text=Text(block=200))
    assert sizes(run).parameters - sizes(saved(tmp_path, "gpt2")).parameters == (200 - small.POSITIONS) * 64


def test_sizes_of_a_model_that_is_there_are_the_same(tmp_path: Path) -> None:
    run, model = saved(tmp_path, "llama"), small.model("llama")
    assert measured(model, model.config, run.model) == sizes(run)


def test_what_is_no_model_of_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    run = Run("r", tmp_path / "out", Data(()), Base(str(tmp_path)))
    with pytest.raises(BadRun, match="is no model that continues texts"):
        sizes(run)
