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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

MODEL = "a-model"
VERSION = "0.32.0"


@dataclass(frozen=True)
class Asked:
    """One question as it came: path, headers with their names in small letters, and the body."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def is_chat(self) -> bool:
        return self.path.endswith("/chat/completions")

    @property
    def prompt(self) -> str:
        """What the model would read: the text, or all turns."""
        if self.is_chat:
            return "\n".join(turn["content"] for turn in self.body["messages"])
        return str(self.body.get("prompt", ""))


@dataclass(frozen=True)
class Answer:
    """What is sent. body: None hangs up instead. cut: bytes of the body that are sent, of those that are promised.

    hang: wait before the answer until the server is released. drip: a byte at a time.
    """

    status: int = 200
    body: bytes | None = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: bool = False
    drip: bool = False


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


class Handler(BaseHTTPRequestHandler):
    """One connection, which may carry many questions."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Scripted

    def do_GET(self) -> None:
        self.send(self.script.look(self.asked({})))

    def do_POST(self) -> None:
        asked = self.asked(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send(self.script.answer(asked) if asked.path.endswith("/completions") else self.script.look(asked))

    def asked(self, body: Mapping[str, Any]) -> Asked:
        return Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)

    def send(self, answer: Answer) -> None:
        if answer.hang:
            self.script.released.wait()
        if answer.body is None or answer.hang:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.write(answer, answer.body)

    def write(self, answer: Answer, body: bytes) -> None:
        try:
            for piece in (bytes([byte]) for byte in body) if answer.drip else (body[: answer.cut],):
                self.wfile.write(piece)
                self.wfile.flush()
        except OSError:  # whoever asked has had enough
            self.close_connection = True
        if answer.cut is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Sockets(ThreadingHTTPServer):
    """Many at once; a connection that is left open does not keep the test from ending."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def scripted(*steps: Step, otherwise: Step | None = None, **more: Any) -> Iterator[Scripted]:
    """The server, on a free port of this machine. more: fields of `Scripted`, such as version and cards."""
    script = Scripted(list(steps), otherwise or says("An answer."), **more)
    with Sockets(("127.0.0.1", 0), type("Scripting", (Handler,), {"script": script})) as sockets:
        script.port = sockets.server_port
        thread = Thread(target=sockets.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            script.released.set()
            sockets.shutdown()
            thread.join()
