"""The command line and the environment of a vLLM server. Starts nothing."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from worker.engines import checkpoints
from worker.engines.ports import HOST
from worker.engines.vllm_environment import VllmEnvironment

CPU_CACHE_GIB = 1
# Ours, which may hold secrets; and what would send another Python's packages into vLLM's environment.
KEPT_BACK = re.compile(r"ASSAY_.*|PYTHONPATH|PYTHONHOME|VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """What is to be served, and how. Whatever is None is left to vLLM.

    model: a folder or a name on the hub, and revision of the latter. name: under which it is served; empty: the
    model's. memory_share: of the device's memory, above 0 and at most 1. max_length: prompt and answer, in tokens.
    port: 0 for any free one. embeds: it gives vectors and completes no text. extra: further options of vLLM's own,
    which come last and so win.
    """

    model: str
    name: str = ""
    revision: str | None = None
    dtype: str = "auto"
    tensor_parallel: int = 1
    memory_share: float | None = None
    max_length: int | None = None
    seed: int = 0
    port: int = 0
    embeds: bool = False
    extra: tuple[str, ...] = ()

    @property
    def served_as(self) -> str:
        """The name by which requests ask for it."""
        return self.name or (Path(self.model).expanduser().resolve().name if self.is_folder else self.model)

    @property
    def is_folder(self) -> bool:
        return checkpoints.is_folder(self.model)


def command(spec: ServerSpec, found: VllmEnvironment, *, port: int, own_name: str) -> list[str]:
    """The words of the command. own_name: a second name of the model that nobody else knows."""
    # `vllm serve` fails in the CPU build, where it looks up a package named vllm.
    words = [str(found.python), "-m", "vllm.entrypoints.openai.api_server"]
    model = str(Path(spec.model).expanduser().resolve()) if spec.is_folder else spec.model
    words += ["--model", model, "--served-model-name", spec.served_as, own_name, "--host", HOST, "--port", str(port)]
    words += ["--dtype", spec.dtype, "--tensor-parallel-size", str(spec.tensor_parallel), "--seed", str(spec.seed)]
    if spec.revision is not None:
        words += ["--revision", spec.revision]
    if spec.max_length is not None:
        words += ["--max-model-len", str(spec.max_length)]
    if spec.memory_share is not None:
        words += ["--gpu-memory-utilization", str(spec.memory_share)]
    if spec.embeds:
        words += ["--runner", "pooling"]
    return [*words, *(for_the_cpu(spec) if found.on_cpu else []), *spec.extra]


def for_the_cpu(spec: ServerSpec) -> list[str]:
    """The CPU build would compile for a minute, and take nine tenths of the machine's memory.

    It dies of a request with a seed whose prompt it reads in pieces (“CPU Generator does not use offset”), so it reads
    prompts whole.
    """
    small = ["--kv-cache-memory-bytes", str(CPU_CACHE_GIB << 30)] if spec.memory_share is None else []
    return ["--enforce-eager", "--no-enable-chunked-prefill", *small]


def environment(spec: ServerSpec) -> dict[str, str]:
    """This process's environment without what is ours. A model in a folder needs no hub, and asks none."""
    inherited = {name: value for name, value in os.environ.items() if not KEPT_BACK.fullmatch(name)}
    offline = {"HF_HUB_OFFLINE": "1"} if spec.is_folder else {}
    return {**inherited, **offline, "VLLM_NO_USAGE_STATS": "1", "PYTHONUNBUFFERED": "1"}
