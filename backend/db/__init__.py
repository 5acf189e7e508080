"""The schema and the only commit. Knows no verbs: those are in services."""

from backend.db import assignments, batches, checks, comparisons, outputs, raters, ratings, studies, styles
from backend.db.base import Base

metadata = Base.metadata

__all__ = [
    "assignments",
    "batches",
    "checks",
    "comparisons",
    "metadata",
    "outputs",
    "raters",
    "ratings",
    "studies",
    "styles",
]
