"""How raters of a panel and of Prolific come in: an invitation that makes nobody, and the button that makes a rater.

The ids in the address travel through the invitation in a signed field. They are what somebody claims: only the browser
that began is led back to an id's own page, by a cookie that says so, or whoever names the submission as well.
"""

from datetime import datetime

from fastapi import APIRouter
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.crowd import panel
from backend.crowd.prolific import entry
from backend.db.channels import BatchChannel
from backend.db.raters import Channel, Link
from backend.domain.channels import ChannelSettings
from backend.errors import NotFound
from backend.services.crowd import arrivals
from backend.services.crowd.arrivals import NOWHERE, Proof, Work
from backend.services.studies import channels
from backend.web.deps import House, TheHouse, now
from backend.web.rating.votes import Form
from backend.web.render import page

router = APIRouter()
Claim = dict[str, str]
BY_ADDRESS = (Channel.PANEL, Channel.PROLIFIC)
BROWSER_DAYS = 180


@router.get("/in/{token}")
def invite(request: Request, house: TheHouse, token: str) -> Response:
    """What is asked of people, before they begin. Makes no rater yet."""
    with house.database.reading() as session:
        entrance = arrivals.channel(session, house.tokens.read("channel", token), *BY_ADDRESS)
        settings = channels.settings_of(entrance)
    return page(
        request,
        "arrivals/invitation.html",
        channel=entrance.channel,
        settings=settings,
        claim=house.tokens.sign_fields("claim", claimed(request, entrance, settings)),
        contact=house.settings.contact,
    )


@router.post("/in/{token}")
def begin(request: Request, house: TheHouse, token: str, form: Form) -> Response:
    """A rater with a page of their own, where the browser is led; it remembers that it began."""
    claim = house.tokens.read_fields("claim", form.get("claim", ""))
    with house.database.transaction() as session:
        entrance = arrivals.channel(session, house.tokens.read("channel", token), *BY_ADDRESS)
        if claim["channel"] != str(entrance.id):
            raise NotFound(NOWHERE)
        link = let_in(session, house, request, entrance, claim)
    response = RedirectResponse(f"/r/{house.tokens.sign('link', link.id)}", 303)
    remember(response, request, house, link)
    return response


def claimed(request: Request, entrance: BatchChannel, settings: ChannelSettings) -> Claim:
    """Who somebody says they are, and when they were asked. Raises Invalid for an address that lacks it."""
    query = request.query_params.multi_items()
    given = {"channel": str(entrance.id), "seen": now().isoformat()}
    if entrance.channel == Channel.PROLIFIC:
        came = entry.came(query)
        return given | {"rater": came.rater, "study": came.study, "session": came.session}
    assert settings.panel is not None  # a panel is declared with its settings
    return given | {"rater": panel.rater_id(query, settings.panel)}


def let_in(session: Session, house: House, request: Request, entrance: BatchChannel, claim: Claim) -> Link:
    """The link of who claims this."""
    moment, browser = now(), browser_link(request, house, entrance)
    if entrance.channel == Channel.PANEL:
        proof = Proof(browser, seen=datetime.fromisoformat(claim["seen"]))
        return arrivals.join(session, entrance, claim["rater"], proof=proof, now=moment)
    at = arrivals.posting_called(session, entrance, claim["study"])
    work = Work(at, claim["session"], channels.settings_of(entrance).time_allowed)
    return arrivals.arrive(session, entrance, claim["rater"], work, browser=browser, now=moment)


def browser_link(request: Request, house: House, entrance: BatchChannel) -> int | None:
    """The link in this batch that this browser was given, if it was given one."""
    try:
        found = signer(house).loads(request.cookies.get(cookie(entrance.batch_id), ""))
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def remember(response: Response, request: Request, house: House, link: Link) -> None:
    """Lets this browser, and no other, come back by the address of the invitation."""
    response.set_cookie(
        cookie(link.batch_id),
        str(signer(house).dumps(link.id)),
        path="/in",
        max_age=BROWSER_DAYS * 86400,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def cookie(batch_id: int) -> str:
    return f"assay_rater_{batch_id}"


def signer(house: House) -> URLSafeSerializer:
    """Signs what browsers remember; a link's own token would open its page."""
    return URLSafeSerializer(house.tokens.secret_key, salt="browser")
