"""Reports on training data: read from the files that `assay data` wrote, kept once, and shown. Computes nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.data_reports import DataReport
from backend.domain.data.reports import CleaningReport, DiversityReport, LeakageReport, MixtureReport, ReportKind
from backend.domain.records import LONGEST_NAME
from backend.errors import Invalid, NotFound
from backend.services.data.writing import whole_file
from backend.services.studies.files import Source
from backend.services.studies.imports import clean

Report: TypeAlias = CleaningReport | DiversityReport | LeakageReport | MixtureReport

READ: dict[ReportKind, TypeAdapter[Report]] = {
    ReportKind.CLEANING: TypeAdapter(CleaningReport),
    ReportKind.DIVERSITY: TypeAdapter(DiversityReport),
    ReportKind.LEAKAGE: TypeAdapter(LeakageReport),
    ReportKind.MIXTURE: TypeAdapter(MixtureReport),
}
MARK = "report"
LARGEST = 64 * 2**20


KINDS: dict[type, ReportKind] = {
    CleaningReport: ReportKind.CLEANING,
    DiversityReport: ReportKind.DIVERSITY,
    LeakageReport: ReportKind.LEAKAGE,
    MixtureReport: ReportKind.MIXTURE,
}


def write(path: Path, report: Report) -> None:
    """A report's file, whole or not there."""
    with whole_file(path) as file:
        json.dump({MARK: str(KINDS[type(report)]), **asdict(report)}, file, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """A report, and whether it was kept before."""

    id: int
    is_new: bool


def keep(session: Session, source: Source, *, name: str, now: datetime) -> Kept:
    """Keep a report's file under a name, its own where none is given; the same file is kept once.

    Invalid, with the file and the key, for what is no report.
    """
    raw = read(source)
    digest = hashlib.sha256(raw).hexdigest()
    earlier = session.scalars(select(DataReport).where(DataReport.sha256 == digest)).one_or_none()
    if earlier is not None:
        return Kept(earlier.id, is_new=False)
    plain = parsed(raw, source.label)
    kind = kind_of(plain, source.label)
    report_of(kind, plain, source.label)
    kept = DataReport(
        kind=kind,
        name=clean((name.strip() or source.label)[:LONGEST_NAME]),
        report=plain,
        sha256=digest,
        kept_at=now,
    )
    session.add(kept)
    session.flush()
    return Kept(kept.id, is_new=True)


def read(source: Source) -> bytes:
    """The file. Invalid where it is far larger than any report."""
    with source.path.open("rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Invalid(f"{source.label} is larger than {LARGEST >> 20} MiB; a report is what `assay data` wrote beside.")
    return raw


def parsed(raw: bytes, label: str) -> dict[str, object]:
    """The report as plain data. Invalid with the line where it is no JSON."""
    try:
        plain = json.loads(clean(raw.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise Invalid(f"{label} is no text in UTF-8; a report of `assay data` is JSON.") from None
    except json.JSONDecodeError as error:
        raise Invalid(f"{label}, line {error.lineno}: this is no JSON ({error.msg}).") from None
    except RecursionError:
        raise Invalid(f"{label} is nested far too deeply for a report.") from None
    if not isinstance(plain, dict):
        raise Invalid(f"{label} holds no report; a report is one JSON object.")
    return plain


def kind_of(plain: dict[str, object], label: str) -> ReportKind:
    """What was done. Invalid where the file does not say so."""
    try:
        return ReportKind(str(plain.get(MARK)))
    except ValueError:
        raise Invalid(f"{label} is no report of `assay data`: “{MARK}” is none of {', '.join(ReportKind)}.") from None


def report_of(kind: ReportKind, plain: object, label: str) -> Report:
    """The report as it is shown. Invalid with the key that is missing or wrong."""
    try:
        return READ[kind].validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{label}: {where or 'the report'}: {first['msg'].lower()}.") from None


def listed(session: Session) -> Sequence[DataReport]:
    """All reports, the newest first."""
    return session.scalars(select(DataReport).order_by(DataReport.id.desc())).all()


def get(session: Session, report_id: int) -> DataReport:
    """The report, or NotFound."""
    found = session.get(DataReport, report_id)
    if found is None:
        raise NotFound(f"There is no report {report_id}.")
    return found


def shown(kept: DataReport) -> Report:
    """A kept report as its page needs it."""
    return report_of(ReportKind(kept.kind), kept.report, kept.name)
