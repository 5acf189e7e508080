"""Tokens by a tokenizer's own file, and without the library that reads it."""

import importlib
import json
from pathlib import Path

import pytest

from backend.errors import Invalid, Unavailable
from backend.services.data import counting

tokenizers = pytest.importorskip("tokenizers")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A tokenizer of bytes, which cuts off and pads as those of models may."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={letter: n for n, letter in enumerate("abcé")}, merges=[]))
    made.enable_truncation(2)
    made.enable_padding(length=9)
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def test_every_token_counts_whatever_the_file_says_of_limits(path: Path) -> None:
    counter = counting.from_file("mine", path)
    assert counter.count(["abc", "", "aaaaaaaaaaaa"]) == [3, 0, 12]
    assert counter.about["kind"] == "tokenizer.json"


def test_words_and_bleus_tokens_are_built_in() -> None:
    assert counting.built_in("whitespace").count(["It is, well, 3.5%.", ""]) == [4, 0]
    assert counting.built_in("13a").count(["It is, well, 3.5%.", ""]) == [8, 0]


def test_what_is_no_tokenizer_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"model": 3}), "utf-8")
    with pytest.raises(Invalid, match=r"tokenizers.mine: .*t.json is no tokenizer.json"):
        counting.from_file("mine", tmp_path / "t.json")


def test_without_the_library_the_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(Unavailable, match=r"pip install 'assay-eval\[tokenizers\]'"):
        counting.from_file("mine", path)
