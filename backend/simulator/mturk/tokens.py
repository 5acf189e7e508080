"""UniqueRequestToken: a second request with the same one within 24 hours is an error that says what the first made."""

from datetime import timedelta

from backend.simulator.mturk.market import Market
from backend.simulator.mturk.wire import Request, RequestError

KEPT = timedelta(hours=24)
# The documents name only HitAlreadyExists; of the others they say that the message holds the request id.
REPEATED = "RequestAlreadyExists"


def refuse_repeat(market: Market, operation: str, request: Request) -> None:
    """Raises RequestError if this operation has been done with this token."""
    token = request.text("UniqueRequestToken")
    made, since = market.tokens.get((operation, token), ("", None))
    if since is None or market.now() - since >= KEPT:
        return
    if operation == "CreateHIT":
        raise RequestError("HitAlreadyExists", f"A HIT with this request token already exists, with the HITId {made}.")
    raise RequestError(REPEATED, f"A request with this token has been processed already. Request id: {made}")


def remember(market: Market, operation: str, request: Request, made: str) -> None:
    """From now on a repeat is told what was made."""
    if token := request.text("UniqueRequestToken"):
        market.tokens[operation, token] = (made, market.now())
