"""Training data as `assay data` reports on it: what was cleaned, how alike it is, what it gives away, what is mixed."""

from typing import Annotated

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.domain.data.reports import DiversityReport, LeakageReport, ReportKind
from backend.errors import Invalid
from backend.services.data import reports
from backend.web.data_words import sentence
from backend.web.deps import House, Id, TheHouse, now
from backend.web.drawings.bars import Bar, bars
from backend.web.forms import fields
from backend.web.forms.uploads import uploaded_one
from backend.web.render import page

router = APIRouter(prefix="/data")
TheForm = Annotated[FormData, Depends(fields.posted)]
TEMPLATES = {kind: f"data/{kind}.html" for kind in ReportKind}


@router.get("")
def index(request: Request, house: TheHouse) -> Response:
    """All reports that are kept here, and the form that takes one more."""
    return listing(request, house)


def listing(request: Request, house: House, *, message: str = "", status: int = 200) -> Response:
    """The list. message: of a file that is no report."""
    with house.database.reading() as session:
        found = [(kept, sentence(reports.shown(kept))) for kept in reports.listed(session)]
        return page(request, "data/data.html", status=status, found=found, message=message)


@router.post("/reports")
def keep(request: Request, house: TheHouse, form: TheForm) -> Response:
    """Keep a report that was written elsewhere."""
    try:
        with uploaded_one(form, "report", house.settings.data_dir) as source:
            if source is None:
                raise Invalid("Choose the report's file; `assay data` has written it beside the data.")
            with house.database.transaction() as session:
                kept = reports.keep(session, source, name=fields.text(form, "name"), now=now())
    except Invalid as error:
        return listing(request, house, message=str(error), status=422)
    return RedirectResponse(f"/data/{kept.id}", 303)


@router.get("/{report_id}")
def show(request: Request, house: TheHouse, report_id: Id) -> Response:
    """One report."""
    with house.database.reading() as session:
        kept = reports.get(session, report_id)
        report = reports.shown(kept)
        return page(
            request,
            TEMPLATES[ReportKind(kept.kind)],
            kept=kept,
            report=report,
            histogram=drawn(report) if isinstance(report, DiversityReport | LeakageReport) else None,
        )


def drawn(report: DiversityReport | LeakageReport) -> Markup:
    """How many texts have a nearest one so close; what lies above a report's threshold is marked."""
    above = report.threshold if isinstance(report, LeakageReport) else 100.0
    width = 100 / max(len(report.histogram), 1)
    starts = [width * place for place in range(len(report.histogram))]
    given = [
        Bar(f"{start:g}", count, is_marked=start >= above)
        for start, count in zip(starts, report.histogram, strict=True)
    ]
    told = [
        f"{bar.count:,} from {start:g} to {start + width:g}"
        for start, bar in zip(starts, given, strict=True)
        if bar.count
    ]
    return bars(given, label=f"Texts by the BLEU of the nearest one: {'; '.join(told)}", end="100")
