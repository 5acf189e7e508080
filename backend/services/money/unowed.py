"""Finds work for which nothing was ever owed, so that nobody stays unpaid; what is owed, the ledger knows."""

from sqlalchemy import ColumnElement, Select, case, literal, select
from sqlalchemy.orm import Session, aliased

from backend.db.assignments import Assignment, AssignmentState
from backend.db.checks import CheckAnswer, CheckAssignment, CheckState
from backend.db.journeys import EntryTest
from backend.db.ledger import Account, LedgerEntry, Purpose, Work
from backend.db.ratings import Rating
from backend.services.money.ledger import Piece


def is_owed(this: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a reward was ever entered for this work."""
    return (
        select(LedgerEntry.id)
        .where(this, LedgerEntry.purpose == Purpose.REWARD, LedgerEntry.from_account == Account.RESERVED)
        .exists()
    )


def work(session: Session, batch_id: int, *, rater_id: int | None = None) -> list[Piece]:
    """Ratings, late ones too, and skips for which nothing was ever owed, oldest first; then such checks. Of one rater
    or of all.

    So whatever a crash or a small budget has left out is found again: owing is a job whose work is what is missing.
    """
    of_seats, of_checks = seats(batch_id), checks(batch_id)
    if rater_id is not None:
        of_seats = of_seats.where(Assignment.rater_id == rater_id)
        of_checks = of_checks.where(CheckAssignment.rater_id == rater_id)
    return [
        *(Piece(Work(work), rater, assignment_id=number) for work, rater, number in session.execute(of_seats)),
        *(Piece(Work(work), rater, check_assignment_id=number) for work, rater, number in session.execute(of_checks)),
    ]


def seats(batch_id: int) -> Select[str, int, int]:
    """Ended assignments at seats for which nothing was owed."""
    return (
        select(
            case(
                (Assignment.state == AssignmentState.RATED, literal(Work.RATING.value)),
                (Assignment.state == AssignmentState.LATE, literal(Work.LATE_RATING.value)),
                else_=literal(Work.SKIP.value),
            ),
            Assignment.rater_id,
            Assignment.id,
        )
        .outerjoin(Rating, Rating.assignment_id == Assignment.id)
        .where(
            Assignment.batch_id == batch_id,
            Rating.assignment_id.is_not(None) | (Assignment.state == AssignmentState.SKIPPED),
            ~is_owed(LedgerEntry.assignment_id == Assignment.id),
        )
        .order_by(Assignment.id)
    )


def checks(batch_id: int) -> Select[str, int, int]:
    """Ended assignments at checks for which nothing was owed."""
    return (
        select(
            case(
                (CheckAssignment.state == CheckState.ANSWERED, literal(Work.CHECK.value)),
                else_=literal(Work.SKIP.value),
            ),
            CheckAssignment.rater_id,
            CheckAssignment.id,
        )
        .outerjoin(CheckAnswer, CheckAnswer.assignment_id == CheckAssignment.id)
        .where(
            CheckAssignment.batch_id == batch_id,
            CheckAnswer.assignment_id.is_not(None) | (CheckAssignment.state == CheckState.SKIPPED),
            ~is_owed(LedgerEntry.check_assignment_id == CheckAssignment.id),
        )
        .order_by(CheckAssignment.id)
    )


def entry_test_is_owed() -> ColumnElement[bool]:
    """Whether a reward was ever entered for an entry test."""
    entered = aliased(LedgerEntry)
    return (
        select(entered.id)
        .where(
            entered.batch_id == EntryTest.batch_id,
            entered.rater_id == EntryTest.rater_id,
            entered.entry_test == EntryTest.name,
            entered.purpose == Purpose.REWARD,
            entered.from_account == Account.RESERVED,
        )
        .exists()
    )


def entry_tests(session: Session, batch_id: int, *, rater_id: int | None = None) -> list[tuple[Piece, int]]:
    """Entry tests, passed or not, for which nothing was ever owed, oldest first, each with its number of exercises. Of
    one rater or of all.
    """
    found = select(EntryTest.rater_id, EntryTest.name, EntryTest.out_of).where(
        EntryTest.batch_id == batch_id, ~entry_test_is_owed()
    )
    if rater_id is not None:
        found = found.where(EntryTest.rater_id == rater_id)
    rows = session.execute(found.order_by(EntryTest.id))
    return [(Piece(Work.ENTRY_TEST, rater, entry_test=name), out_of) for rater, name, out_of in rows]
