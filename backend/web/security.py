"""What every answer and every change must satisfy: headers, and where a request came from. Knows no user."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 2**20
UPLOADS = "/studies"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
ON_FILES = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
ON_PAGES = [*ON_FILES, (b"cache-control", b"no-store")]


class Security:
    """Refuses changes that another site asks for and bodies beyond the limit; adds the headers to every answer."""

    def __init__(self, app: ASGIApp, *, max_upload: int) -> None:
        self.app = app
        self.max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Only an import is large: whoever is not let in, or only logs in, has nothing to send that fills the memory.
        most = self.max_upload if scope["path"] == UPLOADS else LARGEST_FORM
        refusal = refused(scope["method"], Headers(scope=scope), most)
        await (refusal or self.app)(scope, bounded(receive, most), with_headers(send, scope["path"]))


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


def with_headers(send: Send, path: str) -> Send:
    """Adds the security headers, and forbids caching of all but static files."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message["headers"]}
            wanted = ON_FILES if path.startswith("/static/") else ON_PAGES
            message["headers"] = [*message["headers"], *(header for header in wanted if header[0] not in given)]
        await send(message)

    return sending
