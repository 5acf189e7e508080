"""The results of a batch: a live page, JSON, CSV and figures of the same numbers."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend.db.batches import Batch, BatchState
from backend.domain.results.reading import WorthReading
from backend.domain.results.summary import STEPS, OnStep
from backend.errors import Conflict, NotFound
from backend.services.judging import judges
from backend.services.money import paysheet, spending
from backend.services.overview import glances
from backend.services.overview.glances import Pulse
from backend.services.results import codes, results, tables
from backend.services.results.kept import Computed, Kept
from backend.services.studies import batches, comparisons, sealing, studies
from backend.web.deps import House, Id, TheHouse, now
from backend.web.drawings import drawing
from backend.web.drawings.drawing import Drawing
from backend.web.drawings.plots import PLOTS
from backend.web.render import page

router = APIRouter()
UNCHANGED = 204
LARGE = 200_000  # seats: from about here on results take longer than a second or two
KINDS: dict[str, tuple[Callable[[Drawing], bytes], str]] = {
    "svg": (lambda made: drawing.svg(made).encode(), "image/svg+xml"),
    "png": (drawing.png, "image/png"),
    "pdf": (drawing.pdf, "application/pdf"),
}


async def the_kept(request: Request) -> Kept:
    """What this process has computed lately; put into the app when it was made."""
    found = request.app.state.kept
    assert isinstance(found, Kept)
    return found


TheKept = Annotated[Kept, Depends(the_kept)]


@router.get("/batches/{batch_id}/results")
def show(request: Request, house: TheHouse, kept: TheKept, batch_id: Id, seen: str = "") -> Response:
    """The verdict, live while votes arrive; its part when the page asks again, and nothing if it has that already."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        seal = sealing.seal(session, batch)
        study = studies.get(session, batch.study_id)
        if seal.is_sealed:
            return page(
                request, "results/sealed.html", batch=batch, study=study, seal=seal, pulse=pulse(session, batch)
            )
        if part and kept.is_current(session, batch, seen):
            return Response(status_code=UNCHANGED)
        progress = pulse(session, batch)
        if progress.comparisons * batch.opening > LARGE and kept.needs_wait(batch.id):
            steps = kept.begin(batch.id, lambda on_step: compute(house, kept, batch_id, on_step))
            return page(request, "results/computing.html", batch=batch, study=study, steps=steps, all_steps=STEPS)
        computed = numbers(session, house, kept, batch)
        return page(
            request,
            "results/_numbers.html" if part else "results/results.html",
            batch=batch,
            study=study,
            seal=seal,
            progress=progress,
            results=computed.results,
            stamp=computed.stamp,
            codes=codes.of_batch(session, batch_id, key=house.tokens.secret_key),
            judge_ids={judge.name: judge.id for judge in judges.of_study(session, study.id)},
            openings=openings(session, batch, computed.results.reading),
            pay=paysheet.in_the_median(session, batch_id, spending.rules(session, batch_id)),
            is_live=batch.state != BatchState.CLOSED and not progress.is_complete,
        )


def compute(house: House, kept: Kept, batch_id: int, on_step: OnStep) -> None:
    """Every number of a large batch, for the pages that wait for it."""
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        key = house.tokens.secret_key
        kept.get(session, batch, lambda: results.of_batch(session, batch.id, key=key, on_step=on_step))


def pulse(session: Session, batch: Batch) -> Pulse:
    """How far the batch is, from indexes alone."""
    return glances.pulses(session, [batch.id], now=now())[batch.id]


def numbers(session: Session, house: House, kept: Kept, batch: Batch) -> Computed:
    """Every number, from one consistent look, for all routes alike. Conflict while the results are sealed."""
    seal = sealing.seal(session, batch)
    if seal.is_sealed:
        raise Conflict(seal.why)
    return kept.get(session, batch, lambda: results.of_batch(session, batch.id, key=house.tokens.secret_key))


def openings(session: Session, batch: Batch, listed: WorthReading) -> dict[int, str]:
    """How the prompts begin that are worth reading, by their comparison's place."""
    entries = (*listed.splits, *listed.surprising, *listed.fastest)
    return comparisons.openings(session, batch, {one.comparison for one in entries})


@router.get("/batches/{batch_id}/results.json")
def as_json(house: TheHouse, kept: TheKept, batch_id: Id) -> Response:
    """Every number, as docs/results.schema.json describes."""
    with house.database.reading() as session:
        return JSONResponse(numbers(session, house, kept, batches.get(session, batch_id)).results.to_json())


@router.get("/batches/{batch_id}/results.csv")
def as_csv(house: TheHouse, kept: TheKept, batch_id: Id) -> Response:
    """One row a candidate."""
    with house.database.reading() as session:
        text = tables.of_candidates(numbers(session, house, kept, batches.get(session, batch_id)).results)
    return taken(text.encode(), "text/csv; charset=utf-8", f"assay-batch-{batch_id}.csv")


@router.get("/batches/{batch_id}/figures/{name}.{kind}")
def figure(house: TheHouse, kept: TheKept, batch_id: Id, name: str, kind: str) -> Response:
    """A figure as a file that stands alone."""
    if name not in PLOTS or kind not in KINDS:
        raise NotFound(f"There is no figure {name}.{kind}; there are {', '.join(PLOTS)} as {', '.join(KINDS)}.")
    with house.database.reading() as session:
        computed = numbers(session, house, kept, batches.get(session, batch_id))
    made = PLOTS[name](computed.results)
    if made is None:
        raise NotFound(f"There is nothing to draw for the figure {name} yet.")
    write, media_type = KINDS[kind]
    return taken(write(made), media_type, f"assay-batch-{batch_id}-{name}.{kind}")


def taken(content: bytes, media_type: str, name: str) -> Response:
    """A file to keep."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
