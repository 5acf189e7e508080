"""A batch whose raters have worked, with a budget: what the tests of money begin with. Knows no vendor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.channels import Posting
from backend.db.comparisons import Comparison
from backend.db.journeys import EntryTest
from backend.db.ledger import LedgerEntry, Purpose
from backend.db.payments import PaymentIntent, PaymentKind
from backend.db.raters import Channel, Link, Rater
from backend.db.ratings import Rating
from backend.db.submissions import Appeal, Submission
from backend.db.vendor_calls import HandPayment
from backend.domain.channels import defaults
from backend.domain.money import Money
from backend.domain.pay import MTURK, NO_FEES, Fees, PayRule
from backend.services.money import budgets, intents, ledger, top_ups, unowed
from backend.services.money.ledger import Due
from backend.services.studies import channels
from tests import factories
from tests.factories import NOW

PAPER = PayRule(median_ms=43_000)


def raters(session: Session, count: int, *, first: int = 1) -> list[int]:
    """So many new raters, w1 and so on."""
    return [
        session.execute(
            insert(Rater).values(channel=Channel.LINK, external_id=f"w{number}", created_at=NOW).returning(Rater.id)
        ).scalar_one()
        for number in range(first, first + count)
    ]


def took_test(session: Session, batch_id: int, rater_id: int, name: str, *, passed: bool = False) -> None:
    """This rater has taken an entry test."""
    session.execute(
        insert(EntryTest).values(
            batch_id=batch_id,
            rater_id=rater_id,
            name=name,
            answers=["first"],
            score=int(passed),
            out_of=1,
            passed=passed,
            taken_at=NOW,
        )
    )


def worked(session: Session, *, prompts: int, people: int, active_ms: Sequence[int | None]) -> Batch:
    """A batch of three seats a prompt, all rated: the k-th rating by rater k modulo their number, in such a time."""
    batch = factories.launched(session, prompts=prompts, seats=3)
    rate(session, batch, people=people, active_ms=active_ms)
    return batch


def rate(session: Session, batch: Batch, *, people: int, active_ms: Sequence[int | None]) -> None:
    """Rate all of a batch of three seats a prompt, as `worked` does."""
    who = raters(session, people)
    comparisons = session.scalars(
        select(Comparison).where(Comparison.batch_id == batch.id).order_by(Comparison.position)
    )
    places = [(one, seat) for one in comparisons for seat in (1, 2, 3)]
    sat = [
        {"batch_id": batch.id, "rater_id": who[k % people], "prompt_id": one.prompt_id, "comparison_id": one.id}
        | {"seat": seat, "state": "rated", "claimed_at": NOW, "lease_expires_at": NOW}
        for k, (one, seat) in enumerate(places)
    ]
    session.execute(insert(Assignment), sat)
    rows = session.execute(select(Assignment.id, Assignment.rater_id).order_by(Assignment.id))
    session.execute(
        insert(Rating),
        [
            {"assignment_id": number, "rater_id": rater, "state": "rated", "choice": "tie", "receipt": f"R-{number}"}
            | {"active_ms": active_ms[k % len(active_ms)], "rated_at": NOW}
            for k, (number, rater) in enumerate(rows)
        ],
    )


def owe_everything(session: Session, batch_id: int, reservation_id: int, rule: PayRule, fees: Fees) -> int:
    """Owe the reward, and its fee, for all work for which nothing is owed yet."""
    fee = fees.on_reward(rule.reward)
    dues = [
        due
        for piece in unowed.work(session, batch_id)
        for due in (Due(piece, Purpose.REWARD, rule.reward), Due(piece, Purpose.REWARD_FEE, fee))
    ]
    return ledger.owe(session, reservation_id, dues, now=NOW)


def with_budget(session: Session, batch: Batch, minor: int, *, aside: int) -> int:
    """A budget of so many cents, so many of them set aside; the reservation's id."""
    budgets.set_budget(session, batch.id, allowed=Money(minor))
    return budgets.reserve(session, batch.id, amount=Money(aside), key=f"batch {batch.id}", now=NOW).id


def declared(session: Session, batch_id: int, channel: Channel, rule: PayRule | None = PAPER) -> int:
    """This channel of the batch, with its usual fees and this pay; the channel's id."""
    settings = replace(defaults(channel), pay=rule)
    return channels.declare(session, batch_id, channel, settings, now=NOW).id


def from_vendor(session: Session, rater_ids: Sequence[int], channel: Channel) -> None:
    """These raters came by this channel, as A1 and so on."""
    for number, rater_id in enumerate(rater_ids, start=1):
        session.execute(update(Rater).where(Rater.id == rater_id).values(channel=channel, external_id=f"A{number}"))


def linked(session: Session, batch_id: int, rater_id: int) -> int:
    """A rater's link into a batch."""
    return session.execute(
        insert(Link).values(batch_id=batch_id, rater_id=rater_id, created_at=NOW).returning(Link.id)
    ).scalar_one()


def rater(session: Session, channel: Channel, external_id: str) -> int:
    """A new rater of this channel."""
    values = {"channel": channel, "external_id": external_id, "created_at": NOW}
    return session.execute(insert(Rater).values(values).returning(Rater.id)).scalar_one()


