"""What vendors ring at: a notification is a doorbell. What follows it is reading the vendor's list, never its word."""

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from backend.crowd.prolific import events
from backend.crowd.protocol import Refused
from backend.errors import Forbidden, Invalid
from backend.web.deps import TheHouse, now

router = APIRouter()
log = structlog.get_logger()
LONGEST_EVENT = 64 * 1024


@router.post("/hooks/prolific")
async def prolific(request: Request, house: TheHouse) -> Response:
    """Prolific says that something has changed."""
    body = await raw(request)
    try:
        event = events.read_event(request.headers, body, house.settings.prolific_webhook_secret, now())
    except Refused as refusal:
        raise Forbidden(str(refusal)) from None
    log.info("prolific.rang", event=event.id, kind=event.kind, resource=event.resource_id)
    return Response(status_code=204)


async def raw(request: Request) -> bytes:
    """The body's bytes as they came, which is what is signed."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_EVENT:
            raise Invalid("This is longer than any notification.")
    return body
