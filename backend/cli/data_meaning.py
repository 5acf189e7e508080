"""The third signal of `assay data leakage`: texts that mean the same in other words, by an embedding model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import click
import numpy as np
import numpy.typing as npt

from backend.cli import queries as reading
from backend.cli.progress import bar
from backend.config import Settings
from backend.domain.asking import EngineKind
from backend.domain.bleu.leakage import Leakage
from backend.domain.meaning import likest
from backend.domain.queries import Query
from backend.errors import Invalid, Unavailable
from worker.engines.embeddings import Embedder
from worker.engines.openai import OpenAIEngine
from worker.engines.opening import open_engine
from worker.engines.protocol import EngineError


@dataclass(frozen=True, slots=True)
class Meaning:
    """Whom to ask for embeddings, and from which cosine on a prompt is marked."""

    url: str
    model: str
    alike: float


def meaning_of(url: str, model: str, alike: float) -> Meaning | None:
    """None where no model is configured. Invalid with half of it."""
    if bool(url) != bool(model):
        raise Invalid("An embedding model needs both --embed-url and --embed-model.")
    return Meaning(url, model, alike) if url else None


def with_meaning(
    found: Leakage, prompts: Sequence[Query], train: Sequence[Path], meaning: Meaning, *, answers: bool
) -> Leakage:
    """What was found, and beside it the training text that means most nearly what each prompt does.

    The files are read once more. Unavailable, in a sentence, where the model can't be asked.
    """
    engine = open_engine(EngineKind.OPENAI, url=meaning.url, model=meaning.model, settings=Settings())
    assert isinstance(engine, OpenAIEngine)
    embedder = Embedder(engine, random=Random())
    try:
        with bar(found.texts, "Embedding") as advance:

            def parts() -> Iterator[tuple[Sequence[Query], npt.NDArray[np.float64]]]:
                texts = reading.queries(train, all_turns=True, answers=answers, on_bytes=lambda _: None)
                for part in reading.parts(texts):
                    yield part, embedder.vectors([one.text for one in part])
                    advance(len(part))

            nearest = likest(embedder.vectors([one.text for one in prompts]), parts())
    except EngineError as error:
        raise Unavailable(f"{meaning.model} can't be asked for embeddings: {error}") from None
    except ValueError as error:
        raise Unavailable(f"{meaning.model} can't be relied on: {error}.") from None
    finally:
        embedder.close()
    if embedder.cut:
        some = f"{embedder.cut:,} of {len(prompts) + found.texts:,} texts"
        click.echo(f"{meaning.model} saw only the beginning of what is too long for it: {some}.", err=True)
    told = tuple(replace(one, likest=near) for one, near in zip(found.found, nearest, strict=True))
    return replace(found, found=told, alike=meaning.alike)
