"""Training runs: all of them, one with its curves as they grow, and on to the study whose prompts its model answers."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.db.base import LARGEST_NUMBER
from backend.services.studies import studies
from backend.services.training import runs
from backend.services.training.metrics import Memory
from backend.web import training_words
from backend.web.deps import Id, TheHouse, now
from backend.web.render import page

router = APIRouter(prefix="/training")
Study = Annotated[int, Query(ge=1, le=LARGEST_NUMBER)]


def memory(request: Request) -> Memory:
    """What this server has read of runs' metrics."""
    found = request.app.state.metrics
    assert isinstance(found, Memory)
    return found


@router.get("")
def index(request: Request, house: TheHouse) -> Response:
    """All runs; only their list when the page asks for it again."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        found = runs.lines(session, now=now())
    template = "training/_list.html" if part else "training/training.html"
    return page(request, template, found=training_words.by_run(found, memory(request)))


@router.get("/{run_id}")
def show(request: Request, house: TheHouse, run_id: Id) -> Response:
    """One run."""
    with house.database.reading() as session:
        line = runs.line(session, run_id, now=now())
        offered = studies.newest(session) if line.model else []
    seen = training_words.seen(memory(request), line.run.folder)
    return page(
        request,
        "training/run.html",
        line=line,
        seen=seen,
        pictures=training_words.pictures(seen),
        told=training_words.told(seen.facts),
        studies=offered,
    )


@router.get("/{run_id}/progress")
def progress(request: Request, house: TheHouse, run_id: Id) -> Response:
    """How far it is. Once its job has ended, the page around it says something else and is asked for anew."""
    with house.database.reading() as session:
        line = runs.line(session, run_id, now=now())
    seen = training_words.seen(memory(request), line.run.folder)
    pictures = training_words.pictures(seen)
    answer = page(request, "training/_progress.html", line=line, seen=seen, pictures=pictures)
    if not (line.job and line.job.is_live):
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.get("/{run_id}/system")
def system(house: TheHouse, run_id: Id, study: Study) -> Response:
    """On to the form that makes its model a system of this study."""
    with house.database.reading() as session:
        found = studies.get(session, study).id, runs.get(session, run_id).id
    return RedirectResponse("/studies/{}/systems/new?run={}".format(*found), 303)
