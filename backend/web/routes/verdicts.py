"""Verdicts that were given elsewhere: upload, what they are understood as, and then the import. All or nothing."""

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.judging.orders import Rule
from backend.domain.judging.pack import Pack
from backend.domain.judging.published import Format
from backend.errors import AppError
from backend.services.judging import judge_lines
from backend.services.judging.published import Read
from backend.services.studies import studies
from backend.services.studies.files import Source
from backend.web.deps import House, Id, TheForm, TheHouse, now
from backend.web.errors import STATUS
from backend.web.forms import import_form, judge_asking
from backend.web.forms.held import Held, held, hold, release
from backend.web.forms.import_form import Taken
from backend.web.forms.launch_form import looked_at
from backend.web.render import page

router = APIRouter(prefix="/studies/{study_id}/verdicts")
FILES = {"verdicts": 10, "answers": 10}


def owner(study_id: int) -> str:
    """Whose an upload is."""
    return f"study {study_id}"


@router.get("/new")
def new(request: Request, house: TheHouse, study_id: Id) -> Response:
    """The form that takes files of verdicts, or a replay pack."""
    return filled(request, house, study_id, FormData())


@router.post("")
def upload(request: Request, house: TheHouse, study_id: Id, form: TheForm) -> Response:
    """Keep the files until somebody has seen what they are understood as; nothing is imported yet."""
    try:
        name = hold(form, house.settings.data_dir, FILES, owner=owner(study_id), now=now())
    except AppError as error:
        return filled(request, house, study_id, form, message=str(error), status=STATUS[type(error)])
    said = {field: text for field, text in import_form.typed(form).items() if text}
    return RedirectResponse(f"/studies/{study_id}/verdicts/{name}?{urlencode(said)}", 303)


@router.get("/{name}")
def show(request: Request, house: TheHouse, study_id: Id, name: str) -> Response:
    """What the files are understood as, found by a rehearsal of which nothing is kept."""
    files = held(house.settings.data_dir, name, owner=owner(study_id))
    return rehearsed(request, house, study_id, files, looked_at(request.query_params))


@router.post("/{name}/import")
def bring(request: Request, house: TheHouse, study_id: Id, name: str, form: TheForm) -> Response:
    """Import them so; the upload is gone afterwards."""
    files = held(house.settings.data_dir, name, owner=owner(study_id))
    try:
        given = verdicts_of(house, files)
        with house.database.transaction() as session:
            judge_id = import_form.take(session, study_id, given, files.of("answers"), form, now=now()).judge.id
    except AppError:
        return rehearsed(request, house, study_id, files, form)
    release(house.settings.data_dir, name)
    return RedirectResponse(f"/studies/{study_id}/judges/{judge_id}", 303)


@router.post("/{name}/removal")
def remove(house: TheHouse, study_id: Id, name: str) -> Response:
    """Forget the upload."""
    held(house.settings.data_dir, name, owner=owner(study_id))
    release(house.settings.data_dir, name)
    return RedirectResponse(f"/studies/{study_id}/judges", 303)


def verdicts_of(house: House, files: Held) -> Pack | Sequence[Source]:
    """The pack that was uploaded, or the files of verdicts."""
    sources = files.of("verdicts")
    return import_form.pack_of(sources, house.settings.data_dir) or sources


def rehearsed(request: Request, house: House, study_id: int, files: Held, form: FormData) -> Response:
    """The form with what an import would do, or why it can't be."""
    try:
        given = verdicts_of(house, files)
        with house.database.rehearsal() as session:
            found = import_form.take(session, study_id, given, files.of("answers"), form, now=now())
    except AppError as error:
        message, status = import_form.in_the_pages_words(str(error)), STATUS[type(error)]
        return filled(request, house, study_id, form, files=files, message=message, status=status)
    return filled(request, house, study_id, form, files=files, found=found)


def filled(
    request: Request,
    house: House,
    study_id: int,
    form: FormData,
    *,
    files: Held | None = None,
    found: Taken | None = None,
    message: str = "",
    status: int = 200,
) -> Response:
    """The form: for files, or with the files that were uploaded, what they say."""
    with house.database.reading() as session:
        study, systems = studies.get(session, study_id), judge_lines.answering(session, study_id)
        return page(
            request,
            "judges/import.html",
            status=status,
            study=study,
            systems=systems,
            baseline=judge_asking.usual_baseline(study, systems),
            typed=import_form.typed(form),
            files=files,
            found=found,
            said=import_form.in_the_pages_words,
            message=message,
            formats=list(Format),
            reads=list(Read),
            rules=list(Rule),
        )
