"""How the finished checks of a batch were answered: row by row, and as columns for results. Gives nobody a check."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.checks import Check, CheckAnswer, CheckAssignment, CheckState
from backend.db.ratings import Rating
from backend.domain.checks import FAILED, KINDS, NOT_JUDGED, PASSED, CheckAnswers, CheckKind, is_consistent, passes
from backend.domain.choices import Choice


@dataclass(frozen=True, slots=True)
class Marked:
    """A check that a rater has finished. mark: as in `CheckAnswers`."""

    rater_id: int
    kind: CheckKind
    mark: int
    active_ms: int | None


def marked(session: Session, batch_id: int) -> Iterator[Marked]:
    """Every check of the batch that was answered or could not be judged, in the order they were given."""
    rows = session.execute(
        select(
            CheckAssignment.rater_id,
            CheckAssignment.kind,
            Check.expected,
            CheckAnswer.choice,
            CheckAnswer.active_ms,
            Rating.choice.label("original"),
        )
        .join(Check, Check.id == CheckAssignment.check_id)
        .outerjoin(CheckAnswer, CheckAnswer.assignment_id == CheckAssignment.id)
        .outerjoin(Rating, Rating.assignment_id == CheckAssignment.original_id)
        .where(
            CheckAssignment.batch_id == batch_id,
            CheckAssignment.state.in_([CheckState.ANSWERED, CheckState.SKIPPED]),
        )
        .order_by(CheckAssignment.id)
    )
    for row in rows:
        yield Marked(row.rater_id, CheckKind(row.kind), mark(row.choice, row.expected, row.original), row.active_ms)


def mark(choice: str | None, expected: str | None, original: str | None) -> int:
    """Passed or failed by the expected choice, or for a repeat by the original one; not judged without a choice."""
    if choice is None:
        return NOT_JUDGED
    if expected is not None:
        return PASSED if passes(Choice(choice), Choice(expected)) else FAILED
    assert original is not None
    return PASSED if is_consistent(Choice(original), Choice(choice)) else FAILED


def answers(session: Session, batch_id: int) -> CheckAnswers:
    """The finished checks of a batch as columns, for `backend.domain.checks.by_rater`."""
    found = list(marked(session, batch_id))
    codes = {kind: code for code, kind in enumerate(KINDS)}
    return CheckAnswers(
        raters=np.array([one.rater_id for one in found], dtype=np.int64),
        kinds=np.array([codes[one.kind] for one in found], dtype=np.int8),
        marks=np.array([one.mark for one in found], dtype=np.int8),
    )
