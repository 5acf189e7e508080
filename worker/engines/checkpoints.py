"""Looks at a model before a server is started on it: minutes are not spent on what can't work. Knows no weights."""

import hashlib
import json
import re
from pathlib import Path

from backend.errors import Invalid

HUB_NAME = re.compile(r"\w[\w.-]*(/[\w.-]+)?")
SAMPLED = 2**20  # bytes
WEIGHTS = ("*.safetensors", "*.bin", "*.pt")
# vLLM's CPU build starts with any other, answers that it is well, and dies on the first request.
CPU_HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)


def is_folder(model: str) -> bool:
    """Whether a model is a folder here rather than a name on the hub; Invalid where it can be neither."""
    if Path(model).expanduser().is_dir():
        return True
    if Path(model).exists():
        raise Invalid(f"{model} is a file. Name the folder of the checkpoint, the one with config.json in it.")
    if HUB_NAME.fullmatch(model):
        return False
    raise Invalid(f"There is no folder {model}, and that is no name on the hub, which reads like owner/name.")


def check(folder: Path, *, on_cpu: bool) -> None:
    """Invalid, with what to do, where a folder is no checkpoint that this build can serve."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise Invalid(f"{folder} is no checkpoint: it has no config.json.") from None
    except (OSError, ValueError) as error:
        raise Invalid(f"{folder / 'config.json'} can't be read: {error}.") from None
    if not any(next(folder.glob(pattern), None) for pattern in WEIGHTS):
        raise Invalid(f"{folder} has no weights: no file {', '.join(WEIGHTS)}.")
    size = head_size(config) if isinstance(config, dict) else None
    if on_cpu and size is not None and size not in CPU_HEADS:
        offered = ", ".join(str(one) for one in CPU_HEADS)
        raise Invalid(
            f"{folder} has attention heads of dimension {size}; vLLM's CPU build can compute {offered}."
            " Serve it on a GPU, use the engine transformers, or make the model with fewer heads."
        )


def fingerprint(folder: Path) -> str:
    """What tells a checkpoint from another one that once lay at the same place: sixteen letters of a hash.

    Of every file its name, its size, its first and its last mebibyte: a training run changes all of a file of weights,
    and reading the whole of a large model would take longer than loading it.
    """
    digest = hashlib.sha256()
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        size = file.stat().st_size
        digest.update(f"{file.relative_to(folder)}\0{size}\0".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(SAMPLED))
            opened.seek(max(size - SAMPLED, 0))
            digest.update(opened.read(SAMPLED))
    return digest.hexdigest()[:16]


def head_size(config: dict[str, object]) -> int | None:
    """The dimension of an attention head, by the names that LLaMA's and GPT-2's families use; None if not told so."""
    given = config.get("head_dim")
    if isinstance(given, int):
        return given
    width = config.get("hidden_size", config.get("n_embd"))
    heads = config.get("num_attention_heads", config.get("n_head"))
    return width // heads if isinstance(width, int) and isinstance(heads, int) and heads else None
