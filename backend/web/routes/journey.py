"""A rater's way to the task and from it: consent, exercises, entry test, handing over, and their own work.

Each step is a form that leads back to the rater's own address, so a reload sends nothing twice; sent twice all the
same, the first one stands.
"""

import re

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.journey import Reply
from backend.errors import Invalid
from backend.services.money import own_work
from backend.services.rating import checks, handover, journeys, visitors
from backend.web.deps import TheHouse, base_url, now
from backend.web.rating import stages
from backend.web.rating.votes import Form, time_of
from backend.web.render import page

router = APIRouter()
SAYS = {"yes": True, "no": False}


@router.post("/r/{token}/consent")
def agree(house: TheHouse, token: str, form: Form) -> Response:
    """Store a yes or a no to the text that the page shows."""
    with house.database.transaction() as session:
        agreed(session, house.tokens.read("link", token), form)
    return RedirectResponse(f"/r/{token}", 303)


@router.post("/r/{token}/practice")
def practise(house: TheHouse, token: str, form: Form) -> Response:
    """Store what was pressed at an exercise, and show whether it is what is expected, and why."""
    with house.database.transaction() as session:
        number = practised(session, house.tokens.read("link", token), form)
    return RedirectResponse(f"/r/{token}?practised={number}", 303)


@router.post("/r/{token}/test")
def take_test(house: TheHouse, token: str, form: Form) -> Response:
    """Store the replies to the entry test, and go on to the task, or to the thanks."""
    with house.database.transaction() as session:
        tested(session, house.tokens.read("link", token), form)
    return RedirectResponse(f"/r/{token}", 303)


@router.post("/r/{token}/completion")
def finish(house: TheHouse, token: str) -> Response:
    """Hand over what was judged, though more may come."""
    link = house.tokens.read("link", token)
    with house.database.transaction() as session:
        who = checks.visitor(session, link_id=link)
        journeys.stop_here(session, who, link_id=link, now=now())
    return RedirectResponse(f"/r/{token}", 303)


@router.get("/r/{token}/work")
def work(request: Request, house: TheHouse, token: str) -> Response:
    """What this rater has judged, with receipts, answers and pay. Changes nothing."""
    link = house.tokens.read("link", token)
    with house.database.reading() as session:
        who = checks.visitor(session, link_id=link)
        end = handover.of(session, link_id=link)
        view = stages.with_facts(session, stages.View("work", who, handover=end), house.facts)
        return page(
            request,
            "rating/work.html",
            here=f"/r/{token}",
            view=view,
            who=who,
            work=own_work.of(session, who, link_id=link, with_prompts=own_work.is_over(session, who), rule=view.rule),
            labels={option.choice: option.label for option in who.settings.options},
            contact=house.settings.contact,
        )


@router.post("/r/{token}/appeals")
def appeal(house: TheHouse, token: str, form: Form) -> Response:
    """Store an objection, for a person to answer."""
    link = house.tokens.read("link", token)
    with house.database.transaction() as session:
        visitors.visitor(session, link_id=link)
        own_work.appeal(session, link_id=link, text=form.get("text", ""), now=now())
    return RedirectResponse(f"/r/{token}/work#appeals", 303)


@router.get("/r/{token}/address")
def address(request: Request, house: TheHouse, token: str) -> Response:
    """The rater's own address, to go on elsewhere. Changes nothing."""
    with house.database.reading() as session:
        who = checks.visitor(session, link_id=house.tokens.read("link", token))
    return page(
        request,
        "rating/address.html",
        here=f"/r/{token}",
        who=who,
        address=f"{base_url(request)}/r/{token}",
        contact=house.settings.contact,
    )


def reply_of(form: dict[str, str], name: str) -> Reply:
    """What was pressed; Invalid for what is no reply."""
    try:
        return Reply(form.get(name, ""))
    except ValueError:
        raise Invalid("Please press one of the buttons below the outputs; nothing was stored.") from None


def agreed(session: Session, link: int, form: dict[str, str]) -> None:
    """A rater's yes or no. Invalid for anything else."""
    said = form.get("agreed", "")
    if said not in SAYS:
        raise Invalid("Please press one of the two buttons; nothing was stored.")
    who = visitors.visitor(session, link_id=link)
    journeys.agree(session, who, link_id=link, agreed=SAYS[said], now=now())


def practised(session: Session, link: int, form: dict[str, str]) -> int:
    """What a rater pressed at an exercise; its number. Invalid for a form that names none."""
    number = form.get("exercise", "")
    if not re.fullmatch(r"[0-9]{1,2}", number):
        raise Invalid("This form names no exercise. Please reload the page and try again.")
    who = visitors.visitor(session, link_id=link)
    journeys.practise(session, who, link_id=link, exercise=int(number), reply=reply_of(form, "choice"), now=now())
    return int(number)


def tested(session: Session, link: int, form: dict[str, str]) -> None:
    """A rater's replies to the entry test."""
    who = visitors.visitor(session, link_id=link)
    asked = [f"choice.{number}" for number in range(len(who.settings.journey.test))]
    replies = [reply_of(form, name) for name in asked if form.get(name)]
    journeys.take_test(session, who, link_id=link, replies=replies, active_ms=time_of(form), now=now())
