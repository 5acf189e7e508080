"""Looks at a model before a server is started on it: minutes are not spent on what can't work. Knows no weights."""

import json
import re
from pathlib import Path

from backend.errors import Invalid

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
WEIGHTS = ("*.safetensors", "*.bin", "*.pt")
# vLLM's CPU build starts with any other, answers that it is well, and dies on the first request.
CPU_HEADS = (32, 64, 80, 96, 112, 128, 160, 192, 224, 256, 512)


def is_folder(model: str) -> bool:
    """Whether a model is a folder here rather than a name on the hub; Invalid where it can be neither."""
    if Path(model).expanduser().is_dir():
        return True
    if Path(model).exists():
        raise Invalid(f"{model} is a file. Name the folder of the checkpoint, the one with config.json in it.")
    if HUB_NAME.fullmatch(model) and not model.startswith("."):
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


def head_size(config: dict[str, object]) -> int | None:
    """The dimension of an attention head, by the names that LLaMA's and GPT-2's families use; None if not told so."""
    given = config.get("head_dim")
    if isinstance(given, int):
        return given
    width = config.get("hidden_size", config.get("n_embd"))
    heads = config.get("num_attention_heads", config.get("n_head"))
    return width // heads if isinstance(width, int) and isinstance(heads, int) and heads else None
