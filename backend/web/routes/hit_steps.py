"""A rater's way to the task of a HIT: the same steps as everybody's, in the vendor's frame.

What was stored stays stored where there is no seat after it.
"""

from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from backend.errors import Conflict
from backend.services.crowd import hits
from backend.services.crowd.hits import Hit
from backend.services.rating import visitors
from backend.web.deps import House, TheHouse, now
from backend.web.rating.votes import Form
from backend.web.routes import journey
from backend.web.routes.hits import address, holder

router = APIRouter()
Stored = TypeVar("Stored")
Step = Callable[[Session, int, dict[str, str]], Stored]


@router.post("/hit/{token}/r/{claim}/consent")
def agree(house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Store a yes or a no to the text that the page shows."""
    stored(house, token, claim, form, journey.agreed)
    return onward(house, token, claim)


@router.post("/hit/{token}/r/{claim}/practice")
def practise(house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Store what was pressed at an exercise, and show whether it is what is expected, and why."""
    number = stored(house, token, claim, form, journey.practised)
    return RedirectResponse(f"{address(token, claim)}?practised={number}", 303)


@router.post("/hit/{token}/r/{claim}/test")
def take_test(house: TheHouse, token: str, claim: str, form: Form) -> Response:
    """Store the replies to the entry test, and go on to the task, or to the thanks."""
    stored(house, token, claim, form, journey.tested)
    return onward(house, token, claim)


@router.post("/hit/{token}/r/{claim}/next")
def go_on(house: TheHouse, token: str, claim: str) -> Response:
    """Take the seat after the last exercise of the training."""
    return onward(house, token, claim)


def stored(house: House, token: str, claim: str, form: dict[str, str], step: Step[Stored]) -> Stored:
    """Store a step of whoever holds the ticket."""
    with house.database.transaction() as session:
        _, link = found(session, house, token, claim)
        return step(session, link, form)


def onward(house: House, token: str, claim: str) -> Response:
    """To the next step, or to a seat. What was stored before is stored, also where there is no seat any more."""
    with house.database.transaction() as session:
        hit, link = found(session, house, token, claim)
        hits.go_on(session, hit, visitors.visitor(session, link_id=link), link_id=link, now=now())
    return RedirectResponse(address(token, claim), 303)


def found(session: Session, house: House, token: str, claim: str) -> tuple[Hit, int]:
    """The HIT, and the link of who has begun it."""
    hit = hits.get(session, house.tokens.read("posting", token))
    link = hits.link_of(session, hit, holder(house, hit, claim))
    if link is None:
        raise Conflict(hits.NOT_BEGUN)
    return hit, link.id