def comparison_id(session: Session, batch_id: int, place: int) -> int:
    """The comparison at this place."""
    return session.execute(
        select(Comparison.id).where(Comparison.batch_id == batch_id, Comparison.position == place)
    ).scalar_one()


def submitted(
    session: Session,
    channel_id: int,
    batch_id: int,
    rater_id: int,
    *,
    comparison_id: int | None = None,
    reservation_id: int | None = None,
    number: str = "",
) -> int:
    """A submission of this rater that the vendor has listed, on a posting of its own, perhaps of one comparison."""
    posting = session.execute(
        insert(Posting)
        .values(token=f"t-{rater_id}{number}", channel_id=channel_id, batch_id=batch_id, comparison_id=comparison_id)
        .values(places=1, currency="USD", reward=18, state="published", vendor_id=f"HIT{rater_id}{number}")
        .values(intended_at=NOW, published_at=NOW, reservation_id=reservation_id)
        .returning(Posting.id)
    ).scalar_one()
    return session.execute(
        insert(Submission)
        .values(posting_id=posting, batch_id=batch_id, rater_id=rater_id, vendor_id=f"S{rater_id}{number}")
        .values(state="submitted", accepted_at=NOW, submitted_at=NOW, confirmed_at=NOW)
        .returning(Submission.id)
    ).scalar_one()


def appealed(session: Session, link_id: int, text: str = "The page froze, and I was not paid.") -> int:
    """A rater's appeal."""
    return session.execute(
        insert(Appeal).values(link_id=link_id, text=text, made_at=NOW).returning(Appeal.id)
    ).scalar_one()


def intended(
    session: Session, entries: Sequence[LedgerEntry], *, kind: PaymentKind = PaymentKind.BONUS
) -> PaymentIntent:
    """A payment for these entries of one rater."""
    rater = entries[0].rater_id
    return intents.intend_payment(
        session,
        entries,
        kind=kind,
        posting_id=f"HIT{rater}",
        submission_id=f"S{rater}",
        reason="For your time",
        now=NOW,
    )


def settled(session: Session, payment_id: int, *, answer: str | None = None) -> None:
    """The vendor has paid, or refused with this answer."""
    intents.begin(session, payment_id, now=NOW)
    intents.outcome(session, payment_id, confirmed=answer is None, now=NOW, answer=answer)


def noted(session: Session, payment: PaymentIntent) -> str:
    """A payment that a person has to make; its token."""
    values = {
        "token": payment.token,
        "submission_id": payment.submission_id,
        "rater_id": None,
        "reason": payment.reason,
    }
    money = {"amount": payment.amount, "currency": payment.currency, "noted_at": NOW}
    session.execute(insert(HandPayment).values(values | money))
    return payment.token


@dataclass(frozen=True, slots=True)
class Paid:
    """A batch with money in every account. raters: by rising id; the first two by link, the last two by MTurk."""

    batch: Batch
    raters: tuple[int, ...]
    submissions: tuple[int, ...]
    tokens: tuple[str, ...]


def everywhere(session: Session, *, prompts: int = 4) -> Paid:
    """Four raters, two by link and two by MTurk; by rising id: paid, to be paid by hand, refused, without an answer.

    Each rated three of twelve seats; in 20, 43, 60 and 200 seconds a piece, in turn, so by rising id the same.
    """
    batch = worked(session, prompts=prompts, people=4, active_ms=[20_000, 43_000, 60_000, 200_000])
    who = sorted(set(session.scalars(select(Assignment.rater_id).where(Assignment.batch_id == batch.id))))
    from_vendor(session, who[2:], Channel.MTURK)
    declared(session, batch.id, Channel.LINK)
    channel = declared(session, batch.id, Channel.MTURK)
    reservation = with_budget(session, batch, 2_000, aside=1_500)
    submissions = tuple(submitted(session, channel, batch.id, rater) for rater in who[2:])
    for rater in who:
        appealed(session, linked(session, batch.id, rater)) if rater == who[3] else linked(session, batch.id, rater)
    for rater in who:
        fees = MTURK if rater in who[2:] else NO_FEES
        owe_reward(session, batch.id, reservation, rater, fees)
    top_ups.top_up(session, reservation, rule=PAPER, fees=NO_FEES, now=NOW)
    first, by_hand, refused, unknown = (
        intended(session, ledger.owed(session, batch.id, rater_id=rater)) for rater in who
    )
    settled(session, first.id)
    tokens = (noted(session, by_hand),)
    intents.begin(session, by_hand.id, now=NOW)
    intents.stop_asking(session, by_hand.id)
    settled(session, refused.id, answer="This worker can't be paid any more.")
    intents.begin(session, unknown.id, now=NOW)
    return Paid(batch, tuple(who), submissions, tokens)


def owe_reward(session: Session, batch_id: int, reservation_id: int, rater_id: int, fees: Fees) -> None:
    """Owe a rater the paper's reward, and its fee, for all their work."""
    fee = fees.on_reward(PAPER.reward)
    pieces = [piece for piece in unowed.work(session, batch_id) if piece.rater_id == rater_id]
    dues = [
        due
        for piece in pieces
        for due in (Due(piece, Purpose.REWARD, PAPER.reward), Due(piece, Purpose.REWARD_FEE, fee))
    ]
    ledger.owe(session, reservation_id, dues, now=NOW)
