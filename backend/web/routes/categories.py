"""Sorting a sample of queries into categories: the samples, one query after another, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.db.base import LARGEST_NUMBER
from backend.domain.data.categories import PAPER, Category
from backend.errors import Conflict, Invalid
from backend.services.data import categories, category_words
from backend.services.studies import studies
from backend.web.deps import House, Id, TheHouse, now
from backend.web.errors import STATUS
from backend.web.forms import fields
from backend.web.render import page

router = APIRouter()
TheForm = Annotated[FormData, Depends(fields.posted)]
Place = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]
SIZE, MOST = 50, 1000


@router.get("/data/categories")
def index(request: Request, house: TheHouse) -> Response:
    """Every sample, and the form for a new one."""
    return listed(request, house)


@router.post("/data/categories/samples")
def draw(request: Request, house: TheHouse, form: TheForm) -> Response:
    """Draw a sample of a study's prompts."""
    try:
        with house.database.transaction() as session:
            study = studies.get(session, fields.number(form, "study") or 0)
            size = fields.number(form, "size") or SIZE
            if not 1 <= size <= MOST:
                raise Invalid(f"A sample has between 1 and {MOST:,} queries.")
            texts, seed = categories.of_study(session, study.id), fields.number(form, "seed") or 0
            name, source = fields.text(form, "name"), f"study {study.id}, {study.name}"
            review = categories.draw(session, name, texts, source=source, size=size, seed=seed, now=now())
            review_id = review.id
    except (Conflict, Invalid) as error:
        typed = {name: fields.text(form, name) for name in ("name", "size", "seed", "study")}
        return listed(request, house, typed=typed, message=str(error), status=STATUS[type(error)])
    return RedirectResponse(f"/data/categories/{review_id}", 303)


def listed(
    request: Request, house: House, *, typed: dict[str, str] | None = None, message: str = "", status: int = 200
) -> Response:
    with house.database.reading() as session:
        return page(
            request,
            "categories/reviews.html",
            status=status,
            reviews=categories.reviews(session),
            studies=categories.studies_there(session),
            typed=typed or {"name": "", "size": str(SIZE), "seed": "0", "study": ""},
            message=message,
        )


@router.get("/data/categories/{review_id}")
def review(request: Request, house: TheHouse, review_id: Id, place: Place = None) -> Response:
    """The next query that is not sorted, or this one again; and what came of it until now."""
    with house.database.reading() as session:
        found = categories.as_it_is(session, categories.get(session, review_id))
    again = next((one for one in found.lines if one.place == place), None)
    return page(
        request,
        "categories/review.html",
        found=found,
        line=again or found.next,
        words=category_words.words(),
        paper=PAPER,
    )


@router.post("/data/categories/{review_id}/{place}")
def label(house: TheHouse, review_id: Id, place: Id, form: TheForm) -> Response:
    """What a query is, and on to the next."""
    category = fields.word(form, "category", Category)
    with house.database.transaction() as session:
        categories.label(session, review_id, place, category, now=now())
    return RedirectResponse(f"/data/categories/{review_id}#query", 303)
