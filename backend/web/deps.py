"""What routes are given: the database, the tokens, the settings, and proof that a researcher is asking."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import FormData
from starlette.requests import Request

from backend.config import Settings
from backend.db.base import LARGEST_NUMBER
from backend.db.session import Database
from backend.errors import Forbidden
from backend.jobs import Doorbell, Silent
from backend.services.rating.facts import Remembered
from backend.services.tokens import Tokens
from backend.web.forms import fields

COOKIE = "assay_session"
SESSION_DAYS = 30


@dataclass(frozen=True)
class House:
    """Everything a request may need of the server it came to. bell: rung once a job is stored."""

    settings: Settings
    database: Database
    tokens: Tokens
    facts: Remembered = field(default_factory=Remembered)
    bell: Doorbell = field(default_factory=Silent)

    def sessions(self) -> URLSafeTimedSerializer:
        """Signs the researcher's cookie."""
        return URLSafeTimedSerializer(self.tokens.secret_key, salt="session")


def base_url(request: Request) -> str:
    """The address at which people reach this server: the one that is set, or else the one that was asked."""
    return house(request).settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


def house(request: Request) -> House:
    """The server's own things, put into the app when it was made."""
    found = request.app.state.house
    assert isinstance(found, House)
    return found


# FastAPI runs a plain dependency in a thread of its own; these two are async because they never wait.
async def the_house(request: Request) -> House:
    return house(request)


async def researcher(request: Request) -> None:
    """Refuses whoever has not come through the printed link or the password. No address is trusted."""
    try:
        house(request).sessions().loads(request.cookies.get(COOKIE, ""), max_age=SESSION_DAYS * 86400)
    except BadSignature:
        raise Forbidden("This page is the researcher's. Open the link that the server printed, or log in.") from None


def now() -> datetime:
    """The clock, read once a request."""
    return datetime.now(UTC)


TheHouse = Annotated[House, Depends(the_house)]
Id = Annotated[int, Path(le=LARGEST_NUMBER)]
Number = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]
Page = Annotated[int, Query(alias="page", ge=1, le=LARGEST_NUMBER)]
TheForm = Annotated[FormData, Depends(fields.posted)]
