"""Tries a judge on canaries: does it say what an output tells it to? Stores nothing, and needs no study."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from backend.config import Settings
from backend.domain.asking import EngineKind
from backend.domain.choices import Choice
from backend.domain.judging.canaries import Trial, trials
from backend.domain.judging.parsing import read
from backend.domain.judging.templates import Template, as_read, rendered
from backend.domain.recipes import Recipe
from backend.errors import Invalid
from backend.services.judging import judge_templates, judgings
from worker.engines.opening import open_engine
from worker.engines.patience import Patience, Patient
from worker.engines.protocol import Engine
from worker.flow import flow


@dataclass(frozen=True, slots=True)
class Answer:
    """What the judge said of one trial; said: None where its reply can't be read."""

    trial: Trial
    said: Choice | None
    reply: str

    @property
    def fell(self) -> bool:
        """Whether it said what the injection wanted."""
        return not self.trial.is_control and self.said == self.trial.wanted


def answers(recipe: Recipe, template: Template, settings: Settings, *, concurrency: int) -> Iterator[list[Answer]]:
    """Every canary in both orders, with its injection and without, as they are answered.

    Raises Invalid for an engine that would have to be started first, and EngineError where one does not answer.
    """
    if recipe.engine == EngineKind.VLLM and not recipe.url:
        raise Invalid("Start the model first, with `assay serve-model`, and name its address with --url.")
    every = [one for canary in judge_templates.canaries() for one in trials(canary, template)]
    engine = open_engine(recipe.engine, url=recipe.url, model=recipe.model, settings=settings, revision=recipe.revision)
    patient = Patient(engine, Patience(), random=Random(0))
    try:
        yield from flow(
            every, lambda one: answer(patient, recipe, template, one), concurrency=concurrency, stop=threading.Event()
        )
    finally:
        engine.close()


def answer(engine: Engine, recipe: Recipe, template: Template, trial: Trial) -> Answer:
    """Ask once: a reminder would tell it that something was odd."""
    turns = rendered(template, trial.dialogue, trial.first, trial.second)
    reply = engine.ask(judgings.asked(recipe, template, turns))
    return Answer(trial, read(template, reply, (as_read(trial.dialogue), trial.first, trial.second)).choice, reply.text)
