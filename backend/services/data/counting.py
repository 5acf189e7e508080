"""Counts tokens: by white space, as BLEU does (13a), or with a tokenizer's own file. Knows no dialogue.

The library that reads tokenizers' files is an extra: what counts by white space must install without it.
"""

import hashlib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from backend.domain.bleu.tokens import tokens
from backend.errors import Invalid, Unavailable

AT_ONCE = 256


class Encoded(Protocol):
    """A text in tokens."""

    ids: Sequence[int]


class Tokenizer(Protocol):
    """What is used of a tokenizer."""

    def encode_batch_fast(self, input: list[str], *, add_special_tokens: bool) -> Sequence[Encoded]: ...

    def no_truncation(self) -> None: ...

    def no_padding(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts each of some texts. about: what is told of it in a manifest, which makes its counts those of anybody."""

    name: str
    count: Callable[[Sequence[str]], list[int]]
    about: dict[str, str]


def built_in(name: str) -> Counter:
    """whitespace or 13a."""
    if name == "13a":
        return Counter(name, lambda texts: [len(tokens(text)) for text in texts], {"kind": "built in"})
    return Counter(name, lambda texts: [len(text.split()) for text in texts], {"kind": "built in"})


def from_file(name: str, path: Path) -> Counter:
    """A tokenizer.json, as models come with it; no special tokens are counted. Invalid, with the file."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Invalid(f"tokenizers.{name}: {path} can't be read: {error.strerror}.") from None
    loaded = load(name, path, raw)
    loaded.no_truncation()
    loaded.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        return [len(one.ids) for one in loaded.encode_batch_fast(list(texts), add_special_tokens=False)]

    return Counter(name, count, {"kind": "tokenizer.json", "sha256": hashlib.sha256(raw).hexdigest()})


def load(name: str, path: Path, raw: bytes) -> Tokenizer:
    try:
        library = importlib.import_module("tokenizers")
    except ModuleNotFoundError:
        raise Unavailable(
            f"tokenizers.{name} needs the library tokenizers: pip install 'assay-eval[tokenizers]' brings it. "
            "Without it, measure by whitespace or 13a."
        ) from None
    try:
        found: Tokenizer = library.Tokenizer.from_buffer(raw)
    except Exception as error:  # the library raises nothing more special than that
        said = " ".join(str(error).split())[:200]
        raise Invalid(f"tokenizers.{name}: {path} is no tokenizer.json ({said}).") from None
    return found
