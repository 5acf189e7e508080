"""The results of a batch: a live page, JSON, CSV and figures of the same numbers."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend.db.batches import Batch, BatchState
from backend.services import batches, codes, results, studies, tables
from backend.services.kept import Computed, Kept
from backend.web.deps import House, TheHouse
from backend.web.render import page

router = APIRouter()
UNCHANGED = 204


async def the_kept(request: Request) -> Kept:
    """What this process has computed lately; put into the app when it was made."""
    found = request.app.state.kept
    assert isinstance(found, Kept)
    return found


TheKept = Annotated[Kept, Depends(the_kept)]


@router.get("/batches/{batch_id}/results")
def show(request: Request, house: TheHouse, kept: TheKept, batch_id: int, seen: str = "") -> Response:
    """The verdict, live while votes arrive; its part when the page asks again, and nothing if it has that already."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        if part and kept.is_current(session, batch, seen):
            return Response(status_code=UNCHANGED)
        computed = numbers(session, house, kept, batch)
        progress = batches.progress(session, batch_id)
        return page(
            request,
            "results/_numbers.html" if part else "results/results.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            progress=progress,
            results=computed.results,
            stamp=computed.stamp,
            codes=codes.of_batch(session, batch_id, key=house.tokens.secret_key),
            is_live=batch.state != BatchState.CLOSED and not progress.is_complete,
        )


def numbers(session: Session, house: House, kept: Kept, batch: Batch) -> Computed:
    """Every number, from one consistent look, for all routes alike."""
    return kept.get(session, batch, lambda: results.of_batch(session, batch.id, key=house.tokens.secret_key))


@router.get("/batches/{batch_id}/results.json")
def as_json(house: TheHouse, kept: TheKept, batch_id: int) -> Response:
    """Every number, as docs/results.schema.json describes."""
    with house.database.reading() as session:
        return JSONResponse(numbers(session, house, kept, batches.get(session, batch_id)).results.to_json())


@router.get("/batches/{batch_id}/results.csv")
def as_csv(house: TheHouse, kept: TheKept, batch_id: int) -> Response:
    """One row a candidate."""
    with house.database.reading() as session:
        text = tables.of_candidates(numbers(session, house, kept, batches.get(session, batch_id)).results)
    headers = {"Content-Disposition": f'attachment; filename="assay-batch-{batch_id}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
