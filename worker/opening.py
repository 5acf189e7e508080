"""Opens the engine of a recipe for a job: started if it is ours, paid from the job's purse, asked patiently.

The one place that puts these together. From the outside in: patience, money, the names by which an engine is asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from backend.domain.asking import EngineKind, Reply, Request
from backend.domain.jobs import Manner
from backend.domain.prices import Price
from backend.domain.recipes import Recipe, Serving
from backend.services.asking.jobs import Lost
from worker.asker import Asker, Paid
from worker.duty import Duty
from worker.engines import checkpoints
from worker.engines.opening import open_engine
from worker.engines.patience import Patient
from worker.engines.protocol import Engine, Identity, Transient
from worker.engines.vllm_command import ServerSpec
from worker.engines.vllm_server import RunningServer, serving
from worker.purse import Purse


@contextmanager
def asking(duty: Duty, recipe: Recipe, manner: Manner) -> Iterator[Asker]:
    """What a job asks its questions through, for as long as the block runs."""
    price = Price(manner.price_in, manner.price_out)
    with opened(duty, recipe, manner.concurrency) as engine, purse_of(duty) as purse:
        patience = replace(
            duty.patience, requests_a_minute=manner.requests_a_minute, tokens_a_minute=manner.tokens_a_minute
        )
        paid, random = Paid(engine, purse, price), Random(duty.held.job_id)
        patient = Patient(paid, patience, random=random, waits=duty.waits(duty.stop))
        identity = patient.identity(on_pause=duty.say)
        duty.say(f"asking {recipe.model}")
        yield Asker(duty.database, patient, identity, price)


@contextmanager
def purse_of(duty: Duty) -> Iterator[Purse]:
    """The job's money; what was not needed is given back, unless the job is another worker's by then."""
    purse = Purse(duty)
    try:
        yield purse
    finally:
        try:
            purse.close()
        except Lost:
            duty.stop.set()


@contextmanager
def opened(duty: Duty, recipe: Recipe, connections: int) -> Iterator[Engine]:
    """The engine itself; a vLLM server is started where the recipe names no address, and stopped at the end."""
    if recipe.engine == EngineKind.VLLM and not recipe.url:
        with started(duty, recipe, connections) as engine:
            yield engine
        return
    duty.say(f"opening {recipe.model}")
    engine = open_engine(
        recipe.engine,
        url=recipe.url,
        model=recipe.model,
        settings=duty.settings,
        revision=recipe.revision,
        connections=connections,
    )
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def started(duty: Duty, recipe: Recipe, connections: int) -> Iterator[Engine]:
    """A vLLM server of our own."""

    def say(words: str) -> None:
        duty.go_on()
        duty.say(f"{recipe.model} on vLLM: {words}")

    with serving(spec_of(recipe), duty.settings, on_progress=say) as server:
        engine = open_engine(
            EngineKind.VLLM,
            url=server.url,
            model=server.name,
            settings=duty.settings,
            revision=revision_of(recipe),
            connections=connections,
        )
        try:
            yield Started(engine, server)
        finally:
            engine.close()


@dataclass(frozen=True, slots=True)
class Started:
    """An engine on a server of ours: asked by the name it serves, and looked after where it doesn't answer."""

    engine: Engine
    server: RunningServer

    def ask(self, request: Request) -> Reply:
        """The answer; Unavailable, with the log's last lines, where the server has ended."""
        try:
            reply = self.engine.ask(replace(request, model=self.server.name))
        except Transient:
            self.server.check()
            raise
        return replace(reply, model=request.model)  # the name that it serves is of our own making

    def identity(self) -> Identity:
        """The server's own version, without its address, which is another one each time."""
        return replace(self.engine.identity(), url="")

    def close(self) -> None:
        """The server is stopped by whoever started it."""


def spec_of(recipe: Recipe) -> ServerSpec:
    """How the server is started."""
    serving = recipe.serving
    return ServerSpec(
        model=recipe.model,
        revision=recipe.revision or None,
        dtype=serving.dtype,
        tensor_parallel=serving.tensor_parallel,
        memory_share=serving.memory_share,
        max_length=serving.max_length,
    )


def revision_of(recipe: Recipe) -> str:
    """The hub's, or what tells a folder's weights from others at the same place; and the numbers that they are kept as.

    A model in float16 answers otherwise than in float32, so these are two questions.
    """
    folder = checkpoints.is_folder(recipe.model)
    known = checkpoints.fingerprint(Path(recipe.model).expanduser()) if folder else recipe.revision
    return known if recipe.serving.dtype == Serving().dtype else f"{known} in {recipe.serving.dtype}".strip()
