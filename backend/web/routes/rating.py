"""The rater's pages: welcome, task, pause, thanks. Knows no system: a task is two texts in an order, and a check is one
like any other.

A GET claims nothing, so that a link preview takes nobody's seat.
"""

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.services.rating import checks, links, raters, ratings
from backend.web.deps import TheHouse, now
from backend.web.rating import stages
from backend.web.rating.raters import answer, drawn, redirected
from backend.web.rating.votes import Form, place_of, reason_of, vote_of
from backend.web.render import page

router = APIRouter()

RECEIPT = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}")
EXERCISE = re.compile(r"[0-9]{1,2}")


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
def show(request: Request, house: TheHouse, token: str) -> Response:
    """Where this rater stands. Changes nothing."""
    link, asked = house.tokens.read("link", token), request.query_params
    with house.database.reading() as session:
        who = checks.visitor(session, link_id=link)
        seen = asked.get("practised", "")
        view = stages.feedback(session, who, int(seen), link_id=link) if EXERCISE.fullmatch(seen) else None
        view = view or stages.look(session, who, link_id=link, none_left="none_left" in asked)
        view = stages.with_facts(session, view, house.facts)
    saved = asked.get("saved", "")
    return drawn(request, house, token, view, saved=saved if RECEIPT.fullmatch(saved) else "", stands="stands" in asked)


@router.post("/r/{token}/next")
def claim(house: TheHouse, token: str) -> Response:
    """Take a seat: the only way to get the first comparison, or the next one after a pause."""
    link = house.tokens.read("link", token)
    with house.database.transaction() as session:
        who = checks.visitor(session, link_id=link, alone=True)
        view = stages.claimed(session, who, link_id=link, now=now())
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
            who = stages.having_rated(session, who, place, link_id=link)
        view = stages.with_facts(session, stages.onward(session, who, link_id=link, now=moment), house.facts)
    stands = receipt.again and receipt.choice != vote.choice
    return answer(request, house, token, view, saved=receipt.number, stands=stands)


@router.post("/r/{token}/skips")
def skip(request: Request, house: TheHouse, token: str, form: Form) -> Response:
    """Say why a comparison can't be judged, and go on to the next one."""
    place, link, moment = place_of(house, form), house.tokens.read("link", token), now()
    give_back = checks.skip if place.is_check else ratings.skip
    with house.database.transaction() as session:
        who = checks.visitor(session, link_id=link, alone=True)
        give_back(session, rater_id=who.rater_id, assignment_id=place.number, reason=reason_of(form))
        who = checks.visitor(session, link_id=link)
        view = stages.with_facts(session, stages.onward(session, who, link_id=link, now=moment), house.facts)
    return answer(request, house, token, view)


@router.post("/r/{token}/withdrawal")
def withdraw(house: TheHouse, token: str) -> Response:
    """Stop for good; the page that follows says what is kept."""
    with house.database.transaction() as session:
        raters.withdraw(session, link_id=house.tokens.read("link", token), now=now())
    return RedirectResponse(f"/r/{token}", 303)


@router.api_route("/o/{token}", methods=["GET", "HEAD"])
def invitation(request: Request, house: TheHouse, token: str) -> Response:
    """What an open link asks of people, while there is something to judge. Makes no rater yet."""
    link_id = house.tokens.read("open", token)
    with house.database.reading() as session:
        is_over = links.is_over(session, link_id)
    return page(request, "rating/invitation.html", contact=house.settings.contact, is_over=is_over)


@router.post("/o/{token}")
def join(house: TheHouse, token: str) -> Response:
    """A new rater, sent to an address of their own."""
    with house.database.transaction() as session:
        link = links.join(session, house.tokens.read("open", token), now=now())
    return RedirectResponse(f"/r/{house.tokens.sign('link', link.id)}", 303)
