"""How a researcher comes in: by the link that the server printed, or by the admin password. No address is trusted."""

from collections import deque
from hmac import compare_digest
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.errors import Forbidden, Unavailable
from backend.web.deps import COOKIE, SESSION_DAYS, House, TheHouse
from backend.web.render import page

router = APIRouter()

# Guessing is slowed in this process alone: a second process doubles the guesses, which changes nothing for a good
# password, and the count needs no table.
FAILURES: deque[float] = deque(maxlen=10)
PATIENCE_SECONDS = 60.0


@router.get("/enter/{key}")
def enter(request: Request, key: str, house: TheHouse) -> Response:
    """The link that the server printed."""
    house.tokens.read("researcher", key)
    return welcomed(request, house)


@router.get("/login")
def login_page(request: Request, house: TheHouse) -> Response:
    """The form for the admin password."""
    return page(request, "entry/login.html", has_password=bool(house.settings.admin_password), message="")


@router.post("/login")
def login(request: Request, house: TheHouse, password: Annotated[str, Form()] = "") -> Response:
    """Opens the researcher's pages to whoever knows the password."""
    if len(FAILURES) == FAILURES.maxlen and monotonic() - FAILURES[0] < PATIENCE_SECONDS:
        raise Unavailable("There were too many wrong passwords. Wait a minute and try again.")
    if not is_right(house, password):
        FAILURES.append(monotonic())
        message = "That is not the password."
        return page(request, "entry/login.html", status=403, has_password=True, message=message)
    return welcomed(request, house)


@router.post("/logout")
def logout() -> Response:
    """Forgets the researcher in this browser."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE)
    return response


def is_right(house: House, password: str) -> bool:
    """Whether this is the admin password; compared in constant time."""
    if not house.settings.admin_password:
        raise Forbidden("No admin password is set on this server. Use the link that it printed at its start.")
    return compare_digest(password.encode(), house.settings.admin_password.encode())


def welcomed(request: Request, house: House) -> Response:
    """Home, with a signed cookie that lasts a month."""
    response = RedirectResponse("/", 303)
    response.set_cookie(
        COOKIE,
        str(house.sessions().dumps("researcher")),
        max_age=SESSION_DAYS * 86400,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response
