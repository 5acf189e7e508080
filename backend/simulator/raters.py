"""Simulated raters: they open a link, read the page and press its buttons, over real HTTP.

They know only what a person would see. Their taste is declared and simple, so that nobody takes their verdict for a
finding about quality: it is there to rehearse a study.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPResponse
from random import Random
from urllib.parse import urlencode, urlsplit

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PART = {"X-Part": "main"}

Taste = Callable[[str, str, Random], str]


class Page(HTMLParser):
    """A rater's page as its reader sees it: the two outputs, and the seat that the form will send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.assignment: str | None = None
        self.outputs: list[str] = []
        self.depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if named.get("name") == "assignment" and self.assignment is None:
            self.assignment = named.get("value")
        if "data-output" in named:
            self.outputs.append("")
            self.depth = 1
        elif self.depth and tag not in VOID:
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in VOID:
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.outputs[-1] += data


VOID = frozenset({"br", "hr", "img", "input", "wbr", "col"})


class Browser:
    """One kept-open connection to a server; follows the redirect after a form, as browsers do."""

    def __init__(self, base_url: str, *, timeout: float = 60) -> None:
        parts = urlsplit(base_url)
        self.connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def get(self, path: str) -> tuple[int, str]:
        """A page by its address."""
        return self.answer("GET", path, None, {})

    def post(self, path: str, **form: str) -> tuple[int, str, str | None]:
        """Send a form as the page's script does; the status, the next part, and the receipt if there is one."""
        response, body = self.exchange("POST", path, urlencode(form), FORM | PART)
        if response.status == 303:
            status, body = self.get(response.headers["Location"])
            return status, body, None
        return response.status, body, response.headers.get("X-Receipt")

    def answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        response, text = self.exchange(method, path, body, headers)
        if response.status == 303:
            return self.get(response.headers["Location"])
        return response.status, text

    def exchange(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[HTTPResponse, str]:
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        return response, response.read().decode()


def prefers_longer(first: str, second: str, random: Random) -> str:
    """Takes the longer output four times in five, and calls lengths within a tenth of each other the same."""
    if abs(len(first) - len(second)) <= 0.1 * max(len(first), len(second)):
        return "tie"
    longer, shorter = ("first", "second") if len(first) > len(second) else ("second", "first")
    return longer if random.random() < 0.8 else shorter


def asked_for(outputs: str) -> str | None:
    """What the outputs themselves ask to press, as attention checks do: these raters read, whatever their taste."""
    found = re.search(r"press the button for Output ([12])", outputs)
    return None if found is None else ("first", "second")[int(found[1]) - 1]


@dataclass
class SimulatedRater:
    """Somebody with a link, a taste and a seed, who rates until the server has nothing left for them."""

    base_url: str
    path: str
    seed: int
    taste: Taste = prefers_longer
    on_rating: Callable[[], None] = lambda: None
    receipts: list[str] = field(default_factory=list)

    def run(self) -> int:
        """Rate everything there is; how many ratings were receipted."""
        with Browser(self.base_url) as browser:
            return self.rate_all(Random(self.seed), browser)

    def rate_all(self, random: Random, browser: Browser) -> int:
        status, html = browser.get(self.path)
        while True:
            page = Page(html)
            if page.assignment is None:
                page = Page(browser.post(f"{self.path}/next")[1])
            if page.assignment is None:
                return len(self.receipts)
            first, second = page.outputs
            choice = asked_for(first + second) or self.taste(first, second, random)
            status, html, receipt = browser.post(
                f"{self.path}/ratings",
                assignment=page.assignment,
                choice=choice,
                active_ms=str(random.randint(4_000, 60_000)),
            )
            if receipt is None:
                raise RuntimeError(f"{self.path} answered {status} without a receipt")
            self.receipts.append(receipt)
            self.on_rating()
