"""The pages that Mechanical Turk frames: a preview, a task, the form that hands it in. Nobody may frame any others.

In a frame of another site there is no cookie, so the vendor's ids travel in a signed ticket: in the form that begins,
and then in every address. It opens what this one submission is about, and nothing else of its rater.
"""

import re
from dataclasses import asdict, dataclass, replace

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.crowd import mturk_frame
from backend.crowd.mturk_frame import Came
from backend.domain.journey import Step
from backend.domain.money import Money
from backend.errors import Conflict, Forbidden, NotFound
from backend.services.crowd import hits
from backend.services.crowd.hits import Hit, Piece
from backend.services.rating import journeys, ratings, tasks, visitors
from backend.services.rating.tasks import Task
from backend.services.rating.visitors import Visitor
from backend.web.deps import House, TheHouse, now
from backend.web.rating import stages
from backend.web.rating.votes import Form, place_of, reason_of, token_of, vote_of
from backend.web.render import page

router = APIRouter()
EXERCISE = re.compile(r"[0-9]{1,2}")


@router.get("/hit/{token}")
def show(request: Request, house: TheHouse, token: str) -> Response:
    """The preview; for who has accepted the button that begins, or where they are. Changes nothing."""
    came = mturk_frame.came(request.query_params.multi_items(), sites(house))
    with house.database.reading() as session:
        hit = hits.get(session, house.tokens.read("posting", token))
        has_begun = came is not None and hits.has_begun(session, hit, came)
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
    """A step before the task, the task, or the form that hands in what was made of it. Changes nothing."""
    seen = request.query_params.get("practised", "")
    with house.database.reading() as session:
        view = look(session, house, token, claim, practised=int(seen) if EXERCISE.fullmatch(seen) else None)
    return drawn(request, house, view)


@router.post("/hit/{token}/r/{claim}/ratings")
def rate(request: Request, house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Store the choice, once; what follows hands it in."""
    with house.database.transaction() as session:
        view = look(session, house, token, claim)
        piece = at_work(house, view, form)
        vote = vote_of(form, view.hit.settings)
        receipt = ratings.submit(
            session, rater_id=piece.rater_id, assignment_id=piece.assignment_id, vote=vote, now=now()
        )
        view = look(session, house, token, claim)
    return answer(request, house, view, saved=receipt.number)


@router.post("/hit/{token}/r/{claim}/skips")
def skip(request: Request, house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Say why the comparison can't be judged, which is handed in and paid like a rating."""
    with house.database.transaction() as session:
        view = look(session, house, token, claim)
        piece = at_work(house, view, form)
        ratings.skip(session, rater_id=piece.rater_id, assignment_id=piece.assignment_id, reason=reason_of(form))
        view = look(session, house, token, claim)
    return answer(request, house, view)


@dataclass(frozen=True, slots=True)
class View:
    """What a rater is to see: a step before the task, the task, or the form that hands in what there is.

    earned: so far in this batch, None where it pays nothing.
    """

    here: str
    hit: Hit
    came: Came
    who: Visitor
    piece: Piece | None = None
    task: Task | None = None
    way: stages.View | None = None
    earned: Money | None = None


def look(session: Session, house: House, token: str, claim: str, *, practised: int | None = None) -> View:
    """Where the holder of a ticket stands. practised: an exercise of the training, to be told what is right there."""
    hit = hits.get(session, house.tokens.read("posting", token))
    came = holder(house, hit, claim)
    link = hits.link_of(session, hit, came)
    if link is None or link.rater_id is None:
        raise Conflict(hits.NOT_BEGUN)
    who = visitors.visitor(session, link_id=link.id)
    earned = hits.earned(session, hit, who)
    view = View(address(token, claim), hit, came, who, hits.found(session, hit, link.rater_id), earned=earned)
    if view.piece is None:
        return replace(view, way=replace(way(session, who, link.id, practised), earned=earned))
    if view.piece.is_left:
        raise Conflict(hits.NOT_BEGUN)
    return view if view.piece.is_done else replace(view, task=tasks.task(session, view.piece.assignment_id))


def way(session: Session, who: Visitor, link_id: int, practised: int | None) -> stages.View:
    """The step that is before a rater who has no seat yet; where all are behind them, the button that takes one."""
    if practised is not None and (told := stages.feedback(session, who, practised, link_id=link_id)):
        return told
    before = journeys.at_step(session, who, link_id=link_id)
    if before.step == Step.TASK:
        return stages.View("ready", who)
    return stages.on_the_way(session, who, before, link_id=link_id)


def at_work(house: House, view: View, form: dict[str, str]) -> Piece:
    """The work that a form is about, which has to be that on this HIT."""
    place = place_of(house, form)
    if view.piece is None or place.is_check or place.number != view.piece.assignment_id:
        raise NotFound(ratings.NOT_YOURS)
    return view.piece


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
        came=view.came,
        settings=view.hit.settings,
        assignment=token_of(house, view.task) if view.task else "",
        plain=request.method == "GET" and "plain" in request.query_params,
        contact=house.settings.contact,
        submit_to=mturk_frame.submit_address(view.came.submit_to),
        saved=saved,
        stands=False,
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
