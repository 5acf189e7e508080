"""The first page: every study at a glance."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from backend.services.overview import dashboard
from backend.services.overview.glances import Memory
from backend.web.deps import TheHouse, now
from backend.web.render import page

router = APIRouter()


async def the_memory(request: Request) -> Memory:
    """What this process has seen of batches; put into the app when it was made."""
    found = request.app.state.memory
    assert isinstance(found, Memory)
    return found


@router.get("/")
def show(
    request: Request,
    house: TheHouse,
    memory: Annotated[Memory, Depends(the_memory)],
    q: str = "",
    number: Annotated[int, Query(alias="page")] = 1,
) -> Response:
    """The studies that fit the search; only their list when the page asks for it again, and then it can wait."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        found = dashboard.look(
            session, memory, key=house.tokens.secret_key, query=q, page=number, now=now(), patient=part
        )
        return page(request, "home/_list.html" if part else "home/home.html", found=found)
