"""What every answer and every change must satisfy: headers, and where a request came from. Knows no user."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class Security:
    """Refuses changes that another site asks for and bodies beyond the limit; adds the headers to every answer."""

    def __init__(self, app: ASGIApp, *, max_body: int) -> None:
        self.app = app
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = refused(scope["method"], Headers(scope=scope), self.max_body)
        await (refusal or self.app)(scope, self.bounded(receive), with_headers(send, scope["path"]))

    def bounded(self, receive: Receive) -> Receive:
        """Stops reading a body that is longer than it said or than the limit."""
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return {"type": "http.disconnect"} if seen > self.max_body else message

        return limited


def refused(method: str, headers: Headers, max_body: int) -> PlainTextResponse | None:
    """The answer to a request that must not go on, or None."""
    if method in SAFE_METHODS:
        return None
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        return PlainTextResponse("The length of this request is no number.\n", 400)
    if int(length) > max_body:
        return PlainTextResponse(f"This is larger than the limit of {max_body // 2**20} MiB.\n", 413)
    if not from_here(headers):
        return PlainTextResponse("This request came from another site, so nothing was changed.\n", 403)
    return None


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
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not path.startswith("/static/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
