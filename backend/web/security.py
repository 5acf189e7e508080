"""What every answer and every change must satisfy: headers, and where a request came from. Knows no user."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 2**20
UPLOADS = re.compile(r"/studies|/studies/\d+/verdicts|/batches/\d+/incoming")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The only pages that another site may frame: those that Mechanical Turk shows to raters.
FRAMED = "/hit/"
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def policy(**changes: str) -> str:
    """The content security policy, with other values for some directives."""
    directives = DIRECTIVES | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


HEADERS = {
    "Content-Security-Policy": policy(),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
Raw = Sequence[tuple[bytes, bytes]]
NOT_KEPT = (b"cache-control", b"no-store")


def framed(sites: Sequence[str]) -> dict[str, str]:
    """The headers of the pages that these sites may frame, and whose last form may go to them."""
    listed = " ".join(sites)
    headers = HEADERS | {"Content-Security-Policy": policy(form_action=f"'self' {listed}", frame_ancestors=listed)}
    # These two know no list: one would empty the frame, and the other means nothing in it.
    return {name: headers[name] for name in headers if name not in ("X-Frame-Options", "Cross-Origin-Opener-Policy")}


class Security:
    """Refuses changes that another site asks for and bodies beyond the limit; adds the headers to every answer."""

    def __init__(self, app: ASGIApp, *, max_upload: int, framed: Mapping[str, str]) -> None:
        self.app = app
        self.max_upload = max_upload
        self.on_files = raw(HEADERS)
        self.on_pages = (*self.on_files, NOT_KEPT)
        self.on_framed = (*raw(framed), NOT_KEPT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Only an import is large: whoever is not let in, or only logs in, has nothing to send that fills the memory.
        most = self.max_upload if UPLOADS.fullmatch(scope["path"]) else LARGEST_FORM
        refusal = refused(scope["method"], Headers(scope=scope), most)
        await (refusal or self.app)(scope, bounded(receive, most), with_headers(send, self.wanted(scope["path"])))

    def wanted(self, path: str) -> Raw:
        """The headers of the answers at this address: all but static files are kept nowhere."""
        if path.startswith("/static/"):
            return self.on_files
        return self.on_framed if path.startswith(FRAMED) else self.on_pages


def raw(headers: Mapping[str, str]) -> Raw:
    """Headers as they are sent."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def bounded(receive: Receive, most: int) -> Receive:
    """Stops reading a body that did not say its length, or said a wrong one, once it is longer than this."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, too_large(most))
        return message

    return limited


def refused(method: str, headers: Headers, max_body: int) -> PlainTextResponse | None:
    """The answer to a request that must not go on, or None."""
    if method in SAFE_METHODS:
        return None
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        return PlainTextResponse("The length of this request is no number.\n", 400)
    if int(length) > max_body:
        return PlainTextResponse(f"{too_large(max_body)}\n", 413)
    if not from_here(headers):
        return PlainTextResponse("This request came from another site, so nothing was changed.\n", 403)
    return None


def too_large(most: int) -> str:
    return f"This is larger than the limit of {most // 2**20} MiB, so nothing was stored."


def from_here(headers: Headers) -> bool:
    """Browsers say where a request comes from; a client that says nothing carries no browser's cookies by accident."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def with_headers(send: Send, wanted: Raw) -> Send:
    """Adds these headers to the answer, where it does not say them itself."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(header for header in wanted if header[0] not in said)]
        await send(message)

    return sending
