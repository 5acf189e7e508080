"""The schema and the only commit. Knows no verbs: those are in services."""

from backend.db import (
    assignments,
    batches,
    budgets,
    channels,
    checks,
    comparisons,
    generations,
    jobs,
    journeys,
    judges,
    ledger,
    outputs,
    payments,
    raters,
    ratings,
    replies,
    studies,
    styles,
    submissions,
    syntheses,
    vendor_calls,
)
from backend.db.base import Base

metadata = Base.metadata

__all__ = [
    "assignments",
    "batches",
    "budgets",
    "channels",
    "checks",
    "comparisons",
    "generations",
    "jobs",
    "journeys",
    "judges",
    "ledger",
    "metadata",
    "outputs",
    "payments",
    "raters",
    "ratings",
    "replies",
    "studies",
    "styles",
    "submissions",
    "syntheses",
    "vendor_calls",
]
