"""A batch's comparisons to read: a list under a filter, and one with both outputs and every vote."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from backend.db.base import LARGEST_NUMBER
from backend.db.batches import Batch
from backend.errors import Conflict
from backend.services.judging import said
from backend.services.studies import batches, comparisons, opened, sealing, studies
from backend.services.studies.comparisons import Wanted
from backend.services.studies.endings import Outcome
from backend.web.deps import Id, TheHouse
from backend.web.render import page

router = APIRouter()


async def asked(candidate: str = "", outcome: str = "", category: str = "", words: str = "") -> Wanted:
    """The filter in the address."""
    return Wanted(candidate, outcome, category, words.strip())


TheWanted = Annotated[Wanted, Depends(asked)]
Place = Annotated[int, Query(ge=-1, le=LARGEST_NUMBER)]


def query(wanted: Wanted, **more: int | None) -> str:
    """The filter as the end of an address, with what else is to be in it."""
    given = {
        "candidate": wanted.candidate,
        "outcome": wanted.outcome,
        "category": wanted.category,
        "words": wanted.words,
    }
    found = urlencode({name: value for name, value in (given | more).items() if value not in ("", None)})
    return f"?{found}" if found else ""


def unsealed(session: Session, batch_id: int) -> Batch:
    """The batch, whose votes may be seen; Conflict while its results are sealed."""
    batch = batches.get(session, batch_id)
    seal = sealing.seal(session, batch)
    if seal.is_sealed:
        raise Conflict(seal.why)
    return batch


@router.get("/batches/{batch_id}/comparisons")
def listed(
    request: Request,
    house: TheHouse,
    batch_id: Id,
    wanted: TheWanted,
    after: Place = -1,
    before: Place | None = None,
) -> Response:
    """A page of comparisons in launch order."""
    with house.database.reading() as session:
        batch = unsealed(session, batch_id)
        candidates, categories = comparisons.choices(session, batch)
        return page(
            request,
            "comparisons/comparisons.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            baseline=batches.names_of(session, batch)[batch.baseline_id],
            wanted=wanted,
            listing=comparisons.listing(session, batch, wanted, after=after, before=before),
            total=comparisons.count(session, batch),
            candidates=candidates,
            categories=categories,
            outcomes=list(Outcome),
            leaves_out=bool(batches.settings_of(session, batch).exclusions),
            query=query,
        )


@router.get("/batches/{batch_id}/comparisons/{place}")
def one(request: Request, house: TheHouse, batch_id: Id, place: Id, wanted: TheWanted) -> Response:
    """A comparison: the prompt, both outputs by name, and every vote; with its neighbours under the filter."""
    with house.database.reading() as session:
        batch = unsealed(session, batch_id)
        found = opened.at_place(session, batch, place, key=house.tokens.secret_key)
        before, after = comparisons.neighbours(session, batch, wanted, place)
        settings = batches.settings_of(session, batch)
        return page(
            request,
            "comparisons/comparison.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            found=found,
            judged=said.on_comparison(session, batch, place),
            before=before,
            after=after,
            labels={str(option.choice): option.label for option in settings.options},
            leaves_out=bool(settings.exclusions),
            wanted=wanted,
            query=query,
        )
