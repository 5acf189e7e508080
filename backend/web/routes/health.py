"""Whether this server can serve, for whoever keeps it running: open to all, and tells nothing else."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from backend.web.deps import TheHouse

router = APIRouter()


@router.get("/healthz")
def healthz(house: TheHouse) -> PlainTextResponse:
    """200 while the database answers, else 503."""
    if house.database.answers():
        return PlainTextResponse("ok\n")
    return PlainTextResponse("The database does not answer.\n", 503)
