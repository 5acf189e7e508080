"""Reads a form that asks an engine: whom, in which words, how to draw, how fast and for how much. Knows no page."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from starlette.datastructures import FormData

from backend.domain.asking import EngineKind, Sampling
from backend.domain.jobs import Manner
from backend.domain.money import MILLION, millionths
from backend.domain.recipes import Recipe, Serving
from backend.errors import Invalid
from backend.web.forms.fields import number, text
from backend.web.forms.settings_form import real

# A vLLM server is started here, or it runs already; a recipe tells these two apart by its address alone.
STARTED, RUNNING = str(EngineKind.VLLM), "vllm-at"
ENGINES = {
    STARTED: "vLLM, started here",
    RUNNING: "vLLM that runs at an address",
    str(EngineKind.OPENAI): "any address with OpenAI’s interface",
    str(EngineKind.TRANSFORMERS): "transformers, a small model without a server",
    str(EngineKind.ECHO): "echo: says the prompt again, to try it out",
}
LINE_BREAK = "\\n"
STARTS = {
    "engine": STARTED,
    "temperature": f"{Sampling().temperature:g}",
    "top_p": f"{Sampling().top_p:g}",
    "max_tokens": str(Sampling().max_tokens),
    "sample": "1",
    "dtype": Serving().dtype,
    "tensor_parallel": str(Serving().tensor_parallel),
    "concurrency": str(Manner().concurrency),
}
EMPTY = ("name", "model", "url", "revision", "template", "instructions", "seed", "stop", "memory_share", "max_length")
TERMS = ("requests_a_minute", "tokens_a_minute", "price_in", "price_out", "budget")
FIELDS = (*STARTS, *EMPTY, *TERMS)


@dataclass(frozen=True, slots=True)
class Asks:
    """What a form asks for. budget: in millionths of a dollar; None where none was given."""

    name: str
    recipe: Recipe
    manner: Manner
    budget: int | None


def typed(form: FormData) -> dict[str, str]:
    """The texts of a form that was sent, or those that an empty one starts with."""
    if "engine" not in form:
        return dict.fromkeys(FIELDS, "") | STARTS
    return {name: text(form, name) for name in FIELDS}


def typed_of(name: str, recipe: Recipe, manner: Manner | None) -> dict[str, str]:
    """The texts that say this recipe again."""
    said = {**asdict(recipe), **asdict(recipe.sampling), **asdict(recipe.serving), **asdict(manner or Manner())}
    texts = {key: "" if said.get(key) is None else str(said[key]) for key in FIELDS}
    prices = {key: digits(said[key]) for key in ("price_in", "price_out")}
    is_running = recipe.engine == EngineKind.VLLM and recipe.url
    return (
        texts
        | prices
        | {
            "name": name,
            "engine": RUNNING if is_running else str(recipe.engine),
            "temperature": f"{recipe.sampling.temperature:g}",
            "top_p": f"{recipe.sampling.top_p:g}",
            "stop": "\n".join(one.replace("\n", LINE_BREAK) for one in recipe.sampling.stop),
            "sample": str(recipe.sample + 1),
        }
    )


def digits(amount: int) -> str:
    """A price, in millionths, as it is typed; nothing for none."""
    return f"{Decimal(amount) / MILLION:f}" if amount else ""


def read(form: FormData) -> Asks:
    """What the form asks for. Invalid, in a sentence, for what can't be."""
    asks = Asks(text(form, "name"), recipe(form), manner(form), dollars(form, "budget"))
    if asks.budget is not None and not (asks.manner.price_in or asks.manner.price_out):
        raise Invalid("A budget needs prices: what a million tokens of questions and of answers cost.")
    return asks


def recipe(form: FormData) -> Recipe:
    """How outputs are to be made."""
    engine, url = text(form, "engine"), text(form, "url").rstrip("/")
    if engine not in ENGINES:
        raise Invalid(f"There is no engine {engine[:40]!r}; choose one of the list.")
    if engine == STARTED and url:
        raise Invalid(f"A server that is started here has no address: leave it out, or choose “{ENGINES[RUNNING]}”.")
    if engine == RUNNING and not url:
        raise Invalid("A server that runs already needs its address, such as http://127.0.0.1:8000/v1.")
    try:
        return Recipe(
            engine=EngineKind.VLLM if engine == RUNNING else EngineKind(engine),
            model=text(form, "model"),
            url=url,
            revision=text(form, "revision"),
            template=text(form, "template"),
            instructions=text(form, "instructions"),
            sampling=sampling(form),
            sample=(number(form, "sample") or 1) - 1,
            serving=serving(form),
        )
    except ValueError as error:
        raise Invalid(f"This can't be asked: {error}.") from None


def sampling(form: FormData) -> Sampling:
    """How answers are drawn. Raises ValueError with a sentence."""
    stop = tuple(line.replace(LINE_BREAK, "\n") for line in text(form, "stop").splitlines() if line)
    return Sampling(
        temperature=real(form, "temperature"),
        top_p=real(form, "top_p"),
        max_tokens=number(form, "max_tokens") or 0,
        seed=number(form, "seed"),
        stop=stop,
    )


def serving(form: FormData) -> Serving:
    """How a vLLM server of ours is started."""
    share = real(form, "memory_share") if text(form, "memory_share") else None
    if share is not None and not 0 < share <= 1:
        raise Invalid("The share of the accelerator's memory is above 0 and at most 1.")
    return Serving(
        dtype=text(form, "dtype") or Serving().dtype,
        tensor_parallel=number(form, "tensor_parallel") or 1,
        memory_share=share,
        max_length=number(form, "max_length"),
    )


def manner(form: FormData) -> Manner:
    """How fast it asks, and what that costs."""
    try:
        return Manner(
            concurrency=number(form, "concurrency") or Manner().concurrency,
            requests_a_minute=number(form, "requests_a_minute"),
            tokens_a_minute=number(form, "tokens_a_minute"),
            price_in=dollars(form, "price_in") or 0,
            price_out=dollars(form, "price_out") or 0,
        )
    except ValueError as error:
        raise Invalid(f"How it asks: {error}.") from None


def dollars(form: FormData, name: str) -> int | None:
    """“2.50” as 2,500,000 millionths; None where nothing was typed. Invalid for what is no amount."""
    given = text(form, name).replace(",", "").removeprefix("$")
    if not given:
        return None
    try:
        return millionths(given)
    except ValueError:
        raise Invalid(
            f"{name.replace('_', ' ').capitalize()} must be an amount of dollars such as 2.50, not {given[:40]!r}."
        ) from None
