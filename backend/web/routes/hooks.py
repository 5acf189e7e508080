"""What vendors ring at. A notification that is signed makes us read the vendor's list again, and is never believed."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.background import BackgroundTasks
from starlette.requests import Request
from starlette.responses import Response

from backend.crowd.prolific import read_event
from backend.crowd.protocol import Refused
from backend.db.raters import Channel
from backend.errors import Forbidden, Invalid
from backend.services.crowd import bells
from backend.services.crowd.bells import Bells
from backend.web.deps import TheHouse, now

router = APIRouter()
log = structlog.get_logger()
LONGEST_EVENT = 64 * 1024


async def the_bells(request: Request) -> Bells:
    """Where somebody has rung in this process; put into the app when it was made."""
    found = request.app.state.bells
    assert isinstance(found, Bells)
    return found


async def the_bytes(request: Request) -> bytes:
    """The body as it came, for that is what is signed."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_EVENT:
            raise Invalid("This is longer than any notification.")
    return body


@router.post("/hooks/prolific")
def prolific(
    request: Request,
    house: TheHouse,
    body: Annotated[bytes, Depends(the_bytes)],
    waiting: Annotated[Bells, Depends(the_bells)],
) -> Response:
    """Prolific says that something has changed. It is answered at once; what follows is read after that."""
    try:
        event = read_event(request.headers, body, house.settings.prolific_webhook_secret, now())
    except Refused as refusal:
        raise Forbidden(str(refusal)) from None
    log.info("prolific.rang", id=event.id, kind=event.kind, resource=event.resource_id)
    with house.database.reading() as session:
        found = bells.doors(session, Channel.PROLIFIC, event.resource_id)
    tasks = BackgroundTasks()
    for door in found:
        if waiting.ring(door):
            tasks.add_task(waiting.answer, door, house.database, house.settings, clock=now)
    return Response(status_code=204, background=tasks)
