"""Tiny models, made on the spot by vLLM's own Python: ours has no torch. The same each time."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SCRIPT = Path(__file__).parent / "make_tiny_model.py"


def make(kind: str, folder: Path, *, python: Path, taught: Sequence[tuple[str, str]] = ()) -> Path:
    """A checkpoint of the kind, llama or gpt2, in the folder: safetensors, tokenizer, chat template. Takes some 8 s.

    taught: questions with answers that it is trained on, which takes a minute more; without, its weights are random.
    """
    words = [str(python), "-I", str(SCRIPT), kind, str(folder)]
    if taught:
        lessons = folder.with_suffix(".jsonl")
        lessons.write_text("".join(json.dumps(pair) + "\n" for pair in taught), "utf-8")
        words.append(str(lessons))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def with_config(folder: Path, **changes: object) -> Path:
    """Change its config.json, which may fit its weights no more."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")
    return folder


def copy(checkpoint: Path, folder: Path) -> Path:
    """A checkpoint's files in a folder of their own, to be changed."""
    return Path(shutil.copytree(checkpoint, folder))
