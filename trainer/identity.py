"""What makes a run that run: what it declares, the data it reads, the code that trains it. Knows no model and no torch.

A folder belongs to one run. The same call goes on with it; one that would train anything else is refused, by name of
what differs.
"""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainer.errors import BadRun
from trainer.folder import RUN_JSON
from trainer.run import Run

# What may change between two calls, since it changes no weight.
FREE = (
    "name", "out", "course.save_every", "course.evaluate_every", "course.log_every", "course.keep",
    "tracking.tensorboard", "tracking.wandb", "tracking.peak_tflops",
)  # fmt: skip
LIBRARIES = ("torch", "transformers", "deepspeed", "peft", "tokenizers", "numpy")


def of(run: Run, *, data: str, processes: int) -> dict[str, str]:
    """Everything that decides what the weights become, by its dotted key. data: the hash of what is trained on."""
    declared = {key: said for key, said in flat(asdict(run)).items() if key not in FREE and not key.startswith("data.")}
    return {**declared, "data": data, "processes": str(processes)}


def flat(table: Mapping[str, object], above: str = "") -> dict[str, str]:
    """Nested tables as dotted keys with what they say, as text."""
    keys: dict[str, str] = {}
    for key, value in table.items():
        dotted = f"{above}{key}"
        keys |= flat(value, f"{dotted}.") if isinstance(value, Mapping) else {dotted: str(value)}
    return keys


def refuse_another(out: Path, identity: Mapping[str, str]) -> None:
    """BadRun where the folder holds another run, with every key that differs."""
    try:
        known = json.loads((out / RUN_JSON).read_text("utf-8"))["identity"]
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        raise BadRun(f"{out / RUN_JSON} can't be read. Move it away to train in this folder anew.") from None
    keys = sorted(key for key in {*known, *identity} if known.get(key) != identity.get(key))
    if keys:
        told = "; ".join(
            f"{key} was {known.get(key, 'not there')}, now {identity.get(key, 'not there')}" for key in keys
        )
        raise BadRun(f"{out} holds another run: {told}. Write another `out`, or delete the folder to begin anew.")


def code() -> dict[str, str]:
    """Which code trains: its commit, where it is a checkout, and what it stands on."""
    return {"assay": package("assay-eval"), "commit": commit(), **{name: package(name) for name in LIBRARIES}}


def package(name: str) -> str:
    """A library's version; empty if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def commit() -> str:
    """The commit of this checkout, with a + where files were changed since; empty where it is none."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True)
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "."],
            cwd=here, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
