"""A study's systems: how their outputs came about, some to read, and making a system's outputs here."""

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.jobs import Manner, Queue
from backend.errors import Conflict, Invalid
from backend.services.asking import estimates, generations, systems, templates
from backend.services.asking.estimates import Estimate
from backend.services.asking.systems import Only
from backend.services.studies import studies
from backend.services.training import runs
from backend.web.deps import House, Id, Number, Page, TheForm, TheHouse, now
from backend.web.errors import STATUS
from backend.web.forms import asking_form
from backend.web.forms.asking_form import Asks
from backend.web.forms.launch_form import looked_at
from backend.web.render import page

router = APIRouter()


@router.get("/studies/{study_id}/systems")
def index(request: Request, house: TheHouse, study_id: Id) -> Response:
    """Every system; only their list when the page asks for it again."""
    part = request.headers.get("HX-Request") == "true"
    with house.database.reading() as session:
        study = studies.get(session, study_id)
        return page(
            request,
            "systems/_list.html" if part else "systems/systems.html",
            study=study,
            lines=systems.lines(session, study_id, now=now()),
            recipe=lambda made: generations.in_words(generations.recipe_of(made)),
        )


@router.get("/studies/{study_id}/systems/new")
def new(
    request: Request, house: TheHouse, study_id: Id, like: Number = None, again: bool = False, run: Number = None
) -> Response:
    """The form, empty, as a system was made or for a run's model; sent back to here, with what it would cost."""
    sent = looked_at(request.query_params)
    if "engine" not in sent and run is not None:
        return filled(request, house, study_id, typed=typed_for(house, run))
    if "engine" not in sent:
        return filled(request, house, study_id, typed=typed_like(house, study_id, like, again=again))
    try:
        asks = asking_form.read(sent)
        found = estimates.of_generation(house.database, study_id, asks.name, asks.recipe, asks.manner)
    except Invalid as error:
        return filled(request, house, study_id, typed=asking_form.typed(sent), message=str(error), status=422)
    return filled(request, house, study_id, typed=asking_form.typed(sent), asks=asks, found=found)


def typed_like(house: House, study_id: int, like: int | None, *, again: bool) -> dict[str, str]:
    """What the form starts with: nothing, a system's recipe, or that with the next sample under the next name."""
    if like is None:
        return asking_form.typed(FormData())
    with house.database.reading() as session:
        line = systems.line(session, study_id, like, now=now())
        recipe = generations.recipe_of(generations.get(session, like))
        manner = Manner.from_json(line.job.job.manner) if line.job else None
        if again:
            name, recipe = systems.another(session, study_id, line.name, recipe)
            return asking_form.typed_of(name, recipe, manner)
    return asking_form.typed_of(line.name, recipe, manner)


def typed_for(house: House, run_id: int) -> dict[str, str]:
    """What the form starts with for a run's model. Conflict where it has none yet."""
    with house.database.reading() as session:
        run = runs.get(session, run_id)
        model = runs.model(session, run)
        if model is None:
            raise Conflict(f"{run.name} has not been trained to its end.")
        return asking_form.typed(FormData()) | {"name": run.name, "model": model.folder}


def filled(
    request: Request,
    house: House,
    study_id: int,
    *,
    typed: dict[str, str],
    message: str = "",
    status: int = 200,
    asks: Asks | None = None,
    found: Estimate | None = None,
) -> Response:
    """The form with these texts in it, what they would cost, or why they can't be."""
    with house.database.reading() as session:
        return page(
            request,
            "systems/new.html",
            status=status,
            study=studies.get(session, study_id),
            typed=typed,
            message=message,
            asks=asks,
            found=found,
            engines=asking_form.ENGINES,
            templates=templates.templates(),
            trained=runs.finished(session),
        )


@router.post("/studies/{study_id}/generations")
def generate(request: Request, house: TheHouse, study_id: Id, form: TheForm) -> Response:
    """Declare the system, queue the job that makes its outputs. Without a budget, it may cost what it can at most."""
    try:
        asks = asking_form.read(form)
        found = estimates.of_generation(house.database, study_id, asks.name, asks.recipe, asks.manner)
        allowed = asks.budget if asks.budget is not None else found.worst or None
        with house.database.transaction() as session:
            made = generations.declare(session, study_id, asks.name, asks.recipe, now=now())
            job = generations.enqueue(session, made, asks.manner, allowed=allowed, now=now())
            job_id, queue = job.id, Queue(job.queue)
    except (Invalid, Conflict) as error:
        typed, status = asking_form.typed(form), STATUS[type(error)]
        return filled(request, house, study_id, typed=typed, message=str(error), status=status)
    house.bell.ring(queue)
    return RedirectResponse(f"/jobs/{job_id}", 303)


@router.get("/studies/{study_id}/systems/{system_id}")
def show(
    request: Request, house: TheHouse, study_id: Id, system_id: Id, only: Only = Only.ALL, number: Page = 1
) -> Response:
    """One system: how it is made, who answered, and its outputs to read."""
    with house.database.reading() as session:
        study = studies.get(session, study_id)
        line = systems.line(session, study_id, system_id, now=now())
        return page(
            request,
            "systems/system.html",
            study=study,
            line=line,
            recipe=generations.recipe_of(line.made) if line.made else None,
            run=runs.of_folder(session, line.made.model) if line.made else None,
            only=only,
            found=systems.reading(session, study_id, system_id, only=only, page=number),
        )
