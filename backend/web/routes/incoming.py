"""Ratings from somebody else's file: upload, a mapping that is proposed and shown, a rehearsal, then the import."""

import json

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.foreign import tables
from backend.domain.mapping import ColumnMapping, Meaning, OrderBy, PromptBy, Shown, from_json
from backend.errors import AppError, Invalid
from backend.services.rating import bringing, incoming
from backend.services.rating.incoming import Foreign
from backend.services.studies import batches, studies
from backend.web.deps import House, Id, TheForm, TheHouse, now
from backend.web.forms import fields, mapping_form
from backend.web.forms.held import Held, held, hold, release
from backend.web.render import page

router = APIRouter(prefix="/batches/{batch_id}/incoming")
FILES = {"ratings": 1, "submissions": 1}
WORDS = {
    "prompts": {PromptBy.ID: "its id", PromptBy.TEXT: "its text"},
    "orders_by": {
        OrderBy.SYSTEMS: "two columns name the systems",
        OrderBy.OUTPUTS: "two columns hold the outputs’ texts",
        OrderBy.COLUMN: "a column says it",
        OrderBy.CANDIDATE_FIRST: "the candidate always came first",
        OrderBy.BASELINE_FIRST: "the baseline always came first",
        OrderBy.UNKNOWN: "nobody knows",
    },
    "meanings": {
        Meaning.FIRST: "what was shown first",
        Meaning.SECOND: "what was shown second",
        Meaning.TIE: "a tie",
        Meaning.BOTH_BAD: "both are bad",
        Meaning.CANDIDATE: "the candidate",
        Meaning.BASELINE: "the baseline",
        Meaning.SYSTEM: "the system of this name",
        Meaning.NONE: "no vote: leave the row out",
    },
    "shown": {
        Shown.CANDIDATE_FIRST: "candidate first",
        Shown.BASELINE_FIRST: "baseline first",
        Shown.AS_LISTED: "as the two columns say",
        Shown.REVERSED: "the other way round",
        Shown.UNKNOWN: "unknown",
    },
}


def owner(batch_id: int) -> str:
    """Whose an upload is."""
    return f"batch {batch_id}"


@router.post("")
def upload(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """Keep the file until its mapping has been seen; nothing is imported yet."""
    with house.database.reading() as session:
        batches.get(session, batch_id)
    name = hold(form, house.settings.data_dir, FILES, owner=owner(batch_id), now=now())
    return RedirectResponse(f"/batches/{batch_id}/incoming/{name}", 303)


@router.get("/{name}")
def show(request: Request, house: TheHouse, batch_id: Id, name: str) -> Response:
    """The mapping that is proposed, and what an import by it would do."""
    files = held(house.settings.data_dir, name, owner=owner(batch_id))
    file = beside(house, batch_id, files)
    return mapping_page(request, house, batch_id, files, file, file.proposal().mapping)


@router.post("/{name}/mapping")
def change(request: Request, house: TheHouse, batch_id: Id, name: str, form: TheForm) -> Response:
    """The mapping as it was changed, and what an import by it would do."""
    files = held(house.settings.data_dir, name, owner=owner(batch_id))
    file = beside(house, batch_id, files)
    return mapping_page(request, house, batch_id, files, file, mapping_form.mapping(form, file.sheet()))


@router.post("/{name}/ratings")
def bring(request: Request, house: TheHouse, batch_id: Id, name: str, form: TheForm) -> Response:
    """Import by the mapping that was shown. All or nothing; the upload is gone afterwards."""
    files = held(house.settings.data_dir, name, owner=owner(batch_id))
    file, mapping = beside(house, batch_id, files), the_mapping_shown(form)
    try:
        with house.database.transaction() as session:
            bringing.bring(session, batches.get(session, batch_id), file, mapping, now=now())
    except Invalid:
        return mapping_page(request, house, batch_id, files, file, mapping, status=422)
    release(house.settings.data_dir, name)
    return RedirectResponse(f"/batches/{batch_id}", 303)


@router.post("/{name}/removal")
def remove(house: TheHouse, batch_id: Id, name: str) -> Response:
    """Forget the upload."""
    release(house.settings.data_dir, name)
    return RedirectResponse(f"/batches/{batch_id}", 303)


def beside(house: House, batch_id: int, files: Held) -> Foreign:
    """The file and the batch side by side; one that can't be read is forgotten at once."""
    try:
        with house.database.reading() as session:
            batch, (ratings,) = batches.get(session, batch_id), files.of("ratings")
            return incoming.foreign(session, batch, ratings, panel=files.one("submissions"))
    except AppError:
        release(house.settings.data_dir, files.name)
        raise


def the_mapping_shown(form: FormData) -> ColumnMapping:
    try:
        return from_json(json.loads(fields.text(form, "mapping")))
    except ValueError as error:
        raise Invalid(f"The mapping that came with this form {error}.") from None


def mapping_page(
    request: Request,
    house: House,
    batch_id: int,
    files: Held,
    file: Foreign,
    mapping: ColumnMapping,
    *,
    status: int = 200,
) -> Response:
    """The form of a mapping with what it would do, found by a rehearsal of which nothing is kept."""
    sheet = file.sheet()
    report, message = None, ""
    with house.database.rehearsal() as session:
        batch = batches.get(session, batch_id)
        study = studies.get(session, batch.study_id)
        try:
            report = bringing.take(session, batch, file, mapping, now=now())
        except Invalid as error:
            message = str(error)
    return page(
        request,
        "incoming/mapping.html",
        status=status,
        batch=batch,
        study=study,
        file=file,
        name=files.name,
        mapping=mapping,
        proposal=file.proposal(),
        examples=sheet.examples,
        asked=tables.asked(sheet, mapping),
        columns=tables.columns(sheet),
        choice_columns=tables.choice_columns(sheet),
        words=WORDS,
        report=report,
        message=message,
        shown=json.dumps(mapping.to_json()),
    )
