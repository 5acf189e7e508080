"""The results of a batch: a live page, JSON and CSV of the same numbers."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend.services import batches, results, studies, tables
from backend.web.deps import Id, TheHouse
from backend.web.render import page

router = APIRouter()


@router.get("/batches/{batch_id}/results")
def show(request: Request, house: TheHouse, batch_id: Id) -> Response:
    """The verdict, live while votes arrive; only its part when the page asks for it again."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        return page(
            request,
            "results/_numbers.html" if part else "results/results.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            progress=batches.progress(session, batch_id),
            results=results.of_batch(session, batch_id),
        )


@router.get("/batches/{batch_id}/results.json")
def as_json(house: TheHouse, batch_id: Id) -> Response:
    """Every number, as docs/results.schema.json describes."""
    with house.database.reading() as session:
        return JSONResponse(results.of_batch(session, batch_id).to_json())


@router.get("/batches/{batch_id}/results.csv")
def as_csv(house: TheHouse, batch_id: Id) -> Response:
    """One row a candidate."""
    with house.database.reading() as session:
        text = tables.of_candidates(results.of_batch(session, batch_id))
    headers = {"Content-Disposition": f'attachment; filename="assay-batch-{batch_id}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
