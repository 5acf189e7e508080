"""How a system's outputs are made: whom to ask, in which words, and how to draw. Knows no engine and no prompt."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any  # what JSON columns hold

from backend.domain.asking import EngineKind, Sampling
from backend.domain.records import Json

SECRETS = re.compile(r"[@?#]")  # a name or key before the host, or what could hold one behind the path


@dataclass(frozen=True, slots=True)
class Serving:
    """How a vLLM server of ours is started; of no consequence for any other engine.

    memory_share: of the accelerator's memory. max_length: tokens of question and answer together.
    """

    dtype: str = "auto"
    tensor_parallel: int = 1
    memory_share: float | None = None
    max_length: int | None = None

    def to_json(self) -> dict[str, Json]:
        """As it is stored."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Recipe:
    """model: a folder, a hub's name, or the name at `url`. url: empty where the engine is started by us.

    template: how a prompt becomes one text; empty: a chat, in the engine's own words. instructions: said first.
    sample: 0 for the first draw, 1 for “the same system again”, which asks every question anew.
    Raises ValueError, in a sentence, for what can't be asked.
    """

    engine: EngineKind
    model: str
    url: str = ""
    revision: str = ""
    template: str = ""
    instructions: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    sample: int = 0
    serving: Serving = field(default_factory=Serving)

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("a model is needed: a folder, a hub's name, or its name at the address")
        if self.engine == EngineKind.OPENAI and not self.url:
            raise ValueError("the engine openai needs an address, such as http://127.0.0.1:8000/v1")
        if self.engine in (EngineKind.ECHO, EngineKind.TRANSFORMERS) and self.url:
            raise ValueError(f"the engine {self.engine} runs here and has no address")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("the address must begin with http:// or https://")
        if SECRETS.search(self.url):
            raise ValueError("the address holds more than host and path; keys are settings, which nothing keeps")
        if self.sample < 0:
            raise ValueError("samples are counted from 0")


def serving_to_json(recipe: Recipe) -> dict[str, Json]:
    """How its server is started, and which revision of the model: as they are stored together."""
    return {**recipe.serving.to_json(), "revision": recipe.revision}


def recipe_from(
    engine: str,
    model: str,
    url: str,
    sampling: Mapping[str, Any],
    serving: Mapping[str, Any],
    *,
    template: str = "",
    instructions: str = "",
    sample: int = 0,
) -> Recipe:
    """The recipe again, from what was stored of it."""
    started = {name: value for name, value in serving.items() if name != "revision"}
    return Recipe(
        engine=EngineKind(engine),
        model=model,
        url=url,
        revision=str(serving["revision"]),
        template=template,
        instructions=instructions,
        sampling=sampling_of(sampling),
        sample=sample,
        serving=Serving(**started),
    )


def sampling_of(stored: Mapping[str, Any]) -> Sampling:
    """From what was stored."""
    return Sampling(**{**stored, "stop": tuple(stored["stop"])})
