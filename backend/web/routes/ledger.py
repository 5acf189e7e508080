"""The ledger of a batch: page by page, one piece of work with its receipt, and as tables to keep."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from backend.db.base import LARGEST_NUMBER
from backend.db.ledger import Account, Work
from backend.services.money import entries, paysheet, paytables, spending
from backend.services.money.entries import Wanted
from backend.services.pseudonyms import pseudonyms
from backend.services.studies import batches, studies
from backend.web.deps import Id, TheHouse
from backend.web.render import page
from backend.web.routes.results import taken

router = APIRouter()
Place = Annotated[int, Query(ge=0, le=LARGEST_NUMBER)]


async def asked(work: str = "", account: str = "", rater: Place | None = None) -> Wanted:
    """The filter in the address."""
    return Wanted(work, account, rater)


TheWanted = Annotated[Wanted, Depends(asked)]


@router.get("/batches/{batch_id}/ledger")
def listed(
    request: Request,
    house: TheHouse,
    batch_id: Id,
    wanted: TheWanted,
    before: Place | None = None,
    after: Place | None = None,
) -> Response:
    """A page of entries, the newest first."""
    names = pseudonyms(house.tokens.secret_key, batch_id)
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        return page(
            request,
            "money/ledger.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            wanted=wanted,
            listing=entries.listing(session, batch_id, wanted, names, before=before, after=after),
            works=list(Work),
            accounts=[account for account in Account if account != Account.RESERVED],
        )


@router.get("/batches/{batch_id}/ledger/{entry_id}")
def piece(request: Request, house: TheHouse, batch_id: Id, entry_id: Id) -> Response:
    """The piece of work that an entry pays for."""
    names = pseudonyms(house.tokens.secret_key, batch_id)
    with house.database.reading() as session:
        batch = batches.get(session, batch_id)
        return page(
            request,
            "money/piece.html",
            batch=batch,
            study=studies.get(session, batch.study_id),
            entry_id=entry_id,
            piece=entries.piece(session, batch_id, entry_id, names),
        )


@router.get("/batches/{batch_id}/ledger.csv")
def as_csv(house: TheHouse, batch_id: Id) -> Response:
    """Every entry, under pseudonyms."""
    names = pseudonyms(house.tokens.secret_key, batch_id)
    with house.database.reading() as session:
        batches.get(session, batch_id)
    return StreamingResponse(
        paytables.of_ledger(house.database, batch_id, names),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="assay-batch-{batch_id}-ledger.csv"'},
    )


@router.get("/batches/{batch_id}/pay.csv")
def pay(house: TheHouse, batch_id: Id) -> Response:
    """A row a rater, with the id that their channel gives them: who pays by hand needs it."""
    names = pseudonyms(house.tokens.secret_key, batch_id)
    with house.database.reading() as session:
        batches.get(session, batch_id)
        sheet = paysheet.of_batch(session, batch_id, spending.rules(session, batch_id), names)
    return taken(
        paytables.of_raters(sheet).encode(), "text/csv; charset=utf-8", f"assay-batch-{batch_id}-pay-with-ids.csv"
    )
