"""Asks a judge what the queries of a sample are. Stores nothing: fifty questions need no job.

What was said so far is given while more is asked, so whoever stores it loses nothing to a crash.
"""

import threading
from collections.abc import Iterator, Sequence
from random import Random

from backend.config import Settings
from backend.domain.asking import EngineKind, Request
from backend.domain.data.categories import category_in
from backend.domain.recipes import Recipe
from backend.errors import Invalid
from backend.services.asking import replies
from backend.services.data import category_words
from backend.services.data.categories import Labelled
from worker.engines.opening import open_engine
from worker.engines.patience import Patience, Patient
from worker.flow import flow


def labels(
    recipe: Recipe, queries: Sequence[tuple[int, str]], settings: Settings, *, concurrency: int
) -> Iterator[list[Labelled]]:
    """What the judge says of each (place, query), as it is said.

    Raises Invalid for an engine that would have to be started first, and EngineError where one does not answer.
    """
    if recipe.engine == EngineKind.VLLM and not recipe.url:
        raise Invalid("Start the model first, with `assay serve-model`, and name its address with --url.")
    engine = open_engine(recipe.engine, url=recipe.url, model=recipe.model, settings=settings, revision=recipe.revision)
    patient = Patient(engine, Patience(), random=Random(0))

    def said(one: tuple[int, str]) -> Labelled:
        place, text = one
        turns = category_words.words().asked(text)
        request = Request(recipe.engine, recipe.url, recipe.model, recipe.sampling, turns=turns)
        reply = replies.storable(patient.ask(request)).text
        return Labelled(place, category_in(reply), reply)

    try:
        yield from flow(queries, said, concurrency=concurrency, stop=threading.Event())
    finally:
        engine.close()
