"""Many browsers in one thread. Threads of Python would wait for each other, and be taken for a server that is slow."""

import asyncio
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlencode, urlsplit

FORM = "Content-Type: application/x-www-form-urlencoded\r\nX-Part: main\r\n"


@dataclass(frozen=True)
class Answer:
    """What came back: the names of the headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: str


class Client:
    """One kept-open connection; it asks one thing at a time and follows the redirect after a form.

    A server closes a connection that was idle for some seconds: as browsers do, it is then opened again.
    """

    def __init__(self, base_url: str) -> None:
        self.host, _, self.port = urlsplit(base_url).netloc.partition(":")

    async def __aenter__(self) -> "Client":
        await self.connect()
        return self

    async def connect(self) -> None:
        self.reader: StreamReader
        self.writer: StreamWriter
        self.reader, self.writer = await asyncio.open_connection(self.host, int(self.port))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    async def get(self, path: str) -> Answer:
        """A page by its address."""
        return await self.exchange("GET", path, "", "")

    async def post(self, path: str, **form: str) -> Answer:
        """Send a form as the page's script does."""
        answer = await self.exchange("POST", path, FORM, urlencode(form))
        return await self.get(answer.headers["location"]) if answer.status == 303 else answer

    async def exchange(self, method: str, path: str, headers: str, body: str) -> Answer:
        where = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
        request = f"{where}Content-Length: {len(body)}\r\n{headers}\r\n{body}".encode()
        try:
            head = await self.sent(request)
        except (IncompleteReadError, ConnectionError):
            await self.connect()
            head = await self.sent(request)
        first, *lines = head.decode().split("\r\n")[:-2]
        given = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await self.reader.readexactly(int(given["content-length"]))
        return Answer(int(first.split()[1]), given, content.decode())

    async def sent(self, request: bytes) -> bytes:
        """The head of the answer."""
        self.writer.write(request)
        return await self.reader.readuntil(b"\r\n\r\n")
