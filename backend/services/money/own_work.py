"""A rater's own work in a batch, for themselves: receipts, times, answers, pay, rejections, appeals. Unblinds nothing.

A check is a piece of work like any other here, as it is on the task's page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, literal, null, select
from sqlalchemy.orm import Session, aliased

from backend.db.assignments import Assignment, AssignmentState
from backend.db.batches import BatchState
from backend.db.checks import Check, CheckAnswer, CheckAssignment
from backend.db.ledger import Account, Compensation, LedgerEntry, Purpose, Work
from backend.db.ratings import Rating
from backend.db.studies import Prompt
from backend.db.submissions import Appeal, Rejection, Submission
from backend.domain.money import Money
from backend.domain.pay import PayRule
from backend.errors import Conflict, Invalid
from backend.services.money import earnings
from backend.services.money.ledger import is_last
from backend.services.rating.assignments import may_come_back
from backend.services.rating.visitors import Visitor

MOST_SHOWN = 500
LONGEST_APPEAL, MOST_APPEALS = 5_000, 20


@dataclass(frozen=True, slots=True)
class Pay:
    """What a piece of work earned so far, and where that money is: “paid” only where all of it is.

    state: None where it is earned, and not entered yet.
    """

    amount: Money
    state: Account | None


@dataclass(frozen=True, slots=True)
class Receipted:
    """A piece of work with its receipt. prompt: None while the rater may still be given work."""

    receipt: str
    choice: str
    at: datetime
    active_ms: int | None
    is_late: bool
    prompt: str | None
    pay: Pay | None


@dataclass(frozen=True, slots=True)
class OtherPay:
    """Pay for something that has no receipt: an entry test, a comparison that could not be judged, a compensation."""

    work: Work
    why: str
    pay: Pay


@dataclass(frozen=True, slots=True)
class OwnWork:
    """Everything, the newest first. count: of all pieces with a receipt, of which at most 500 are shown."""

    count: int
    judged: tuple[Receipted, ...]
    others: tuple[OtherPay, ...]
    rejections: tuple[str, ...]
    appeals: tuple[Appeal, ...]


def is_over(session: Session, who: Visitor) -> bool:
    """Whether no comparison and no check can come to this rater any more, whether they have handed over or not.

    A batch that is paused can go on; with checks, one may be due though every comparison was met, until the batch ends.
    """
    if who.is_at_work:
        return False
    if who.withdrawn or who.has_reached_cap or who.batch_state == BatchState.CLOSED:
        return True
    return not who.settings.checks.any and not may_come_back(session, who)


def of(session: Session, who: Visitor, *, link_id: int, with_prompts: bool, rule: PayRule | None = None) -> OwnWork:
    """This rater's work. with_prompts: not while they may be given work, or a repeat could be looked up.

    rule: how their channel pays; what it owes and nobody has entered yet is told too, so that it all adds up.
    """
    pays, others = paid(session, who)
    to_come = None if rule is None else Pay(rule.reward, None)
    rows = [*at_seats(session, who), *at_checks(session, who)]
    rows.sort(key=lambda row: row[0].at, reverse=True)
    shown = rows[:MOST_SHOWN]
    prompts = prompts_of(session, [name for _, name in shown]) if with_prompts else {}
    return OwnWork(
        count=len(rows),
        judged=tuple(
            Receipted(
                one.receipt, one.choice, one.at, one.active_ms, one.is_late, prompts.get(name), pays.get(name, to_come)
            )
            for one, name in shown
        ),
        others=(*others, *test_to_come(session, who, rule)),
        rejections=tuple(
            session.scalars(
                select(Rejection.reason)
                .join(Submission, Submission.id == Rejection.submission_id)
                .where(Submission.batch_id == who.batch_id, Submission.rater_id == who.rater_id)
                .order_by(Submission.id)
            )
        ),
        appeals=tuple(session.scalars(select(Appeal).where(Appeal.link_id == link_id).order_by(Appeal.id))),
    )


Name = tuple[str, int]
Named = tuple[Receipted, Name]
SEAT, CHECK = "assignment", "check"


def at_seats(session: Session, who: Visitor) -> Iterator[Named]:
    rows = session.execute(
        select(Rating.receipt, Rating.choice, Rating.rated_at, Rating.active_ms, Rating.state, Assignment.id)
        .join(Assignment, Assignment.id == Rating.assignment_id)
        .where(Assignment.batch_id == who.batch_id, Assignment.rater_id == who.rater_id)
    )
    for receipt, choice, at, active_ms, state, number in rows:
        yield Receipted(receipt, choice, at, active_ms, state == AssignmentState.LATE, None, None), (SEAT, number)


def at_checks(session: Session, who: Visitor) -> Iterator[Named]:
    if not who.settings.checks.any:
        return
    rows = session.execute(
        select(
            CheckAnswer.receipt, CheckAnswer.choice, CheckAnswer.answered_at, CheckAnswer.active_ms, CheckAssignment.id
        )
        .join(CheckAssignment, CheckAssignment.id == CheckAnswer.assignment_id)
        .where(CheckAssignment.batch_id == who.batch_id, CheckAssignment.rater_id == who.rater_id)
    )
    for receipt, choice, at, active_ms, number in rows:
        yield Receipted(receipt, choice, at, active_ms, False, None, None), (CHECK, number)


def prompts_of(session: Session, names: list[Name]) -> dict[Name, str]:
    """The last turn of each prompt, by piece of work."""
    original = aliased(Assignment)
    seats = session.execute(
        select(literal(SEAT), Assignment.id, Prompt.dialogue, null())
        .join(Prompt, Prompt.id == Assignment.prompt_id)
        .where(Assignment.id.in_([number for kind, number in names if kind == SEAT]))
    )
    checks = session.execute(
        select(literal(CHECK), CheckAssignment.id, Check.dialogue, Prompt.dialogue)
        .join(Check, Check.id == CheckAssignment.check_id)
        .outerjoin(original, original.id == CheckAssignment.original_id)
        .outerjoin(Prompt, Prompt.id == original.prompt_id)
        .where(CheckAssignment.id.in_([number for kind, number in names if kind == CHECK]))
    )
    return {(kind, number): (own or repeated)[-1]["text"] for kind, number, own, repeated in (*seats, *checks)}


def paid(session: Session, who: Visitor) -> tuple[dict[Name, Pay], tuple[OtherPay, ...]]:
    """What each piece of work earned, by name, and what else was earned."""
    rows = session.execute(
        select(
            LedgerEntry.work,
            LedgerEntry.assignment_id,
            LedgerEntry.check_assignment_id,
            LedgerEntry.entry_test,
            LedgerEntry.compensation_id,
            LedgerEntry.currency,
            Compensation.reason,
            func.sum(LedgerEntry.amount).label("amount"),
            func.sum(is_at(Account.PAID)).label("paid"),
            func.sum(is_at(Account.OWED)).label("owed"),
        )
        .outerjoin(Compensation, Compensation.id == LedgerEntry.compensation_id)
        .where(
            LedgerEntry.batch_id == who.batch_id,
            LedgerEntry.rater_id == who.rater_id,
            LedgerEntry.purpose.in_((Purpose.REWARD, Purpose.TOP_UP)),
            is_last(),
        )
        .group_by(
            LedgerEntry.work,
            LedgerEntry.assignment_id,
            LedgerEntry.check_assignment_id,
            LedgerEntry.entry_test,
            LedgerEntry.compensation_id,
            LedgerEntry.currency,
            Compensation.reason,
        )
        .order_by(func.min(LedgerEntry.id))
    )
    pays, others = dict[Name, Pay](), list[OtherPay]()
    for row in rows:
        state = Account.PAID if row.paid == row.amount else Account.OWED if row.owed else Account.PAYING
        pay = Pay(Money(int(row.amount), row.currency), state)
        if Work(row.work) in (Work.RATING, Work.LATE_RATING):
            pays[SEAT, row.assignment_id] = pay
        elif Work(row.work) == Work.CHECK:
            pays[CHECK, row.check_assignment_id] = pay
        else:
            others.append(OtherPay(Work(row.work), row.reason or "", pay))
    return pays, tuple(others)


def test_to_come(session: Session, who: Visitor, rule: PayRule | None) -> Iterator[OtherPay]:
    """The pay of an entry test that was taken and is not entered yet."""
    exercises = session.execute(select(earnings.unowed_exercises(who))).scalar_one() if rule else 0
    if rule and exercises:
        yield OtherPay(Work.ENTRY_TEST, "", Pay(earnings.of_test(rule, exercises), None))


def is_at(account: Account) -> ColumnElement[int]:
    """The amount of an entry whose money is here, and nothing otherwise."""
    return case((LedgerEntry.to_account == account, LedgerEntry.amount), else_=0)


def appeal(session: Session, *, link_id: int, text: str, now: datetime) -> None:
    """Store a rater's objection. The same words twice, by a double click, are one; Invalid without words."""
    said = text.strip()[:LONGEST_APPEAL]
    if not said:
        raise Invalid("Please say what is wrong; nothing was sent.")
    earlier = session.scalars(select(Appeal.text).where(Appeal.link_id == link_id)).all()
    if said in earlier:
        return
    if len(earlier) >= MOST_APPEALS:
        raise Conflict(f"You have sent {MOST_APPEALS} appeals, which is as many as one address may. They are all kept.")
    session.add(Appeal(link_id=link_id, text=said, made_at=now))
    session.flush()
