"""The socket under tests/openai.py: JSON questions in, answers out, as badly as an answer says. Knows no script."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Protocol


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


class Script(Protocol):
    """What answers: questions to a model, and looks at what is beside."""

    released: Event

    def answer(self, asked: Asked) -> Answer: ...

    def look(self, asked: Asked) -> Answer: ...


class Handler(BaseHTTPRequestHandler):
    """One connection, which may carry many questions."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    script: Script

    def do_GET(self) -> None:
        self.send(self.script.look(self.asked({})))

    def do_POST(self) -> None:
        asked = self.asked(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send(
            self.script.answer(asked)
            if asked.path.endswith(("/completions", "/embeddings"))
            else self.script.look(asked)
        )

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
def serving(script: Script) -> Iterator[int]:
    """The port of this machine on which the script answers; whoever hangs at the end is released."""
    with Sockets(("127.0.0.1", 0), type("Scripting", (Handler,), {"script": script})) as sockets:
        thread = Thread(target=sockets.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield sockets.server_port
        finally:
            script.released.set()
            sockets.shutdown()
            thread.join()
