"""How a rater's page is sent: whole, or the contents of its <main>, or by a redirect. Knows no step."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.web.deps import House
from backend.web.rating.stages import View
from backend.web.rating.votes import token_of
from backend.web.render import page


def answer(
    request: Request, house: House, token: str, view: View, *, saved: str = "", stands: bool = False
) -> Response:
    """The next page: at once for the page's script, by a redirect for a form."""
    if request.headers.get("x-part") != "main":
        return redirected(token, view, saved=saved, stands=stands)
    return drawn(request, house, token, view, saved=saved, stands=stands)


def redirected(token: str, view: View, *, saved: str = "", stands: bool = False) -> RedirectResponse:
    """To the rater's own address, so that a reload sends nothing twice."""
    notes = {
        "saved": saved,
        "stands": "1" if stands else "",
        "none_left": "1" if view.part in ("none_left", "done") else "",
    }
    query = urlencode({name: note for name, note in notes.items() if note})
    return RedirectResponse(f"/r/{token}?{query}" if query else f"/r/{token}", 303)


def drawn(request: Request, house: House, token: str, view: View, *, saved: str, stands: bool = False) -> Response:
    """The view as a whole page, or as the contents of its <main>. stands: an earlier answer than the one just sent."""
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
        stands=stands,
    )
    if part:
        response.headers["X-Part"] = "main"
    if part and saved:
        response.headers["X-Receipt"] = saved
    if part and stands:
        response.headers["X-Stands"] = "earlier"
    return response
