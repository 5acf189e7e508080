"""The rater's pages: welcome, task, pause, thanks. Knows no system: a task is two texts in an order, and a check is one
like any other.

A GET claims nothing, so that a link preview takes nobody's seat. What a page needs is read inside the transaction and
rendered after it: on SQLite nobody else can write meanwhile.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.db.batches import BatchState
from backend.services import assignments, checks, links, raters, ratings
from backend.services.assignments import Task, Visitor
from backend.web.deps import House, TheHouse, now
from backend.web.render import page
from backend.web.votes import Form, Place, place_of, reason_of, token_of, vote_of

router = APIRouter()

RECEIPT = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}")


@dataclass(frozen=True, slots=True)
class View:
    """What a rater is to see now. `part` names the template; the code is read only where it is shown.

    ahead: how many comparisons there can still be, beside the one that is held.
    """

    part: str
    who: Visitor
    task: Task | None = None
    code: str = ""
    ahead: int = 0


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
def show(request: Request, house: TheHouse, token: str) -> Response:
    """Where this rater stands. Changes nothing."""
    with house.database.reading() as session:
        who = checks.visitor(session, link_id=house.tokens.read("link", token))
        view = look(session, who, none_left="none_left" in request.query_params)
    saved = request.query_params.get("saved", "")
    return drawn(request, house, token, view, saved=saved if RECEIPT.fullmatch(saved) else "")


@router.post("/r/{token}/next")
def claim(request: Request, house: TheHouse, token: str) -> Response:
    """Take a seat: the only way to get the first comparison, or the next one after a pause."""
    with house.database.transaction() as session:
        who = checks.visitor(session, link_id=house.tokens.read("link", token), alone=True)
        view = claimed(session, who, now=now())
    return redirected(token, view)


@router.post("/r/{token}/ratings")
def rate(request: Request, house: TheHouse, token: str, form: Form) -> Response:
    """Store a choice, once, and go on to the next comparison."""
    place, link, moment = place_of(house, form), house.tokens.read("link", token), now()
    submit = checks.submit if place.is_check else ratings.submit
    with house.database.transaction() as session:
        who = checks.visitor(session, link_id=link, alone=True)
        vote = vote_of(form, who.settings)
        receipt = submit(session, rater_id=who.rater_id, assignment_id=place.number, vote=vote, now=moment)
        if not receipt.again:
            who = having_rated(session, who, place, link_id=link)
        view = onward(session, who, now=moment)
    return answer(request, house, token, view, saved=receipt.number)


@router.post("/r/{token}/skips")
def skip(request: Request, house: TheHouse, token: str, form: Form) -> Response:
    """Say why a comparison can't be judged, and go on to the next one."""
    place, link, moment = place_of(house, form), house.tokens.read("link", token), now()
    give_back = checks.skip if place.is_check else ratings.skip
    with house.database.transaction() as session:
        who = checks.visitor(session, link_id=link, alone=True)
        give_back(session, rater_id=who.rater_id, assignment_id=place.number, reason=reason_of(form))
        view = onward(session, checks.visitor(session, link_id=link), now=moment)
    return answer(request, house, token, view)


@router.post("/r/{token}/withdrawal")
def withdraw(house: TheHouse, token: str) -> Response:
    """Stop for good; the page that follows says what is kept."""
    with house.database.transaction() as session:
        raters.withdraw(session, link_id=house.tokens.read("link", token), now=now())
    return RedirectResponse(f"/r/{token}", 303)


@router.api_route("/o/{token}", methods=["GET", "HEAD"])
def invitation(request: Request, house: TheHouse, token: str) -> Response:
    """What an open link asks of people. Makes no rater yet."""
    house.tokens.read("open", token)
    return page(request, "rating/invitation.html", contact=house.settings.contact)


@router.post("/o/{token}")
def join(house: TheHouse, token: str) -> Response:
    """A new rater, sent to an address of their own."""
    with house.database.transaction() as session:
        link = links.join(session, house.tokens.read("open", token), now=now())
    return RedirectResponse(f"/r/{house.tokens.sign('link', link.id)}", 303)


def look(session: Session, who: Visitor, *, none_left: bool = False) -> View:
    """The page for where this rater stands; a seat that they hold comes before everything else."""
    if who.held_check is not None:
        return View("task", who, task=checks.task(session, who.held_check), ahead=ahead(session, who))
    if who.held is not None:
        return View("task", who, task=assignments.task(session, who.held), ahead=ahead(session, who))
    part = standing(who, none_left=none_left)
    if part == "none_left" and not assignments.may_come_back(session, who):
        part = "done"
    return View(part, who, code=raters.code(session, who.rater_id), ahead=ahead(session, who))


def ahead(session: Session, who: Visitor) -> int:
    """How many comparisons there can be for this rater; with checks among them nobody knows, so a whole session."""
    return who.session_size if who.settings.checks.any else assignments.prompts_ahead(session, who)


def standing(who: Visitor, *, none_left: bool) -> str:
    """The name of the page for a rater who holds no seat."""
    if who.withdrawn:
        return "withdrawn"
    if who.has_reached_cap:
        return "finished"
    if who.batch_state != BatchState.OPEN:
        return who.batch_state
    if none_left:
        return "none_left"
    return "welcome" if who.judged == 0 else "pause"


def onward(session: Session, who: Visitor, *, now: datetime) -> View:
    """The next comparison, or a pause where a session ends."""
    if not who.is_at_work and who.has_ended_session:
        return look(session, who)
    return claimed(session, who, now=now)


def claimed(session: Session, who: Visitor, *, now: datetime) -> View:
    """The page after asking for a seat, whether there was one or not; a check where one is due."""
    held_check = checks.claim(session, who, now=now) if who.settings.checks.any else None
    if held_check is not None:
        return look(session, replace(who, held_check=held_check))
    held = assignments.claim(session, who, now=now)
    return look(session, replace(who, held=held), none_left=held is None)


def having_rated(session: Session, who: Visitor, place: Place, *, link_id: int) -> Visitor:
    """The rater after a new rating. The sides of a seat that was held are counted already; else they are read again."""
    if not place.is_check and place.number == who.held:
        return replace(who, judged=who.judged + 1, held=None)
    return checks.visitor(session, link_id=link_id)


def answer(request: Request, house: House, token: str, view: View, *, saved: str = "") -> Response:
    """The next page: at once for the page's script, by a redirect for a form."""
    if request.headers.get("x-part") != "main":
        return redirected(token, view, saved=saved)
    return drawn(request, house, token, view, saved=saved)


def redirected(token: str, view: View, *, saved: str = "") -> RedirectResponse:
    """To the rater's own address, so that a reload sends nothing twice."""
    notes = {"saved": saved, "none_left": "1" if view.part in ("none_left", "done") else ""}
    query = urlencode({name: note for name, note in notes.items() if note})
    return RedirectResponse(f"/r/{token}?{query}" if query else f"/r/{token}", 303)


def drawn(request: Request, house: House, token: str, view: View, *, saved: str) -> Response:
    """The view as a whole page, or as the contents of its <main>."""
    part = request.headers.get("x-part") == "main"
    response = page(
        request,
        "rating/_main.html" if part else "rating/page.html",
        here=f"/r/{token}",
        view=view,
        who=view.who,
        settings=view.who.settings,
        assignment=token_of(house, view.task) if view.task else "",
        plain=request.method == "GET" and "plain" in request.query_params,
        contact=house.settings.contact,
        saved=saved,
    )
    if part:
        response.headers["X-Part"] = "main"
    if part and saved:
        response.headers["X-Receipt"] = saved
    return response
