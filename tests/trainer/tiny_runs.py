"""A folder from which a tiny run can be declared: a model's config, its tokenizer, dialogues."""

import json
from pathlib import Path

from tests.trainer import small, tiny_tokenizers


def material(folder: Path, *, kind: str = "llama", dialogues: int = 40) -> str:
    """The declaration, which asks for everything that it leaves out; what it names lies beside it."""
    config = small.model(kind, vocabulary=500).config
    config.save_pretrained(folder / "base")
    tokenizer = tiny_tokenizers.llama() if kind == "llama" else tiny_tokenizers.gpt2()
    tokenizer.save_pretrained(folder / "base")
    write_dialogues(folder / "train.jsonl", dialogues)
    return """name = "tiny"
out = "out"
[data]
train = "train.jsonl"
[model]
base = "base"
random = true
precision = "fp32"
[text]
block = 64
[optimization]
batch = 4
"""


def write_dialogues(path: Path, number: int, *, first: int = 0) -> None:
    """A file of short dialogues, no two alike."""
    with path.open("w", encoding="utf-8") as file:
        for place in range(first, first + number):
            said = [("user", f"What is {place} and one?"), ("assistant", f"{place} and one is {place + 1}.")]
            turns = [{"role": role, "text": text} for role, text in said]
            file.write(json.dumps({"id": f"d{place}", "source": "made", "turns": turns, "meta": {}}) + "\n")
