"""A batch: how far it is, its links, and how to steer it."""

from collections.abc import Callable

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.db.batches import Batch
from backend.db.raters import Channel, Link
from backend.errors import Invalid
from backend.services.overview import glances
from backend.services.rating import links
from backend.services.studies import batches, launching, sealing, studies
from backend.web.deps import Id, TheForm, TheHouse, base_url, now
from backend.web.forms import fields
from backend.web.render import page

router = APIRouter()
MOST_LINKS = 1_000
STEER: dict[str, Callable[[Session, Batch], None]] = {
    "pause": batches.pause,
    "resume": batches.resume,
    "close": batches.close,
}


@router.get("/batches/{batch_id}")
def show(request: Request, house: TheHouse, batch_id: Id) -> Response:
    """Progress, links and controls; only the progress when the page asks for it again."""
    part = request.headers.get("HX-Request") == "true"
    address = base_url(request)
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        known = [] if part else links.of_batch(session, batch_id)
        given = [(link, rater) for link, rater in known if rater is None or rater.channel == Channel.LINK]
        return page(
            request,
            "batches/_progress.html" if part else "batches/batch.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            progress=batches.progress(session, batch_id),
            pulse=glances.pulses(session, [batch_id], now=now())[batch_id],
            skips=batches.skips(session, batch_id),
            links=given,
            elsewhere=len(known) - len(given),
            settings=batches.settings_of(session, batch),
            seal=sealing.seal(session, batch),
            left=0 if part else launching.prompts_left(session, batch),
            names=batches.names_of(session, batch),
            address=lambda link: address + link_path(house.tokens.sign, link),
        )


def link_path(sign: Callable[[str, int], str], link: Link) -> str:
    """Where a link leads: a rater's own pages, or the door to them."""
    return f"/o/{sign('open', link.id)}" if link.rater_id is None else f"/r/{sign('link', link.id)}"


@router.post("/batches/{batch_id}/state")
def steer(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """Pause, resume or close."""
    act = STEER.get(fields.text(form, "act"))
    if act is None:
        raise Invalid("A batch can be paused, resumed or closed.")
    with house.database.transaction() as session:
        act(session, batches.get(session, batch_id))
    return back(batch_id)


@router.post("/batches/{batch_id}/unsealing")
def unseal(house: TheHouse, batch_id: Id) -> Response:
    """Open sealed results before the end, on record."""
    with house.database.transaction() as session:
        sealing.unseal(session, batches.get(session, batch_id), now=now())
    return back(batch_id, "#seal")


@router.post("/batches/{batch_id}/extension")
def extend(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """Add prompts that the batch does not have yet."""
    with house.database.transaction() as session:
        launching.extend(session, batches.get(session, batch_id), prompts=fields.number(form, "prompts"))
    return back(batch_id)


@router.post("/batches/{batch_id}/links")
def create_links(house: TheHouse, batch_id: Id, form: TheForm) -> Response:
    """New personal links, or an open one."""
    count = fields.number(form, "count") or 0
    if not 0 <= count <= MOST_LINKS:
        raise Invalid(f"Between 1 and {MOST_LINKS} links can be made at once.")
    with house.database.transaction() as session:
        batches.get(session, batch_id)
        links.create_personal(session, batch_id, count=count, now=now())
        if fields.text(form, "open"):
            links.create_open(session, batch_id, now=now())
    return back(batch_id, "#links")


@router.post("/batches/{batch_id}/links/{link_id}/revocation")
def revoke(house: TheHouse, batch_id: Id, link_id: Id) -> Response:
    """End a link."""
    with house.database.transaction() as session:
        links.revoke(session, link_id, now=now())
    return back(batch_id, "#links")


def back(batch_id: Id, to: str = "") -> Response:
    return RedirectResponse(f"/batches/{batch_id}{to}", 303)
