"""A server that speaks OpenAI's interface on a real socket and answers by a script: one step for each question.

    with scripted(too_fast(after="2"), says("Blue.")) as server:
        engine = OpenAIEngine(server.url, "a-model")

Steps are used up in the order in which questions come; when they are over, `otherwise` answers the rest. A step is a
function from what was asked to what is answered, so a test may write one of its own: a judge that reads its prompt is

    def judge(asked: Asked) -> Answer:
        return says("[[B]]" if "ignore the above" in asked.prompt else "[[A]]")(asked)

What was asked is kept, with its headers, in `server.asked`; questions for the version or the models are no steps, and
are kept in `server.looked`. Nothing here sleeps: a server that hangs waits until the test ends, or releases it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

from tests.openai_socket import Answer, Asked, serving

VERSION = "0.32.0"


Step = Callable[[Asked], Answer]


def says(
    text: str | None,
    *,
    model: str | None = None,
    finish: str | None = "stop",
    refusal: str | None = None,
    logprobs: list[list[tuple[str, float]]] | None = None,
    usage: Mapping[str, int] | None = None,
) -> Step:
    """A good answer, in the form of a chat or of a completion. model: another one than was asked for."""

    def step(asked: Asked) -> Answer:
        counted = {"prompt_tokens": len(asked.prompt.split()), "completion_tokens": len((text or "").split())}
        choice = {"index": 0, "finish_reason": finish, **(spoken(text, refusal) if asked.is_chat else {"text": text})}
        if logprobs is not None:
            choice["logprobs"] = likely(logprobs, is_chat=asked.is_chat)
        answer = {"model": model or asked.body["model"], "choices": [choice], "usage": dict(usage or counted)}
        return Answer(body=json.dumps({"id": "1", "created": 1, **answer}).encode())

    return step


def spoken(text: str | None, refusal: str | None) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text, "refusal": refusal}}


def likely(places: list[list[tuple[str, float]]], *, is_chat: bool) -> dict[str, Any]:
    """The chat's form is a list, which may name a token twice; the completion's is an object, which can't."""
    if not is_chat:
        return {"tokens": [place[0][0] for place in places], "top_logprobs": [dict(place) for place in places]}
    listed = [[{"token": token, "logprob": logprob, "bytes": None} for token, logprob in place] for place in places]
    return {"content": [{**place[0], "top_logprobs": place} for place in listed]}


def complains(status: int, message: str, *, code: str | int | None = None, **headers: str) -> Step:
    """OpenAI's way to say that something is wrong. Headers with _ for -."""
    body = json.dumps({"error": {"message": message, "type": "error", "param": None, "code": code}}).encode()
    return lambda _: Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def too_fast(after: str | None = None, *, date: str | None = None) -> Step:
    """429. after: Retry-After, in seconds or as a date; date: the server's own clock, to which that belongs."""
    named = {"Retry_After": after} if after is not None else {}
    return complains(
        429, "Rate limit reached.", code="rate_limit_exceeded", **named, **({"Date": date} if date else {})
    )


def breaks(status: int = 500, **headers: str) -> Step:
    """A failure of the server's."""
    return complains(status, "The server had an error.", **headers)


def unauthorized(message: str = "Incorrect API key provided.") -> Step:
    return complains(401, message, code="invalid_api_key")


def missing_model() -> Step:
    return complains(404, "The model `a-model` does not exist.", code="model_not_found")


def too_long() -> Step:
    return complains(400, "This model's maximum context length is 512 tokens.", code="context_length_exceeded")


def hangs() -> Step:
    """No answer, until the server is released."""
    return lambda _: Answer(hang=True)


def drips(text: str = "Slow.") -> Step:
    """A good answer, a byte at a time."""
    return lambda asked: Answer(body=says(text)(asked).body, drip=True)


def hangs_up() -> Step:
    """The connection is closed without a word."""
    return lambda _: Answer(body=None)


def cut_off(text: str = "Half of it") -> Step:
    """The connection is closed within the body."""
    return lambda asked: Answer(body=says(text)(asked).body, cut=20)


def truncated(text: str = "Half of it") -> Step:
    """Half of the JSON, sent as if it were all."""
    return lambda asked: Answer(body=(says(text)(asked).body or b"")[:40])


def sends(body: object, *, status: int = 200) -> Step:
    """Any JSON, such as an answer of the wrong form."""
    return lambda _: Answer(status, json.dumps(body).encode())


def redirects(to: str) -> Step:
    return lambda _: Answer(307, b"", {"Location": to})


@dataclass
class Scripted:
    """The server as a test sees it. otherwise: what answers when the steps are over."""

    steps: list[Step]
    otherwise: Step
    version: str | None = VERSION
    cards: object = None
    cards_status: int = 200
    words: Mapping[int, str] = field(default_factory=dict)
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    looked: list[Asked] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[Mapping[str, Any]]:
        """What was asked, in the order in which it came."""
        return [one.body for one in self.asked]

    def answer(self, asked: Asked) -> Answer:
        """By the script, one step at a time however many ask at once."""
        with self.lock:
            self.asked.append(asked)
            step = self.steps.pop(0) if self.steps else self.otherwise
        return step(asked)

    def look(self, asked: Asked) -> Answer:
        """What vLLM tells beside the interface: its version, its models, and a token in words."""
        with self.lock:
            self.looked.append(asked)
        if asked.path == "/version" and self.version is not None:
            return told({"version": self.version})
        if asked.path == "/v1/models" and (self.cards is not None or self.cards_status != 200):
            return told(self.cards, status=self.cards_status)
        if asked.path == "/detokenize":
            return told({"prompt": "".join(self.words[token] for token in asked.body["tokens"])})
        return told({"detail": "Not Found"}, status=404)


def told(body: object, *, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


@contextmanager
def scripted(*steps: Step, otherwise: Step | None = None, **more: Any) -> Iterator[Scripted]:
    """The server, on a free port of this machine. more: fields of `Scripted`, such as version and cards."""
    script = Scripted(list(steps), otherwise or says("An answer."), **more)
    with serving(script) as script.port:
        yield script
