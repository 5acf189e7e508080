"""What an engine is known by: other weights, or the same ones kept as other numbers, are asked anew."""

from pathlib import Path

from backend.domain.asking import EngineKind
from backend.domain.recipes import Recipe, Serving
from worker.opening import revision_of


def recipe(model: str, *, dtype: str = "auto", revision: str = "") -> Recipe:
    return Recipe(EngineKind.VLLM, model, revision=revision, serving=Serving(dtype=dtype))


def test_other_weights_in_the_same_folder_are_another_revision(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = revision_of(recipe(str(tmp_path)))
    assert before == revision_of(recipe(str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert revision_of(recipe(str(tmp_path))) != before


def test_weights_kept_as_other_numbers_are_another_revision(tmp_path: Path) -> None:
    usual = revision_of(recipe(str(tmp_path)))
    assert revision_of(recipe(str(tmp_path), dtype="float32")) == f"{usual} in float32"
    assert revision_of(recipe("owner/name", revision="abc", dtype="float16")) == "abc in float16"
    assert revision_of(recipe("owner/name", revision="abc")) == "abc"
    assert revision_of(recipe("owner/name", dtype="float16")) == "in float16"
