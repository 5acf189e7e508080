"""Templates to HTML. Knows how to show times, numbers and hostile text; knows no route."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

import frontend
from backend.domain import declared
from backend.web import markdown, phrases
from backend.web.drawings import figures, forest, ladder

FRONTEND = Path(frontend.__path__[0])


@cache
def environment() -> Environment:
    """The one Jinja environment: everything is escaped, and a missing name is an error."""
    made = Environment(
        loader=FileSystemLoader(FRONTEND / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # else each part of each page is looked for on disk again
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "markdown": markdown.rendered,
        "plain": markdown.plain,
        "percent": percent,
        "ago": ago,
        "exact": exact,
        "minutes": minutes,
        "signed": phrases.signed,
        "decimal": phrases.decimal,
        "digits": declared.digits,
    }
    made.globals |= {
        "static": static,
        "figures": figures,
        "forest": forest,
        "ladder": ladder,
        "phrases": phrases,
        "declared": declared,
    }
    return made


def page(request: Request, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A template as an answer. `request` is there for the address of the page, never for data."""
    html = environment().get_template(template).render(path=request.url.path, **context)
    return HTMLResponse(html, status)


@cache
def static(name: str) -> str:
    """The address of a static file, with its content's hash, so that it may be cached for ever."""
    digest = hashlib.sha256((FRONTEND / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def percent(share: float | None) -> str:
    """0.5836 → “58.4 %”; a dash where there is nothing to say."""
    return "–" if share is None else f"{share * 100:.1f} %"


def minutes(active_ms: int) -> str:
    """151000 ms → “2:31”."""
    seconds = round(active_ms / 1000)
    return f"{seconds // 60}:{seconds % 60:02}"


def exact(moment: datetime) -> str:
    """The moment in UTC to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago(moment: datetime) -> str:
    """How long ago, in the largest unit that says enough."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"
