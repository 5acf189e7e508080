"""What servers that speak OpenAI's interface answer, read field by field. Knows no connection.

A field that is missing or odd makes the whole answer odd, and the question is asked again: nothing is guessed.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.domain.asking import Reply
from worker.engines.protocol import Transient

TOKEN_ID = "token_id:"  # how vLLM names a token when it is asked for ids
OWN = "ours-"  # begins the second name of a model on a server of ours: then which weights it has, and a word of chance


class Wire(BaseModel):
    """A JSON object of theirs: fields that aren't named here are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Embedding(Wire):
    """One text as a vector. index: which of those that were sent."""

    index: int
    embedding: list[float]


class Embeddings(Wire):
    """What an embedding model answers."""

    data: list[Embedding]


class Usage(Wire):
    """What was counted."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class Likely(Wire):
    """A token that could have stood there."""

    token: str
    logprob: float


class Place(Wire):
    """One place of an answer."""

    top_logprobs: list[Likely] = []


class ChatLogprobs(Wire):
    """A chat's form of logprobs."""

    content: list[Place] | None = None


class TextLogprobs(Wire):
    """A completion's form of logprobs."""

    top_logprobs: list[dict[str, float] | None] | None = None


class Message(Wire):
    """What was said: null when nothing was, as when a model that thinks ran out of tokens."""

    content: str | None
    refusal: str | None = None


class ChatChoice(Wire):
    """One answer of a chat."""

    message: Message
    finish_reason: str | None = None
    logprobs: ChatLogprobs | None = None


class TextChoice(Wire):
    """One continuation of a text."""

    text: str
    finish_reason: str | None = None
    logprobs: TextLogprobs | None = None


class Chat(Wire):
    """The answer to /chat/completions."""

    model: str
    choices: list[ChatChoice] = Field(min_length=1)
    usage: Usage | None = None


class Completion(Wire):
    """The answer to /completions."""

    model: str
    choices: list[TextChoice] = Field(min_length=1)
    usage: Usage | None = None


class Card(Wire):
    """A model that a server offers. root: what vLLM loaded under that name."""

    id: str
    root: str | None = None


class Cards(Wire):
    """The answer to /models."""

    data: list[Card]


class Version(Wire):
    """The answer to vLLM's /version. Another server may answer there, too, with something else."""

    version: str = ""


class Detokenized(Wire):
    """The answer to vLLM's /detokenize."""

    prompt: str


class Complaint(Wire):
    """What is wrong, in the server's words; code is a number with some."""

    message: str = ""
    code: str | int | None = None


class Refusal(Wire):
    """An answer that says what is wrong: OpenAI's way, and vLLM's older one without the object around it."""

    error: Complaint | str | None = None
    message: str = ""


Answer = TypeVar("Answer", bound=Wire)


def read(kind: type[Answer], raw: bytes) -> Answer:
    """The body as this kind of answer. Raises Transient where it is cut off or odd, and says which field."""
    try:
        return kind.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = f"{where}: {first['msg']}" if where else first["msg"]
        raise Transient(f"The engine's answer is cut off or not what its interface promises ({problem}).") from None


def embeddings(raw: bytes, number: int) -> list[list[float]]:
    """The vectors of so many texts, in their order. Transient where some are missing, or they differ in length."""
    given = sorted(read(Embeddings, raw).data, key=lambda one: one.index)
    if [one.index for one in given] != list(range(number)):
        raise Transient(f"The server gave {len(given):,} embeddings of {number:,} texts.")
    if len({len(one.embedding) for one in given}) != 1 or not given[0].embedding:
        raise Transient("The server gave embeddings of different lengths.")
    return [one.embedding for one in given]


def chat_reply(raw: bytes) -> Reply:
    """The reply in a chat's answer. A refusal that stands apart is what was said."""
    answer = read(Chat, raw)
    choice = answer.choices[0]
    places = choice.logprobs.content if choice.logprobs and choice.logprobs.content else []
    said, refusal = choice.message.content, choice.message.refusal
    is_refusal = not said and bool(refusal)
    return Reply(
        text=(refusal if is_refusal else said) or "",
        finish="refusal" if is_refusal else choice.finish_reason or "",
        model=answer.model,
        prompt_tokens=answer.usage.prompt_tokens if answer.usage else 0,
        completion_tokens=answer.usage.completion_tokens if answer.usage else 0,
        logprobs=tuple(added((one.token, one.logprob) for one in place.top_logprobs) for place in places),
    )


def completion_reply(raw: bytes) -> Reply:
    """The reply in a completion's answer."""
    answer = read(Completion, raw)
    choice = answer.choices[0]
    places: Sequence[Mapping[str, float] | None] = (choice.logprobs.top_logprobs if choice.logprobs else None) or []
    return Reply(
        text=choice.text,
        finish=choice.finish_reason or "",
        model=answer.model,
        prompt_tokens=answer.usage.prompt_tokens if answer.usage else 0,
        completion_tokens=answer.usage.completion_tokens if answer.usage else 0,
        logprobs=tuple(dict(place or {}) for place in places),
    )


def added(likely: Iterable[tuple[str, float]]) -> dict[str, float]:
    """token -> logarithm of its probability, those of tokens that read alike added up."""
    found: dict[str, list[float]] = defaultdict(list)
    for token, logprob in likely:
        found[token].append(logprob)
    return {token: values[0] if len(values) == 1 else logsum(values) for token, values in found.items()}


def logsum(values: Sequence[float]) -> float:
    """log(Σ exp(value)), at most 0."""
    top = max(values)
    return min(0.0, top + math.log(math.fsum(math.exp(value - top) for value in values)))


def complaint(raw: bytes) -> tuple[str, str]:
    """What a refusal says, and its code; empty where it says nothing that can be read."""
    try:
        refusal = Refusal.model_validate_json(raw)
    except ValidationError:
        return "", ""
    error = refusal.error
    if isinstance(error, Complaint):
        return error.message, str(error.code or "")
    return error or refusal.message, ""
