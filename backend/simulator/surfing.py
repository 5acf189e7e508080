"""What somebody without a script sees of any page, and how they go on: forms, frames and links over kept connections.

Unlike `raters.Browser` it follows forms to other servers, as a rater between a vendor's page and ours has to.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from urllib.parse import urlencode, urljoin, urlsplit

VOID = frozenset({"br", "hr", "img", "input", "wbr", "col", "meta", "link"})
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MOST_REDIRECTS = 5


@dataclass(slots=True)
class Form:
    """A form: where it goes, and what it sends of itself. choices: name -> the values that its controls offer."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Seen(HTMLParser):
    """A page: its address and status, the forms, frames and links in it, and the outputs to compare, by form order."""

    def __init__(self, url: str, status: int, html: str) -> None:
        super().__init__()
        self.url, self.status = url, status
        self.forms: list[Form] = []
        self.frames: list[str] = []
        self.links: list[str] = []
        self.outputs: list[str] = []
        self.codes: dict[str, str] = {}
        self.words: list[str] = []
        self.code: str | None = None
        self.depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        if "data-output" in named:
            self.outputs.append("")
            self.depth = 1
        elif self.depth and tag not in VOID:
            self.depth += 1
        self.note(tag, named)

    def note(self, tag: str, named: dict[str, str]) -> None:
        """Remember what can be followed or filled in."""
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, named.get("action", ""))))
        elif tag == "iframe":
            self.frames.append(urljoin(self.url, named.get("src", "")))
        elif tag == "a" and "href" in named:
            self.links.append(urljoin(self.url, named["href"]))
        elif tag in ("input", "button") and "name" in named and self.forms:
            self.control(tag, named)
        elif tag == "code":
            self.code = named.get("id", "")
            self.codes[self.code] = ""

    def control(self, tag: str, named: dict[str, str]) -> None:
        form, name, value = self.forms[-1], named["name"], named.get("value", "")
        if tag == "button" or named.get("type") in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(value)
        else:
            form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in VOID:
            self.depth -= 1
        if tag == "code":
            self.code = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.depth:
            self.outputs[-1] += data
        if self.code is not None:
            self.codes[self.code] += data

    def form(self, ending: str) -> Form | None:
        """The first form whose address ends like this."""
        return next((one for one in self.forms if urlsplit(one.action).path.endswith(ending)), None)

    @property
    def text(self) -> str:
        """Everything that is read on it."""
        return " ".join(" ".join(self.words).split())


@dataclass
class Surfer:
    """One person's browser, with their cookies. Not to be shared between threads."""

    timeout: float = 60
    connections: dict[str, HTTPConnection] = field(default_factory=dict)
    cookies: dict[tuple[str, str], str] = field(default_factory=dict)

    def __enter__(self) -> "Surfer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the next page opens new ones."""
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()

    def open(self, url: str) -> Seen:
        """A page by its whole address."""
        return self.ask("GET", url, None, 0)

    def send(self, form: Form, **filled: str) -> Seen:
        """Send a form with these of its fields filled in."""
        return self.ask("POST", form.action, urlencode({**form.fields, **filled}), 0)

    def ask(self, method: str, url: str, body: str | None, redirects: int) -> Seen:
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {**self.headers(parts.netloc), **(FORM if body is not None else {})}
        try:
            response, html = self.exchange(parts.netloc, method, path, body, headers)
        except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server had closed a connection that was kept open; browsers ask again, on a new one.
            self.connections.pop(parts.netloc).close()
            response, html = self.exchange(parts.netloc, method, path, body, headers)
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[parts.netloc, name] = value
        if response.status in (301, 302, 303, 307) and redirects < MOST_REDIRECTS:
            return self.ask("GET", urljoin(url, response.headers["Location"]), None, redirects + 1)
        return Seen(url, response.status, html)

    def exchange(
        self, host: str, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[HTTPResponse, str]:
        connection = self.connections.setdefault(host, HTTPConnection(host, timeout=self.timeout))
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response, response.read().decode()

    def headers(self, host: str) -> dict[str, str]:
        cookies = [f"{name}={value}" for (of, name), value in self.cookies.items() if of == host]
        return {"Cookie": "; ".join(cookies)} if cookies else {}
