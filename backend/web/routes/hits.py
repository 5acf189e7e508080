"""The pages that Mechanical Turk frames: a preview, a task, the form that hands it in. Nobody may frame any others.

In a frame of another site there is no cookie, so the vendor's ids travel in a signed ticket: in the form that begins,
and then in every address. It opens what this one submission is about, and nothing else of its rater.
"""

from dataclasses import asdict, dataclass, replace

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.crowd import mturk_frame
from backend.crowd.mturk_frame import Came
from backend.errors import Forbidden, NotFound
from backend.services import assignments, hits, ratings
from backend.services.assignments import Task
from backend.services.hits import Hit, Piece
from backend.web.deps import House, TheHouse, now
from backend.web.render import page
from backend.web.votes import Form, Place, place_of, reason_of, token_of, vote_of

router = APIRouter()


@router.get("/hit/{token}")
def show(request: Request, house: TheHouse, token: str) -> Response:
    """The preview; for who has accepted the button that begins, or where they are. Changes nothing."""
    came = mturk_frame.came(request.query_params.multi_items(), sites(house))
    with house.database.reading() as session:
        hit = hits.get(session, house.tokens.read("posting", token))
        has_begun = came is not None and hits.piece(session, hit, came) is not None
    claim = "" if came is None else ticket(house, hit, came)
    if has_begun:
        return RedirectResponse(address(token, claim), 303)
    return page(request, "hits/offer.html", hit=hit, ticket=claim, contact=house.settings.contact)


@router.post("/hit/{token}/begin")
def begin(house: TheHouse, token: str, form: Form) -> Response:
    """Take the seat that this HIT is about."""
    claim = form.get("ticket", "")
    with house.database.transaction() as session:
        hit = hits.get(session, house.tokens.read("posting", token))
        hits.begin(session, hit, holder(house, hit, claim), now=now())
    return RedirectResponse(address(token, claim), 303)


@router.get("/hit/{token}/r/{claim}")
def show_work(request: Request, house: TheHouse, token: str, claim: str) -> Response:
    """The task, or the form that hands in what was made of it. Changes nothing."""
    with house.database.reading() as session:
        view = look(session, house, token, claim)
    return drawn(request, house, view)


@router.post("/hit/{token}/r/{claim}/ratings")
def rate(request: Request, house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Store the choice, once; what follows hands it in."""
    with house.database.transaction() as session:
        view = look(session, house, token, claim)
        place = own_place(house, view, form)
        vote = vote_of(form, view.hit.settings)
        receipt = ratings.submit(
            session, rater_id=view.piece.rater_id, assignment_id=place.number, vote=vote, now=now()
        )
        view = look(session, house, token, claim)
    return answer(request, house, view, saved=receipt.number)


@router.post("/hit/{token}/r/{claim}/skips")
def skip(request: Request, house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Say why the comparison can't be judged, which is handed in and paid like a rating."""
    with house.database.transaction() as session:
        view = look(session, house, token, claim)
        place = own_place(house, view, form)
        ratings.skip(session, rater_id=view.piece.rater_id, assignment_id=place.number, reason=reason_of(form))
        view = look(session, house, token, claim)
    return answer(request, house, view)


@dataclass(frozen=True, slots=True)
class View:
    """What a worker is to see: the task, or the form that hands it in once there is something to hand in."""

    here: str
    hit: Hit
    came: Came
    piece: Piece
    task: Task | None


def look(session: Session, house: House, token: str, claim: str) -> View:
    """Where the holder of a ticket stands."""
    hit = hits.get(session, house.tokens.read("posting", token))
    came = holder(house, hit, claim)
    piece = hits.begun(session, hit, came)
    task = None if piece.is_done else assignments.task(session, piece.assignment_id)
    return View(address(token, claim), hit, came, piece, task)


def own_place(house: House, view: View, form: dict[str, str]) -> Place:
    """The place that a form is about, which has to be the one of this HIT."""
    place = place_of(house, form)
    if place.is_check or place.number != view.piece.assignment_id:
        raise NotFound(ratings.NOT_YOURS)
    return place


def answer(request: Request, house: House, view: View, *, saved: str = "") -> Response:
    """The next part at once for the page's script; for a form a redirect, so that a reload sends nothing twice."""
    if request.headers.get("x-part") != "main":
        return RedirectResponse(view.here, 303)
    return drawn(request, house, view, saved=saved)


def drawn(request: Request, house: House, view: View, *, saved: str = "") -> Response:
    """The view as a whole page, or as the contents of its <main>."""
    part = request.headers.get("x-part") == "main"
    response = page(
        request,
        "hits/_main.html" if part else "hits/page.html",
        here=view.here,
        view=view,
        settings=view.hit.settings,
        assignment=token_of(house, view.task) if view.task else "",
        plain=request.method == "GET" and "plain" in request.query_params,
        contact=house.settings.contact,
        submit_to=mturk_frame.submit_address(view.came.submit_to),
        saved=saved,
    )
    if part:
        response.headers["X-Part"] = "main"
    if part and saved:
        response.headers["X-Receipt"] = saved
    return response


def sites(house: House) -> tuple[str, ...]:
    """Where last forms may go."""
    return mturk_frame.origins(house.settings.mturk_submit_hosts)


def address(token: str, claim: str) -> str:
    return f"/hit/{token}/r/{claim}"


def ticket(house: House, hit: Hit, came: Came) -> str:
    """What the vendor said of who came, signed, with the posting that it was said of."""
    return house.tokens.sign_fields("hit", {"posting": str(hit.posting.id), **asdict(came)})


def holder(house: House, hit: Hit, claim: str) -> Came:
    """Who holds a ticket to this posting. What it says is looked at again: the list of places may have changed."""
    fields = house.tokens.read_fields("hit", claim)
    if fields.pop("posting") != str(hit.posting.id):
        raise Forbidden(hits.NOT_THIS)
    return replace(Came(**fields), submit_to=mturk_frame.place(fields["submit_to"], sites(house)))
