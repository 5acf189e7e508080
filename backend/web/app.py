"""Puts the web together: routes, errors, security, static files."""

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from backend.config import Settings
from backend.crowd import mturk_frame
from backend.db.session import Database
from backend.jobs import Doorbell, Silent
from backend.services.crowd.bells import Bells
from backend.services.keys import secret_key
from backend.services.overview.glances import Memory
from backend.services.results.kept import Kept
from backend.services.tokens import Tokens
from backend.services.training.metrics import Memory as Metrics
from backend.web import errors, markdown
from backend.web.again import Again
from backend.web.deps import House, researcher
from backend.web.render import FRONTEND
from backend.web.routes import (
    arrivals,
    batches,
    categories,
    comparisons,
    data,
    entry,
    health,
    hit_steps,
    hits,
    home,
    hooks,
    incoming,
    jobs,
    journey,
    judges,
    ledger,
    money,
    plan,
    rating,
    results,
    studies,
    systems,
    training,
    verdicts,
)
from backend.web.security import Security, framed

OF_STUDIES = (studies, systems, judges, verdicts)
OF_BATCHES = (batches, incoming, results, comparisons, money, ledger)
FOR_EVER = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    """Static files are named by their content, so they may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOR_EVER
        return response


def create_app(settings: Settings, database: Database, *, bell: Doorbell | None = None) -> FastAPI:
    """The web on this database. Raters' routes are open to token holders; all others are the researcher's.

    bell: tells workers of a new job; without one they find it when they next look.
    """
    markdown.prepare()
    app = FastAPI(title="Assay", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = House(settings, database, Tokens(secret_key(settings)), bell=bell or Silent())
    app.state.kept = Kept()
    app.state.memory = Memory()
    app.state.again = Again()
    app.state.bells = Bells()
    app.state.metrics = Metrics()
    sites = mturk_frame.framing(mturk_frame.origins(settings.mturk_submit_hosts))
    app.add_middleware(Security, max_upload=settings.max_upload_mb * 2**20, framed=framed(sites))
    app.mount("/static", Static(directory=FRONTEND / "static"))
    for open_to_all in (health, entry, rating, journey, arrivals, hits, hit_steps, hooks):
        app.include_router(open_to_all.router)
    guarded = APIRouter(dependencies=[Depends(researcher)])
    for part in (*OF_STUDIES, *OF_BATCHES, home, plan, categories, data, training, jobs):
        guarded.include_router(part.router)
    app.include_router(guarded)
    errors.install(app)
    return app
