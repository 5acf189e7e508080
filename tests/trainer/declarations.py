"""RUN.toml files on the spot, for tests."""

from pathlib import Path

LEAST = 'name = "r"\nout = "out"\n[data]\ntrain = "train.jsonl"\n[model]\nbase = "gpt2"\n'


def declare(folder: Path, text: str = LEAST, *, name: str = "run.toml") -> Path:
    """A declaration in a folder that has the files which it may name."""
    for file in ("train.jsonl", "more.jsonl", "held_out.jsonl", "text.jsonl", "chat.jinja"):
        (folder / file).touch()
    path = folder / name
    path.write_text(text, "utf-8")
    return path
