"""What `assay generate` and `assay judge` share: whom to ask, how, and for how much. Knows no job under way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any

import click

from backend.cli.house import one_of
from backend.cli.progress import many
from backend.db.jobs import Job
from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import Manner
from backend.domain.money import MILLION, millionths
from backend.domain.recipes import Recipe, Serving
from backend.errors import Conflict, Invalid
from backend.services.asking.estimates import Estimate


@dataclass(frozen=True, slots=True)
class Asks:
    """Whom a call wants to ask. sampling, serving: what was said of them; None where nothing was."""

    engine: EngineKind
    model: str
    url: str
    revision: str
    sampling: Mapping[str, Any]  # what click gives
    serving: Mapping[str, Any]

    def served_from(self, folder: str) -> "Asks":
        """Asks a model that lies here, on a vLLM server of our own. Invalid where another one was named, too."""
        if self.model or self.url:
            raise Invalid("A run is its own model: leave out --model and --url.")
        return replace(self, engine=EngineKind.VLLM, model=folder)

    def recipe(self, *, defaults: Sampling, template: str = "", instructions: str = "", sample: int = 0) -> Recipe:
        """The recipe, with these defaults where the call says nothing. Invalid, in a sentence."""
        said = {name: value for name, value in self.sampling.items() if value not in (None, ())}
        try:
            return Recipe(
                engine=self.engine,
                model=self.model,
                url=self.url.rstrip("/"),
                revision=self.revision,
                template=template,
                instructions=instructions,
                sampling=Sampling(**{**asdict(defaults), **said}),
                sample=sample,
                serving=Serving(**self.serving),
            )
        except ValueError as error:
            raise Invalid(f"This can't be asked: {error}.") from None


class Dollars(click.ParamType[int]):
    """An amount in dollars, kept in millionths."""

    name = "dollars"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """“2.50” as 2,500,000."""
        try:
            return value if isinstance(value, int) else millionths(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DOLLARS = Dollars()

ENGINE = (
    click.option("--engine", type=one_of(EngineKind), default=EngineKind.OPENAI.value, show_default=True,
                 help="vllm: started here, unless --url names a running one. transformers: in this process."),
    click.option("--model", default="", help="A folder, a hub's name, or the model's name at --url."),
    click.option("--url", default="", help="Of OpenAI's interface, with /v1. Its key: ASSAY_ENGINE_KEYS."),
    click.option("--revision", default="", help="Of a model on the hub."),
    click.option("--temperature", type=float, help="0 is greedy."),
    click.option("--top-p", type=float, help="Share of the likeliest tokens to draw from."),
    click.option("--max-tokens", type=int, help="Of an answer."),
    click.option("--seed", type=int, help="Of the draws."),
    click.option("--stop", multiple=True, help="A text at which an answer is over; up to four."),
    click.option("--dtype", default="auto", show_default=True, help="Of a vLLM server started here."),
    click.option("--tensor-parallel", default=1, show_default=True, help="Accelerators that share the model."),
    click.option("--memory-share", type=float, help="Of the accelerator's memory, above 0 and at most 1."),
    click.option("--max-length", type=int, help="Tokens of question and answer together."),
)  # fmt: skip
MANNER = (
    click.option("--concurrency", default=16, show_default=True, help="Questions at the engine at one time."),
    click.option("--requests-a-minute", type=int, help="No more than so many."),
    click.option("--tokens-a-minute", type=int, help="No more than about so many."),
    click.option("--price-in", type=DOLLARS, default="0", help="Dollars for a million tokens of questions."),
    click.option("--price-out", type=DOLLARS, default="0", help="Dollars for a million tokens of answers."),
    click.option("--budget", type=DOLLARS, help="The most that it may cost, in dollars. Needs prices."),
    click.option("--dry-run", is_flag=True, help="Say what it would ask and cost, and ask nothing."),
    click.option("--queue", is_flag=True, help="Leave it to `assay serve` or `assay worker`, and return."),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a call wants its questions asked: the manner, the most it may cost, whether only to say so, or to queue."""

    manner: Manner
    budget: int | None
    dry_run: bool
    queue: bool


def takes_engine(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of an engine, and calls it with `engine`, an Asks."""

    @wraps(command)
    def taking(*, engine: str, model: str, url: str, revision: str, **others: Any) -> None:
        drawn = {name: others.pop(name) for name in ("temperature", "top_p", "max_tokens", "seed", "stop")}
        served = {name: others.pop(name) for name in ("dtype", "tensor_parallel", "memory_share", "max_length")}
        whom = Asks(EngineKind(engine), model, url, revision, drawn, served)
        command(engine=whom, **others)

    return with_options(taking, ENGINE)


def takes_terms(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of how to ask, and calls it with `terms`."""

    @wraps(command)
    def taking(
        *,
        concurrency: int,
        requests_a_minute: int | None,
        tokens_a_minute: int | None,
        price_in: int,
        price_out: int,
        budget: int | None,
        dry_run: bool,
        queue: bool,
        **others: object,
    ) -> None:
        if budget is not None and not (price_in or price_out):
            raise Invalid("A budget needs prices: --price-in and --price-out, in dollars for a million tokens.")
        try:
            manner = Manner(concurrency, requests_a_minute, tokens_a_minute, price_in, price_out)
        except ValueError as error:
            raise Invalid(f"How it asks: {error}.") from None
        command(terms=Terms(manner, budget, dry_run, queue), **others)

    return with_options(taking, MANNER)


def with_options(
    command: Callable[..., None], options: Sequence[Callable[[Callable[..., None]], Callable[..., None]]]
) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command


def refuse_other_budget(job: Job, terms: Terms) -> None:
    """Conflict where a job that is live already may cost another sum than this call allows."""
    if terms.budget is None or terms.budget == job.allowed:
        return
    known = "has no budget" if job.allowed is None else f"has a budget of ${job.allowed / MILLION:.2f}"
    raise Conflict(
        f"Job {job.id} does this already and {known}. Leave --budget out to go on with it, or cancel it first: "
        f"assay jobs {job.id} --cancel."
    )


def in_words(found: Estimate, manner: Manner) -> str:
    """What a job would ask, and cost, where its manner has prices."""
    if not found.questions:
        return "Nothing to ask: everything is there."
    asked = f"{many(found.questions, 'question')} to ask, {many(found.stored, 'answer')} stored already"
    tokens = f"about {found.prompt_tokens:,} tokens asked, at most {found.most_answer_tokens:,} answered"
    if not (manner.price_in or manner.price_out):
        return f"{asked}; {tokens}. What it costs can be said with --price-in and --price-out."
    again = ", if no reply can be read and each is asked for again" if found.again else ""
    most = (found.worst + found.again) / MILLION
    return f"{asked}; {tokens}; about ${found.expected / MILLION:.4f}, at most ${most:.4f}{again}."
