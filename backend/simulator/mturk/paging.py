"""Lists in pages of at most a hundred, with a token that leads to the next."""

from backend.simulator.mturk.wire import Answer, Request, RequestError

USUAL = 10


def paged(request: Request, name: str, rows: list[dict[str, object]]) -> Answer:
    """The page that a request asks for; no NextToken on the last."""
    token = request.text("NextToken", "0")
    if not token.isdigit():
        raise RequestError("ParameterValidationError", f"NextToken {token!r} is none of ours.")
    start, size = int(token), request.integer("MaxResults", USUAL)
    page = rows[start : start + size]
    more = {"NextToken": str(start + size)} if start + size < len(rows) else {}
    return {name: page, "NumResults": len(page), **more}
