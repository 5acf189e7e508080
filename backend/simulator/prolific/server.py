"""The simulated vendor on a real socket: token, faults, then the verb, under the account's lock."""

import json
import socket
from dataclasses import dataclass, field
from threading import Thread
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import Route

from backend.crowd.http import Json, read
from backend.crowd.protocol import Unreachable
from backend.simulator.prolific.api import find
from backend.simulator.prolific.events import Subscription
from backend.simulator.prolific.faults import Fault, When
from backend.simulator.prolific.participants import Participants
from backend.simulator.prolific.request import Reply, Request, Wrong
from backend.simulator.prolific.state import Account

ROOT = "/api/v1"


@dataclass
class Simulator:
    """A vendor that runs while the `with` lasts. port 0 is any free one; asked: what was asked, in order."""

    account: Account
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def participants(self) -> Participants:
        return Participants(self.account)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{ROOT}"

    def subscribe(self, url: str, *, secret: str) -> Subscription:
        """Tell this address of every change; they wait until the subscription delivers them."""
        subscription = Subscription(url, secret, self.account.now)
        self.account.changed = subscription.hear
        return subscription

    def __enter__(self) -> "Simulator":
        self.socket = socket.create_server(("127.0.0.1", self.port))
        self.port = self.socket.getsockname()[1]
        route = Route(f"{ROOT}/{{path:path}}", self.serve, methods=["GET", "POST", "PATCH", "DELETE"])
        config = uvicorn.Config(Starlette(routes=[route]), lifespan="off", ws="none", log_config=None)
        self.server = uvicorn.Server(config)
        self.thread = Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()

    async def serve(self, asked: Asked) -> Response:
        """One request. All that is done is done in memory, so nothing here waits."""
        body, path = await asked.body(), f"/{asked.path_params['path']}"
        with self.account.lock:
            self.asked.append((asked.method, path))
            fault = next((one for one in self.faults if one.strikes(asked.method, path)), None)
            if fault is not None and fault.when == When.TOO_FAST:
                return respond(429, problem(429, "Too many requests"), retry_after=fault.retry_after)
            if fault is not None and fault.when == When.BEFORE:
                return respond(500, problem(500, "Something went wrong"))
            status, answer = self.act(asked, path, body)
        if fault is not None and fault.when == When.AFTER:
            return respond(500, problem(500, "Something went wrong"))
        if fault is not None and fault.when == When.GIBBERISH:
            return Response("<h1>Maintenance</h1>", 200, media_type="text/html")
        return respond(status, answer)

    def act(self, asked: Asked, path: str, body: bytes) -> Reply:
        """Check the token and do the verb."""
        if asked.headers.get("authorization") != f"Token {self.account.token}":
            return 401, problem(401, "Invalid token")
        try:
            verb, ids = find(asked.method, path)
            self.account.tick()
            return verb(self.account, Request(ids, dict(asked.query_params), read(body)))
        except Wrong as wrong:
            return wrong.status, problem(wrong.status, wrong.detail)
        except Unreachable as missing:
            return 400, problem(400, str(missing))


def problem(status: int, detail: str) -> Json:
    """An error in the vendor's shape."""
    return {"error": {"status": status, "title": "Error", "detail": detail}}


def respond(status: int, body: Json, *, retry_after: int | None = None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    content = b"" if body is None else json.dumps(body).encode()
    return Response(content, status, headers, media_type="application/json")
