"""A study's judges: what each said, where to doubt it, every verdict with what it rests on, and asking one here."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.errors import Conflict, Invalid
from backend.services.judging import judge_lines, judge_reading, judges, pack_files
from backend.services.judging.judge_reading import Only
from backend.services.studies import studies
from backend.web.again import Again
from backend.web.deps import House, Id, Number, Page, TheForm, TheHouse, now
from backend.web.errors import STATUS
from backend.web.forms import asking_form, judge_asking, judge_form
from backend.web.forms.judge_asking import Costs
from backend.web.forms.launch_form import looked_at
from backend.web.render import page

router = APIRouter(prefix="/studies/{study_id}/judges")
UNCHANGED = 204


async def the_again(request: Request) -> Again:
    """When this process made lists of judges last; put into the app when it was made."""
    found = request.app.state.again
    assert isinstance(found, Again)
    return found


@router.get("")
def index(request: Request, house: TheHouse, again: Annotated[Again, Depends(the_again)], study_id: Id) -> Response:
    """Every judge; only their list when the page asks for it again, and nothing when that is too soon."""
    part = request.headers.get("HX-Request") == "true"
    if part and again.is_too_soon(study_id):
        return Response(status_code=UNCHANGED)
    with again.making(study_id), house.database.reading() as session:
        study = studies.get(session, study_id)
        return page(
            request,
            "judges/_list.html" if part else "judges/judges.html",
            study=study,
            lines=judge_lines.lines(session, study_id, now=now()),
            systems=judge_lines.answering(session, study_id),
        )


@router.get("/new")
def new(request: Request, house: TheHouse, study_id: Id, like: Number = None) -> Response:
    """The form, empty or as a judge was asked; sent back to here, with what it would cost."""
    sent = looked_at(request.query_params)
    if "engine" not in sent:
        return filled(request, house, study_id, typed=typed_like(house, study_id, like))
    try:
        costs = judge_asking.costs(house.database, study_id, judge_form.read(sent), now=now())
    except (Invalid, Conflict) as error:
        return refused(request, house, study_id, sent, error)
    return filled(request, house, study_id, typed=judge_form.typed(sent), sent=sent, costs=costs)


def typed_like(house: House, study_id: int, like: int | None) -> dict[str, str]:
    """What the form starts with: nothing, or how a judge of this study was declared."""
    if like is None:
        return judge_form.typed(FormData())
    with house.database.reading() as session:
        judge = judge_lines.in_study(session, study_id, like)
        recipe = judges.recipe_of(judge)
    declared = {"judge_template": judge.template, "orders": judge.orders, "rule": judge.rule}
    return judge_form.typed(FormData()) | asking_form.typed_of(judge.name, recipe, None) | declared


def refused(request: Request, house: House, study_id: int, form: FormData, error: Invalid | Conflict) -> Response:
    """The form as it was typed, with what is wrong."""
    typed, status = judge_form.typed(form), STATUS[type(error)]
    return filled(request, house, study_id, typed=typed, sent=form, message=str(error), status=status)


def filled(
    request: Request,
    house: House,
    study_id: int,
    *,
    typed: dict[str, str],
    sent: FormData | None = None,
    costs: Costs | None = None,
    message: str = "",
    status: int = 200,
) -> Response:
    """The form with these texts in it, what they would cost, or why they can't be."""
    with house.database.reading() as session:
        study, systems = studies.get(session, study_id), judge_lines.answering(session, study_id)
        return page(
            request,
            "judges/new.html",
            status=status,
            study=study,
            baseline=judge_asking.usual_baseline(study, systems),
            typed=typed,
            chosen=judge_form.candidates(sent) if sent else (),
            costs=costs,
            message=message,
            engines=asking_form.ENGINES,
            systems=systems,
            templates=judge_asking.templates_to_choose(),
        )


@router.post("/judgings")
def ask(request: Request, house: TheHouse, study_id: Id, form: TheForm) -> Response:
    """Declare the judge and what it compares, queue the jobs. Without a budget, each may cost what it can at most."""
    try:
        asks = judge_form.read(form)
        costs = judge_asking.costs(house.database, study_id, asks, now=now())
        with house.database.transaction() as session:
            queued = judge_asking.enqueue(session, study_id, asks, costs, now=now())
    except (Invalid, Conflict) as error:
        return refused(request, house, study_id, form, error)
    for queue in {queue for _, queue in queued}:
        house.bell.ring(queue)
    return RedirectResponse(f"/jobs/{queued[0][0]}" if len(queued) == 1 else f"/studies/{study_id}/judges", 303)


@router.get("/{judge_id}")
def show(
    request: Request,
    house: TheHouse,
    study_id: Id,
    judge_id: Id,
    pair: Number = None,
    only: Only = Only.ALL,
    number: Page = 1,
) -> Response:
    """One judge on two systems: its tally and habits, what to doubt, and its verdicts to read."""
    with house.database.reading() as session:
        line = judge_lines.line(session, study_id, judge_id, now=now())
        judging = judge_reading.judging_of(session, line.judge, pair)
        overview = judge_reading.overview(session, line.judge, judging)
        return page(
            request,
            "judges/judge.html",
            study=studies.get(session, study_id),
            line=line,
            judge=line.judge,
            pair=next(one for one in line.pairs if one.judging.id == judging.id),
            templates=judges.templates_of(line.judge).values(),
            overview=overview,
            report=overview.report,
            only=only,
            found=judge_reading.page_of(session, overview, only, number),
        )


@router.get("/{judge_id}/prompts/{prompt_id}")
def opened(
    request: Request,
    house: TheHouse,
    study_id: Id,
    judge_id: Id,
    prompt_id: Id,
    pair: Number = None,
    only: Only = Only.ALL,
) -> Response:
    """One prompt: both outputs, and in each order the question, the reply as it came, and how it was read."""
    with house.database.reading() as session:
        judge = judge_lines.in_study(session, study_id, judge_id)
        judging = judge_reading.judging_of(session, judge, pair)
        overview = judge_reading.overview(session, judge, judging)
        return page(
            request,
            "judges/prompt.html",
            study=studies.get(session, study_id),
            judge=judge,
            judging=judging,
            report=overview.report,
            only=only,
            found=judge_reading.opened(session, judge, overview, prompt_id, only=only),
        )


@router.get("/{judge_id}/pack.zip")
def pack(house: TheHouse, study_id: Id, judge_id: Id) -> Response:
    """All that it said, as a replay pack that can be read again without it."""
    with house.database.reading() as session:
        judge = judge_lines.in_study(session, study_id, judge_id)
        content = pack_files.zipped(session, judge)
    name = f"assay-judge-{judge_id}.zip"
    return Response(
        content, media_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
