"""What a rater sees of the comparison that they hold: two texts, as their seat orders them. Knows no system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any  # a dialogue is JSON as the domain wrote it

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.base import table
from backend.db.comparisons import Comparison, Seat
from backend.db.outputs import Output
from backend.db.studies import Prompt


@dataclass(frozen=True, slots=True)
class Task:
    """What a rater sees of the comparison they hold: a dialogue and two texts, and nothing of who wrote them."""

    assignment_id: int
    dialogue: Sequence[dict[str, Any]]
    first: str
    second: str
    is_check: bool = False


ASSIGNMENTS, SEATS, COMPARISONS = table(Assignment).c, table(Seat).c, table(Comparison).c
PROMPTS = table(Prompt).c
candidate, baseline = table(Output).alias("candidate"), table(Output).alias("baseline")
TASK = (
    select(
        PROMPTS.dialogue,
        SEATS.flipped,
        func.coalesce(candidate.c.shown, candidate.c.text).label("candidate"),
        func.coalesce(baseline.c.shown, baseline.c.text).label("baseline"),
    )
    .select_from(
        table(Assignment)
        .join(table(Seat), (SEATS.comparison_id == ASSIGNMENTS.comparison_id) & (SEATS.seat == ASSIGNMENTS.seat))
        .join(table(Comparison), COMPARISONS.id == ASSIGNMENTS.comparison_id)
        .join(table(Prompt), PROMPTS.id == ASSIGNMENTS.prompt_id)
        .join(candidate, candidate.c.id == COMPARISONS.candidate_output_id)
        .join(baseline, baseline.c.id == COMPARISONS.baseline_output_id)
    )
    .where(ASSIGNMENTS.id == bindparam("assignment"))
)


def task(session: Session, assignment_id: int) -> Task:
    """What the holder of this assignment is to compare, already in the order of the seat."""
    row = session.execute(TASK, {"assignment": assignment_id}).one()
    first, second = (row.baseline, row.candidate) if row.flipped else (row.candidate, row.baseline)
    return Task(assignment_id, row.dialogue, first, second)
