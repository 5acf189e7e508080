"""The rater's pages: welcome, task, pause, thanks. Knows no system: a task is two texts in an order.

A GET claims nothing, so that a link preview takes nobody's seat. What a page needs is read inside the transaction and
rendered after it: on SQLite nobody else can write meanwhile.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.db.assignments import SkipReason
from backend.db.batches import BatchState
from backend.domain.choices import Choice
from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.services import assignments, links, raters, ratings
from backend.services.assignments import Task, Visitor
from backend.services.ratings import Vote
from backend.web.deps import House, TheHouse, now
from backend.web.render import page

router = APIRouter()

LONGEST_FORM = 256 * 1024
MOST_FIELDS = 100
RECEIPT = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}")
ANSWER = "answer."


@dataclass(frozen=True, slots=True)
class View:
    """What a rater is to see now. `part` names the template; the code is read only where it is shown."""

    part: str
    who: Visitor
    task: Task | None = None
    code: str = ""


async def the_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, read up to a bound: no rater has a reason to send more."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            raise Invalid("This is longer than can be stored. Please shorten your comment and send it again.")
    try:
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid("This form has more fields than the page. Please reload the page and try again.") from None
    return {name: value.replace("\0", "") for name, value in fields}


Form = Annotated[dict[str, str], Depends(the_form)]


@router.get("/r/{token}")
def show(request: Request, house: TheHouse, token: str) -> Response:
    """Where this rater stands. Changes nothing."""
    with house.database.reading() as session:
        who = assignments.visitor(session, link_id=house.tokens.read("link", token))
        view = look(session, who, none_left="none_left" in request.query_params)
    saved = request.query_params.get("saved", "")
    return drawn(request, house, token, view, saved=saved if RECEIPT.fullmatch(saved) else "")


@router.post("/r/{token}/next")
def claim(request: Request, house: TheHouse, token: str) -> Response:
    """Take a seat: the only way to get the first comparison, or the next one after a pause."""
    with house.database.transaction() as session:
        who = assignments.visitor(session, link_id=house.tokens.read("link", token))
        view = claimed(session, who, now=now())
    return redirected(token, view)


@router.post("/r/{token}/ratings")
def rate(request: Request, house: TheHouse, token: str, form: Form) -> Response:
    """Store a choice, once, and go on to the next comparison."""
    assignment, moment = seat_of(house, form), now()
    with house.database.transaction() as session:
        who = assignments.visitor(session, link_id=house.tokens.read("link", token))
        vote = vote_of(form, who.settings)
        receipt = ratings.submit(session, rater_id=who.rater_id, assignment_id=assignment, vote=vote, now=moment)
        if not receipt.again:
            who = having_rated(session, who, assignment, link_id=house.tokens.read("link", token))
        view = onward(session, who, now=moment)
    return answer(request, house, token, view, saved=receipt.number)


@router.post("/r/{token}/skips")
def skip(request: Request, house: TheHouse, token: str, form: Form) -> Response:
    """Say why a comparison can't be judged, and go on to the next one."""
    assignment, link, moment = seat_of(house, form), house.tokens.read("link", token), now()
    with house.database.transaction() as session:
        who = assignments.visitor(session, link_id=link)
        ratings.skip(session, rater_id=who.rater_id, assignment_id=assignment, reason=reason_of(form))
        view = onward(session, assignments.visitor(session, link_id=link), now=moment)
    return answer(request, house, token, view)


@router.post("/r/{token}/withdrawal")
def withdraw(house: TheHouse, token: str) -> Response:
    """Stop for good; the page that follows says what is kept."""
    with house.database.transaction() as session:
        raters.withdraw(session, link_id=house.tokens.read("link", token), now=now())
    return RedirectResponse(f"/r/{token}", 303)


@router.get("/o/{token}")
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
    if who.held is not None:
        return View("task", who, task=assignments.task(session, who.held))
    part = standing(who, none_left=none_left)
    if part == "none_left" and not assignments.may_come_back(session, who):
        part = "done"
    return View(part, who, code=raters.code(session, who.rater_id))


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
    if who.held is None and who.has_ended_session:
        return look(session, who)
    return claimed(session, who, now=now)


def claimed(session: Session, who: Visitor, *, now: datetime) -> View:
    """The page after asking for a seat, whether there was one or not."""
    held = assignments.claim(session, who, now=now)
    return look(session, replace(who, held=held), none_left=held is None)


def having_rated(session: Session, who: Visitor, assignment_id: int, *, link_id: int) -> Visitor:
    """The rater after a new rating. The sides of a seat that was held are counted already; else they are read again."""
    if assignment_id == who.held:
        return replace(who, judged=who.judged + 1, held=None)
    return assignments.visitor(session, link_id=link_id)


def seat_of(house: House, form: dict[str, str]) -> int:
    """The assignment that a form is about."""
    return house.tokens.read("assignment", form.get("assignment", ""))


def vote_of(form: dict[str, str], settings: StudySettings) -> Vote:
    """What the form says; Invalid for a choice that this study does not offer."""
    choice = form.get("choice", "")
    if choice not in [option.choice for option in settings.options]:
        raise Invalid("Please press one of the buttons below the outputs; nothing was stored.")
    active_ms = form.get("active_ms", "")
    return Vote(
        Choice(choice),
        comment=form.get("comment", ""),
        # Nine digits are eleven days: anything else is no time that somebody spent here, so it stays unknown.
        active_ms=int(active_ms) if re.fullmatch(r"[0-9]{1,9}", active_ms) else None,
        answers=answers_of(form, settings),
    )


def answers_of(form: dict[str, str], settings: StudySettings) -> dict[str, str]:
    """Answers to the study's further questions, the unanswered left out; Invalid for one that was not offered."""
    given = {question: form.get(ANSWER + question.key, "") for question in settings.questions}
    for question, words in given.items():
        if words and words not in question.answers:
            raise Invalid(f"Please choose one of the answers to “{question.text}”; nothing was stored.")
    return {question.key: words for question, words in given.items() if words}


def reason_of(form: dict[str, str]) -> SkipReason:
    """Why a comparison can't be judged."""
    try:
        return SkipReason(form.get("reason", ""))
    except ValueError:
        raise Invalid("Please say why you can't judge this: press one of the reasons.") from None


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
        assignment=house.tokens.sign("assignment", view.task.assignment_id) if view.task else "",
        plain=request.method == "GET" and "plain" in request.query_params,
        contact=house.settings.contact,
        saved=saved,
    )
    if part:
        response.headers["X-Part"] = "main"
    if part and saved:
        response.headers["X-Receipt"] = saved
    return response
