"""Jobs: what is being done, how fast and for how much, what became of it; stopping one and trying it again."""

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.jobs import Queue
from backend.errors import Conflict, Invalid
from backend.services.asking import generations, job_lines, jobs
from backend.services.judging import judgings
from backend.web.deps import House, Id, Page, TheForm, TheHouse, now
from backend.web.errors import STATUS
from backend.web.forms import fields
from backend.web.forms.asking_form import dollars
from backend.web.render import page

router = APIRouter()
LONGEST_REASON = 500


@router.get("/jobs")
def index(request: Request, house: TheHouse, number: Page = 1) -> Response:
    """All jobs; only their list when the page asks for it again."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        found = job_lines.listing(session, page=number, now=now())
        return page(request, "jobs/_list.html" if part else "jobs/jobs.html", found=found)


@router.get("/jobs/{job_id}")
def show(request: Request, house: TheHouse, job_id: Id) -> Response:
    """One job with its history, and what a person can do about it."""
    return shown(request, house, job_id)


def shown(
    request: Request, house: House, job_id: int, *, typed: FormData | None = None, message: str = "", status: int = 200
) -> Response:
    """The job's page. typed, message: of a retry that can't be."""
    with house.database.reading() as session:
        line = job_lines.line(session, job_id, now=now())
        made = generations.get(session, line.job.generation_id) if line.job.generation_id else None
        judging = judgings.get(session, line.job.judging_id) if line.job.judging_id else None
        return page(
            request,
            "jobs/job.html",
            status=status,
            line=line,
            events=jobs.events(session, job_id),
            recipe=generations.in_words(generations.recipe_of(made)) if made else "",
            judging=judging,
            typed={name: fields.text(typed or FormData(), name) for name in ("reason", "budget")},
            message=message,
        )


@router.get("/jobs/{job_id}/progress")
def progress(request: Request, house: TheHouse, job_id: Id) -> Response:
    """How far it is. Once it has ended, the page around it says something else and is asked for anew."""
    with house.database.reading() as session:
        line = job_lines.line(session, job_id, now=now())
        answer = page(request, "jobs/_progress.html", line=line, events=jobs.events(session, job_id))
    if not line.is_live:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/jobs/{job_id}/cancellation")
def cancel(house: TheHouse, job_id: Id) -> Response:
    """Stop it; what is done is kept."""
    with house.database.transaction() as session:
        jobs.cancel(session, jobs.get(session, job_id), now=now())
    return RedirectResponse(f"/jobs/{job_id}", 303)


@router.post("/jobs/{job_id}/retry")
def retry(request: Request, house: TheHouse, job_id: Id, form: TheForm) -> Response:
    """Queue it again for what is missing, for a reason, with a larger budget if one is given."""
    try:
        with house.database.transaction() as session:
            job = jobs.get(session, job_id)
            jobs.retry(session, job, reason(form), allowed=dollars(form, "budget"), now=now())
            queue = Queue(job.queue)
    except (Invalid, Conflict) as error:
        return shown(request, house, job_id, typed=form, message=str(error), status=STATUS[type(error)])
    house.bell.ring(queue)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def reason(form: FormData) -> str:
    """Why it is tried again. Invalid without one: it stays in the job's history."""
    given = fields.text(form, "reason")
    if not 0 < len(given) <= LONGEST_REASON:
        raise Invalid(f"Say in at most {LONGEST_REASON} characters why it is tried again; that stays in its history.")
    return given
