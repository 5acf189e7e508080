"""The stand-in as a server: the requester's API and its queue at `/`, the workers' pages below `/mturk/`.

Knows only HTTP.
Every answer leaves in one write: two writes cost 45 ms a call, for the second waits for the first one's acknowledgment.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from urllib.parse import parse_qsl, urlencode, urlsplit

from backend.simulator.mturk import pages, queue, requester, wire, workers
from backend.simulator.mturk.market import Market
from backend.simulator.mturk.wire import RequestError
from backend.simulator.mturk.workers import Turned

Fields = list[tuple[str, str]]


class Server(ThreadingHTTPServer):
    """One market on a free port of this machine, from `with` to the end of its block."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, market: Market, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), Handler)
        self.market = market
        self.model = wire.service()
        self.queue_model = wire.service("sqs")
        self.url = f"http://{host}:{self.server_address[1]}"
        self.queue_url = self.url + queue.PATH
        self.open: set[socket.socket] = set()
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> "Server":
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.thread.join()
        for connection in list(self.open):
            with suppress(OSError):  # the other side may be gone already
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: the market's state is the record."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The vendor's time, not the machine's."""
        return format_datetime(self.server.market.now(), usegmt=True)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.show(GET, parts.path, parse_qsl(parts.query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if "X-Amz-Target" in self.headers:
            self.call(body)
        else:
            fields = parse_qsl(body.decode(), keep_blank_values=True)
            self.show(POST, urlsplit(self.path).path, fields)

    def call(self, body: bytes) -> None:
        """A requester's call, and its answer."""
        url = f"http://{self.headers['Host']}{self.path}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if headers["x-amz-target"].startswith(queue.TARGET):
                status, answer = queue.answer(self.server.market, self.server.queue_model, url, headers, body)
            else:
                status, answer = requester.answer(self.server.market, self.server.model, url, headers, body)
        except requester.CutOff:
            self.close_connection = True
            return
        self.reply(status, answer, {"Content-Type": "application/x-amz-json-1.1"})

    def show(self, routes: dict[str, "Route"], path: str, fields: Fields) -> None:
        """A worker's page, a redirect after a form, or a sentence about what is wrong."""
        if path not in routes:
            self.page(404, pages.page("Not found", ""))
            return
        try:
            with self.server.market.lock:
                text = routes[path](self.server, fields)
        except (Turned, RequestError) as turned:
            self.page(409, pages.page("Sorry", f"<p>{escape(str(turned))}</p>"))
            return
        if text.startswith("/"):
            self.reply(303, b"", {"Location": text})
        else:
            self.page(200, text)

    def page(self, status: int, html: str) -> None:
        self.reply(status, html.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


Route = Callable[[Server, Fields], str]


def offers(server: Server, fields: Fields) -> str:
    return pages.offers(server.market, workers.known(server.market, dict(fields).get("workerId", "")).id)


def preview(server: Server, fields: Fields) -> str:
    given = dict(fields)
    hit, worker_id = server.market.hit(given.get("hitId", "")), given.get("workerId", "")
    workers.may_preview(server.market, worker_id, hit)
    return pages.preview(server.market, hit, worker_id)


def task(server: Server, fields: Fields) -> str:
    one = workers.working(server.market, dict(fields).get("assignmentId", ""))
    return pages.task(server.market, one, submit_to=server.url)


def accept(server: Server, fields: Fields) -> str:
    given = dict(fields)
    one = workers.accept(server.market, given.get("workerId", ""), given.get("hitId", ""))
    return f"/mturk/task?{urlencode({'assignmentId': one.id})}"


def give_back(server: Server, fields: Fields) -> str:
    workers.give_back(server.market, dict(fields).get("assignmentId", ""))
    return pages.page("Returned", "<p>You have returned this HIT.</p>")


def submit(server: Server, fields: Fields) -> str:
    workers.submit(server.market, dict(fields).get("assignmentId", ""), fields)
    return pages.page("Submitted", "<p>The HIT has been submitted. Thank you.</p>")


GET: dict[str, Route] = {"/": offers, "/mturk/preview": preview, "/mturk/task": task}
POST: dict[str, Route] = {
    "/mturk/accept": accept,
    "/mturk/return": give_back,
    "/mturk/externalSubmit": submit,
}
