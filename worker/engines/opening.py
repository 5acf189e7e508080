"""The one place that chooses an engine. Knows them all; the one that needs torch is imported only when it is chosen."""

import importlib
from typing import Protocol

from backend.config import Settings
from backend.domain.asking import EngineKind
from backend.errors import Unavailable
from worker.engines.echo import EchoEngine
from worker.engines.openai import OpenAIEngine, address
from worker.engines.protocol import Engine


class Loads(Protocol):
    """What the module of the transformers engine offers."""

    def __call__(self, model: str, *, revision: str = "") -> Engine: ...


def open_engine(
    kind: EngineKind, *, url: str, model: str, settings: Settings, revision: str = "", connections: int = 64
) -> Engine:
    """The engine, ready to be asked. Raises Invalid for a bad address, Unavailable where an extra is missing."""
    if kind == EngineKind.ECHO:
        return EchoEngine()
    if kind == EngineKind.TRANSFORMERS:
        return transformers()(model, revision=revision)
    keys = {address(given): key for given, key in settings.engine_keys.items()}
    return OpenAIEngine(
        url,
        model,
        kind=kind,
        key=keys.get(address(url)),
        revision=revision,
        timeout=settings.engine_timeout,
        connections=connections,
    )


def transformers() -> Loads:
    try:
        module = importlib.import_module("worker.engines.transformers")
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"This engine needs {error.name}, which is not installed: pip install 'assay-eval[transformers]' brings it."
        ) from error
    load: Loads = module.TransformersEngine
    return load
