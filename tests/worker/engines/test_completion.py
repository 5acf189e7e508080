"""One token, or one vector, tells whether a server answers; a refusal is not taken for a wait."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from worker.engines.completion import Refused, completes, embeds
from worker.engines.ports import free_port


@contextmanager
def answering(status: int, asked: list[dict[str, object]]) -> Iterator[int]:
    """A server that answers every request with this status, and notes what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({"path": self.path, **body})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"so it is")

        def log_message(self, format: str, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", free_port()), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "is_ready"), [(200, True), (503, False), (429, False)])
def test_an_answer_is_ready_and_a_busy_server_is_waited_for(status: int, is_ready: bool) -> None:
    asked: list[dict[str, object]] = []
    with answering(status, asked) as port:
        assert completes(port, "ours") is is_ready
        assert embeds(port, "ours") is is_ready
    assert [(one["path"], one["model"]) for one in asked] == [("/v1/completions", "ours"), ("/v1/embeddings", "ours")]
    assert (asked[0]["max_tokens"], asked[1]["input"]) == (1, ["Hello"])


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_refusal_is_told_with_the_servers_words(status: int) -> None:
    with answering(status, []) as port, pytest.raises(Refused, match=f"{status}, so it is"):
        completes(port, "ours")
    with answering(status, []) as port, pytest.raises(Refused, match=f"{status}, so it is"):
        embeds(port, "ours")


def test_where_nobody_listens_nothing_is_ready() -> None:
    assert not completes(free_port(), "ours")
