"""A rater's own work: every receipt with its pay, a check like any other piece, and appeals. Nothing is unblinded."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.channels import BatchChannel, Posting
from backend.db.ledger import Account, Purpose, Work
from backend.db.payments import PaymentKind
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.submissions import Appeal, Rejection, Submission
from backend.domain.choices import Choice
from backend.domain.money import Money
from backend.errors import Conflict, Invalid
from backend.services.money import intents, ledger, own_work, unowed
from backend.services.money.ledger import Due, Piece
from backend.services.money.own_work import OwnWork
from backend.services.rating import checks, links, ratings
from backend.services.rating.assignments import claim
from backend.services.rating.ratings import Vote
from tests import factories, paid, ways
from tests.factories import NOW


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def rated(session: Session, *, times: int, **options: object) -> tuple[Batch, int]:
    """A batch, and the link of a rater who has judged so many comparisons and checks."""
    batch = factories.launched(session, **options)
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    for _ in range(times):
        who = checks.visitor(session, link_id=link.id)
        vote = Vote(Choice.FIRST, active_ms=61_000)
        check = checks.claim(session, who, now=NOW) if who.settings.checks.any else None
        number = check or claim(session, who, now=NOW)
        assert number is not None
        submit = checks.submit if check else ratings.submit
        submit(session, rater_id=who.rater_id, assignment_id=number, vote=vote, now=NOW)
    return batch, link.id


def work(session: Session, link_id: int, *, with_prompts: bool = False) -> OwnWork:
    who = checks.visitor(session, link_id=link_id)
    return own_work.of(session, who, link_id=link_id, with_prompts=with_prompts)


def test_every_receipt_is_there_and_a_check_is_like_any_other_piece(session: Session) -> None:
    rules = {"checks": {"gold": 0.5, "repeat": 0.3}, "gold": factories.gold(5)}
    _, link = rated(session, times=9, prompts=9, **rules)
    found = work(session, link, with_prompts=True)
    assert checks.visitor(session, link_id=link).checked >= 2
    assert (found.count, len({one.receipt for one in found.judged})) == (9, 9)
    assert {(one.choice, one.active_ms, one.is_late) for one in found.judged} == {("first", 61_000, False)}
    assert all(one.prompt and one.prompt.endswith("?") for one in found.judged)
    assert {one.prompt for one in work(session, link).judged} == {None}


def test_of_very_many_pieces_the_newest_are_shown(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_work, "MOST_SHOWN", 2)
    _, link = rated(session, times=3)
    found = work(session, link)
    assert (found.count, len(found.judged)) == (3, 2)


def test_each_piece_says_what_it_earned_and_where_the_money_is(session: Session) -> None:
    batch, link = rated(session, times=3)
    rater = checks.visitor(session, link_id=link).rater_id
    paid.took_test(session, batch.id, rater, "entry")
    reservation = paid.with_budget(session, batch, 10_000, aside=1_000)
    first, second, _ = unowed.work(session, batch.id)
    test = Piece(Work.ENTRY_TEST, rater, entry_test="entry")
    dues = [Due(one, Purpose.REWARD, Money(25)) for one in (first, second, test)]
    ledger.owe(session, reservation, [*dues, Due(first, Purpose.TOP_UP, Money(5))], now=NOW)
    ledger.compensate(
        session, batch.id, rater_id=rater, amount=Money(99), fee=Money(20), reason="It broke.", key="k", now=NOW
    )
    found = work(session, link)
    pays = sorted(str(one.pay.amount) for one in found.judged if one.pay)
    assert (pays, [one.pay for one in found.judged].count(None)) == (["$0.25", "$0.30"], 1)
    assert [(one.work, one.why, one.pay.amount) for one in found.others] == [
        (Work.ENTRY_TEST, "", Money(25)),
        (Work.COMPENSATION, "It broke.", Money(99)),
    ]
    assert {one.pay.state for one in found.others} == {Account.OWED}


def test_money_that_is_on_its_way_is_neither_owed_nor_paid_until_it_has_come(session: Session) -> None:
    batch, link = rated(session, times=1)
    reservation = paid.with_budget(session, batch, 10_000, aside=1_000)
    (piece,) = unowed.work(session, batch.id)
    ledger.owe(session, reservation, [Due(piece, Purpose.REWARD, Money(25))], now=NOW)
    intent = intents.intend_payment(
        session,
        ledger.owed(session, batch.id),
        kind=PaymentKind.BONUS,
        posting_id="p",
        submission_id="s",
        reason="Work",
        now=NOW,
    )
    assert states(session, link) == [own_work.Pay(Money(25), Account.PAYING)]
    intents.begin(session, intent.id, now=NOW)
    intents.outcome(session, intent.id, confirmed=True, now=NOW)
    assert states(session, link) == [own_work.Pay(Money(25), Account.PAID)]


def states(session: Session, link_id: int) -> list[own_work.Pay | None]:
    return [one.pay for one in work(session, link_id).judged]


def test_a_rejection_is_read_with_its_reason(session: Session) -> None:
    batch, link = rated(session, times=1)
    who = checks.visitor(session, link_id=link)
    ways.channel(session, batch, Channel.PROLIFIC)
    channel = session.scalars(select(BatchChannel.id)).one()
    posting = Posting(
        token="t", channel_id=channel, batch_id=batch.id, places=1, currency="USD", reward=25, intended_at=NOW
    )
    session.add(posting)
    session.flush()
    handed = Submission(posting_id=posting.id, batch_id=batch.id, rater_id=who.rater_id, vendor_id="s", accepted_at=NOW)
    session.add(handed)
    session.flush()
    session.execute(insert(Rejection).values(submission_id=handed.id, reason="Nothing was read.", decided_at=NOW))
    assert work(session, link).rejections == ("Nothing was read.",)


def test_an_appeal_is_stored_once_and_shows_its_answer(session: Session) -> None:
    _, link = rated(session, times=1)
    for _ in range(2):
        own_work.appeal(session, link_id=link, text="  I read everything.  ", now=NOW)
    session.execute(update(Appeal).values(answer="You are right.", answered_at=NOW))
    session.expire_all()
    assert [(one.text, one.answer) for one in work(session, link).appeals] == [("I read everything.", "You are right.")]


def test_an_appeal_says_something_and_there_is_an_end_of_them(session: Session) -> None:
    _, link = rated(session, times=0)
    with pytest.raises(Invalid, match="say what is wrong"):
        own_work.appeal(session, link_id=link, text="  ", now=NOW)
    for number in range(own_work.MOST_APPEALS):
        own_work.appeal(session, link_id=link, text=f"No. {number}", now=NOW)
    with pytest.raises(Conflict, match="20 appeals"):
        own_work.appeal(session, link_id=link, text="One more", now=NOW)
