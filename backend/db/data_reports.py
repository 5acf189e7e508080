"""Reports on training data: what a step did with a file, kept to be read. The files themselves stay where they are."""

from datetime import datetime
from typing import Any  # JSON columns hold whatever a report's file held

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Id, one_of
from backend.domain.data.reports import ReportKind


class DataReport(Base):
    """A report as it was written. sha256: of its file, so that the same one is kept once. A trigger refuses changes."""

    __tablename__ = "data_reports"
    __table_args__ = (one_of("kind", ReportKind),)

    id: Mapped[Id]
    kind: Mapped[str]
    name: Mapped[str]
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(unique=True)
    kept_at: Mapped[datetime]
