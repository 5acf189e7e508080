"""The schema and the only commit. Knows no verbs: those are in services."""

from backend.db import (
    assignments,
    batches,
    budgets,
    checks,
    comparisons,
    ledger,
    outputs,
    payments,
    raters,
    ratings,
    studies,
    styles,
)
from backend.db.base import Base

metadata = Base.metadata

__all__ = [
    "assignments",
    "batches",
    "budgets",
    "checks",
    "comparisons",
    "ledger",
    "metadata",
    "outputs",
    "payments",
    "raters",
    "ratings",
    "studies",
    "styles",
]
