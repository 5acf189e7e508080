"""Puts the web together: routes, errors, security, static files."""

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from backend.config import Settings
from backend.db.session import Database
from backend.services.glances import Memory
from backend.services.kept import Kept
from backend.services.keys import secret_key
from backend.services.tokens import Tokens
from backend.web import errors, markdown
from backend.web.deps import House, researcher
from backend.web.render import FRONTEND
from backend.web.routes import batches, comparisons, entry, home, incoming, journey, plan, rating, results, studies
from backend.web.security import Security

FOR_EVER = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    """Static files are named by their content, so they may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOR_EVER
        return response


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The web on this database. Raters' routes are open to token holders; all others are the researcher's."""
    markdown.prepare()
    app = FastAPI(title="Assay", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = House(settings, database, Tokens(secret_key(settings)))
    app.state.kept = Kept()
    app.state.memory = Memory()
    app.add_middleware(Security, max_upload=settings.max_upload_mb * 2**20)
    app.mount("/static", Static(directory=FRONTEND / "static"))
    app.include_router(entry.router)
    app.include_router(rating.router)
    app.include_router(journey.router)
    guarded = APIRouter(dependencies=[Depends(researcher)])
    for part in (
        home.router,
        studies.router,
        batches.router,
        incoming.router,
        results.router,
        comparisons.router,
        plan.router,
    ):
        guarded.include_router(part)
    app.include_router(guarded)
    errors.install(app)
    return app
