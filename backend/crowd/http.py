"""A small JSON client for vendors' HTTP interfaces, and answers read field by field. Knows no vendor.

What was refused as too fast (429) is asked again after the pause that the vendor names, else after a growing one; what
only reads is also asked again after a failure. Anything else that fails may have acted, so it is asked once and the
caller decides.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from math import ceil
from typing import TypeAlias
from urllib.parse import urlsplit

from backend.crowd.protocol import NotAllowed, Unreachable

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

TOO_FAST = 429
LONGEST_PAUSE = 60.0
NEAR = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object. What is missing or of another kind than promised raises Unreachable: it is no answer to use."""

    fields: Mapping[str, Json]

    def text(self, name: str) -> str:
        """A field that must be text."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise Unreachable(f"The answer has no text called {name}.")
        return value

    def text_or_none(self, *names: str) -> str | None:
        """The first of these fields that holds any text."""
        values = (self.fields.get(name) for name in names)
        return next((value for value in values if isinstance(value, str) and value), None)

    def whole(self, name: str) -> int:
        """A field that must be a whole number, be it written as 150 or as 150.0."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise Unreachable(f"The answer has no whole number called {name}.")
        return int(value)

    def at_most(self, name: str) -> int | None:
        """A cost that may be absent, rounded up where it is no whole number."""
        value = self.fields.get(name)
        return ceil(value) if isinstance(value, int | float) else None

    def wholes(self, name: str) -> list[int]:
        """A list of whole numbers; none where the field is absent."""
        return [Record({"each": value}).whole("each") for value in self.values(name)]

    def texts(self, name: str) -> list[str]:
        """A list of texts; none where the field is absent."""
        return [Record({"each": value}).text("each") for value in self.values(name)]

    def record(self, name: str) -> "Record":
        """An object inside this one; an empty one where the field is absent."""
        value = self.fields.get(name)
        return Record(value if isinstance(value, Mapping) else {})

    def records(self, name: str) -> list["Record"]:
        """A list of objects; none where the field is absent."""
        return [Record(value) for value in self.values(name) if isinstance(value, Mapping)]

    def values(self, name: str) -> Sequence[Json]:
        value = self.fields.get(name)
        return value if isinstance(value, Sequence) and not isinstance(value, str) else ()

    def time_or_none(self, name: str) -> datetime | None:
        """A moment in ISO 8601; one without a zone is in UTC."""
        text = self.text_or_none(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Unreachable(f"The answer's {name} is no time.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, the named pause if there was one, and the body (empty if it was no JSON object)."""

    status: int
    pause: float | None
    body: Record


@dataclass(frozen=True, slots=True)
class Client:
    """One vendor's interface. base_url may hold a path; attempts: how often at most one thing is asked."""

    base_url: str
    headers: tuple[tuple[str, str], ...]
    sleep: Callable[[float], None] = time.sleep
    timeout: float = 30
    attempts: int = 5

    def ask(self, method: str, path: str, body: Json = None) -> Answer:
        """Ask, patiently. Raises Unreachable where nothing came back."""
        for number in range(1, self.attempts):
            try:
                answer = self.exchange(method, path, body)
            except Unreachable:
                if method != "GET":
                    raise
                self.sleep(pause(number, None))
                continue
            if answer.status != TOO_FAST and (method != "GET" or answer.status < 500):
                return answer
            self.sleep(pause(number, answer.pause))
        return self.exchange(method, path, body)

    def exchange(self, method: str, path: str, body: Json) -> Answer:
        """Ask once, on a connection of its own."""
        parts = urlsplit(self.base_url)
        if parts.scheme != "https" and parts.hostname not in NEAR:
            raise NotAllowed(f"The credentials would go to {parts.hostname} for everybody to read; use https.")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        sent = None if body is None else json.dumps(body).encode()
        headers = dict(self.headers) | {"Accept": "application/json"}
        if sent is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, parts.path.rstrip("/") + path, sent, headers)
            response = connection.getresponse()
            return Answer(response.status, seconds(response.headers.get("Retry-After")), read(response.read()))
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{parts.hostname} did not answer ({type(error).__name__}).") from error
        finally:
            connection.close()


def pause(number: int, named: float | None) -> float:
    """Seconds to wait after so many tries: what was named, else 1, 2, 4, …; never more than a minute."""
    return min(2.0 ** (number - 1) if named is None else named, LONGEST_PAUSE)


def seconds(header: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, counts as not named, since our clocks may differ."""
    return float(header) if header is not None and header.isascii() and header.isdigit() else None


def read(raw: bytes) -> Record:
    """A body as an object; empty if it is none."""
    try:
        value: Json = json.loads(raw)
    except ValueError:
        return Record({})
    return Record(value if isinstance(value, Mapping) else {})
