"""What can't be served is refused at once, in a sentence that says why."""

import json
from pathlib import Path

import pytest

from backend.errors import Invalid
from worker.engines import checkpoints


def checkpoint(folder: Path, **config: object) -> Path:
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_folder_is_told_from_a_name_on_the_hub(tmp_path: Path) -> None:
    assert checkpoints.is_folder(str(tmp_path))
    assert not checkpoints.is_folder("owner/a-model_7b.v2")
    assert not checkpoints.is_folder("gpt2")


@pytest.mark.parametrize(
    "model", ["/no/such/folder", "./checkpoint", "../checkpoint", "a/b/c", "--trust-remote-code", ""]
)
def test_what_is_no_folder_and_no_name_on_the_hub_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no folder"):
        checkpoints.is_folder(model or str(tmp_path / "absent"))


def test_a_file_is_refused_with_what_to_name_instead(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(Invalid, match="Name the folder of the checkpoint"):
        checkpoints.is_folder(str(tmp_path / "model.safetensors"))


def test_a_folder_without_a_config_or_with_a_broken_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"it has no config\.json"):
        checkpoints.check(tmp_path, on_cpu=True)
    (tmp_path / "config.json").write_text("{", "utf-8")
    with pytest.raises(Invalid, match="can't be read"):
        checkpoints.check(tmp_path, on_cpu=True)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (checkpoint(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(Invalid, match="has no weights"):
        checkpoints.check(tmp_path, on_cpu=False)


@pytest.mark.parametrize(
    "config",
    [
        {"hidden_size": 64, "num_attention_heads": 4},
        {"n_embd": 64, "n_head": 4},
        {"hidden_size": 4096, "num_attention_heads": 32, "head_dim": 16},
    ],
)
def test_heads_of_dimension_16_are_refused_for_the_cpu_and_there_alone(tmp_path: Path, config: dict[str, int]) -> None:
    folder = checkpoint(tmp_path, **config)
    with pytest.raises(Invalid, match=r"heads of dimension 16; vLLM's CPU build can compute 32, 64"):
        checkpoints.check(folder, on_cpu=True)
    checkpoints.check(folder, on_cpu=False)


@pytest.mark.parametrize("config", [{"hidden_size": 64, "num_attention_heads": 2}, {"n_embd": 768, "n_head": 12}, {}])
def test_other_heads_and_untold_ones_are_let_through(tmp_path: Path, config: dict[str, int]) -> None:
    checkpoints.check(checkpoint(tmp_path, **config), on_cpu=True)
