"""The pages that workers see: what is on offer, and a requester's page framed as MTurk framed it, from another site."""

from html import escape
from urllib.parse import urlencode

from backend.simulator.mturk import workers
from backend.simulator.mturk.hits import external_url
from backend.simulator.mturk.market import Assignment, Hit, Market, dollars

PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
# An HTML5 sandbox that lets the framed page run its script, send forms and keep its origin.
ALLOWED = "allow-scripts allow-same-origin allow-forms allow-popups"


def offers(market: Market, worker_id: str) -> str:
    """The list of HITs that a worker can accept."""
    rows = "".join(
        f'<li><a href="/mturk/preview?{escape(urlencode({"hitId": hit.id, "workerId": worker_id}))}">'
        f"{escape(hit.type.title)}</a> ${dollars(hit.type.reward)}</li>"
        for hit in workers.offers(market, worker_id)
    )
    return page("HITs", f"<ul>{rows}</ul>")


def preview(market: Market, hit: Hit, worker_id: str) -> str:
    """The task before it is accepted: no worker is named to the framed page, and no assignment."""
    ids = {"hitId": hit.id, "workerId": worker_id}
    frame = framed(market, hit, {"assignmentId": PREVIEW, "hitId": hit.id})
    return page(hit.type.title, form("/mturk/accept", "Accept", ids) + frame)


def task(market: Market, one: Assignment, *, submit_to: str) -> str:
    """The task at work."""
    frame = framed(market, one.hit, ids_of(one, submit_to=submit_to))
    return page(one.hit.type.title, form("/mturk/return", "Return", {"assignmentId": one.id}) + frame)


def ids_of(one: Assignment, *, submit_to: str) -> dict[str, str]:
    """The four parameters that MTurk adds to the requester's address."""
    return {"assignmentId": one.id, "hitId": one.hit.id, "turkSubmitTo": submit_to, "workerId": one.worker_id}


def framed(market: Market, hit: Hit, ids: dict[str, str]) -> str:
    return f'<iframe title="Task" sandbox="{ALLOWED}" src="{escape(address(market, hit, ids))}"></iframe>'


def address(market: Market, hit: Hit, ids: dict[str, str]) -> str:
    """The requester's address with the ids appended; its own query stays."""
    url = external_url(market, hit.question)
    return f"{url}{'&' if '?' in url else '?'}{urlencode(ids)}"


def form(action: str, button: str, fields: dict[str, str]) -> str:
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
    return f'<form method="post" action="{action}">{hidden}<button>{button}</button></form>'


def page(title: str, body: str) -> str:
    style = "body{font-family:sans-serif;margin:1rem}iframe{width:100%;height:80vh;border:1px solid}"
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>'
