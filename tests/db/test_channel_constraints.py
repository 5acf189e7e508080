"""What the database itself keeps of channels, postings and raters' journeys, tried with bare statements."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Executable, delete, insert, select, update
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.channels import BatchChannel, Posting
from backend.db.comparisons import Comparison, Seat
from backend.db.journeys import Completion, Consent, EntryTest, Practice
from backend.db.raters import Link, Rater
from backend.db.session import Database
from backend.db.submissions import Appeal, Rejection, Submission
from tests import factories
from tests.db.test_constraints import comparison_at, new_rater, refused
from tests.factories import NOW
from tests.paid import took_test


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session, seats=3)


@pytest.fixture
def channel(session: Session, batch: Batch) -> int:
    return session.execute(a_channel(batch.id)).scalar_one()


@pytest.fixture
def posting(session: Session, batch: Batch, channel: int) -> int:
    return session.execute(a_posting(batch, channel, comparison_id=comparison_at(session, batch).id)).scalar_one()


def a_channel(batch_id: int, name: str = "mturk") -> Executable:
    row = {"batch_id": batch_id, "channel": name, "settings": {}, "created_at": NOW}
    return insert(BatchChannel).values(row).returning(BatchChannel.id)


def a_posting(batch: Batch, channel: int, **changes: object) -> Executable:
    row = {"token": "one", "channel_id": channel, "batch_id": batch.id, "places": 3, "currency": "USD", "reward": 18}
    return insert(Posting).values({**row, "intended_at": NOW, **changes}).returning(Posting.id)


def a_submission(posting: int, batch: Batch, rater: int, **changes: object) -> Executable:
    row = {"posting_id": posting, "batch_id": batch.id, "rater_id": rater, "vendor_id": f"3A{rater}"}
    return insert(Submission).values({**row, "accepted_at": NOW, **changes}).returning(Submission.id)


def binding(posting: int | None, comparison: Comparison, seat: int = 1) -> Executable:
    return update(Seat).where(Seat.comparison_id == comparison.id, Seat.seat == seat).values(posting_id=posting)


def closing(posting: int) -> Executable:
    return update(Posting).where(Posting.id == posting).values(state="closed", closed_at=NOW)


def sitting(comparison: Comparison, rater: int, seat: int = 1) -> Executable:
    row = {"batch_id": comparison.batch_id, "rater_id": rater, "prompt_id": comparison.prompt_id}
    row |= {"comparison_id": comparison.id, "seat": seat, "claimed_at": NOW, "lease_expires_at": NOW}
    return insert(Assignment).values(row)


def is_open(session: Session, comparison: Comparison, seat: int = 1) -> bool:
    return session.execute(
        select(Seat.is_open).where(Seat.comparison_id == comparison.id, Seat.seat == seat)
    ).scalar_one()


def leaving(state: str) -> Executable:
    return update(Assignment).values(state=state)


def test_a_bound_seat_leaves_the_queue_and_comes_back_when_its_posting_is_closed(
    session: Session, batch: Batch, posting: int
) -> None:
    comparison = comparison_at(session, batch)
    session.execute(binding(posting, comparison))
    assert not is_open(session, comparison)
    refused(session, binding(None, comparison), "vendor has confirmed")
    session.execute(closing(posting))
    session.execute(binding(None, comparison))
    assert is_open(session, comparison)


def test_only_who_came_through_the_posting_sits_on_its_seats(session: Session, batch: Batch, posting: int) -> None:
    comparison, stranger, rater = comparison_at(session, batch), new_rater(session), new_rater(session)
    session.execute(binding(posting, comparison))
    session.execute(a_submission(posting, batch, rater))
    refused(session, sitting(comparison, stranger), "who came through it")
    session.execute(sitting(comparison, rater))
    session.execute(sitting(comparison, stranger, seat=2))


@pytest.mark.parametrize("state", ["lapsed", "returned"])
def test_a_bound_seat_that_is_left_stays_out_of_the_queue(
    session: Session, batch: Batch, posting: int, state: str
) -> None:
    comparison, rater = comparison_at(session, batch), new_rater(session)
    session.execute(binding(posting, comparison))
    session.execute(a_submission(posting, batch, rater))
    session.execute(sitting(comparison, rater))
    session.execute(leaving(state))
    assert not is_open(session, comparison)
    session.execute(closing(posting))
    session.execute(binding(None, comparison))
    assert is_open(session, comparison)


def test_a_seat_that_was_rated_does_not_open_when_its_posting_is_closed(
    session: Session, batch: Batch, posting: int
) -> None:
    comparison, rater = comparison_at(session, batch), new_rater(session)
    session.execute(binding(posting, comparison))
    session.execute(a_submission(posting, batch, rater))
    session.execute(sitting(comparison, rater))
    session.execute(closing(posting))
    session.execute(binding(None, comparison))
    assert not is_open(session, comparison)


def test_a_seat_is_bound_only_while_it_is_open_and_to_a_posting_of_its_comparison(
    session: Session, batch: Batch, channel: int, posting: int
) -> None:
    comparison, other = comparison_at(session, batch), comparison_at(session, batch, position=1)
    refused(session, binding(posting, other), "its own comparison")
    session.execute(sitting(comparison, new_rater(session)))
    refused(session, binding(posting, comparison), "while it is open")
    session.execute(binding(posting, comparison, seat=2))
    second = session.execute(a_posting(batch, channel, token="two", comparison_id=comparison.id)).scalar_one()
    refused(session, binding(second, comparison, seat=2), "while it is open")
    session.execute(closing(second))
    refused(session, binding(second, comparison, seat=3), "open posting")


def test_a_channel_is_there_once_a_batch_brings_raters_and_stays(session: Session, batch: Batch, channel: int) -> None:
    refused(session, a_channel(batch.id), "(?i)unique")
    refused(session, a_channel(batch.id, "imported"), "brings_raters")
    refused(session, a_channel(batch.id, "post"), "ck_channels_channel")
    refused(session, update(BatchChannel).values(settings={"a": 1}), "as it was declared")
    refused(session, delete(BatchChannel), "never deleted")


@pytest.mark.parametrize(
    "change", [{"reward": 19}, {"token": "two"}, {"places": 2}, {"state": "published"}, {"state": "closed"}]
)
def test_what_a_posting_offers_never_changes(session: Session, posting: int, change: dict[str, object]) -> None:
    refused(session, update(Posting).values(**change), "never changes|only grows|named_by_the_vendor|closes_once")


def test_a_posting_goes_one_way_and_keeps_its_name(session: Session, batch: Batch, channel: int, posting: int) -> None:
    session.execute(update(Posting).values(state="published", vendor_id="3X", places=4))
    refused(session, update(Posting).values(vendor_id="3Y"), "the id that the vendor gave")
    refused(session, a_posting(batch, channel, token="two", vendor_id="3X"), "(?i)unique")
    refused(session, a_posting(batch, channel), "(?i)unique")
    session.execute(update(Posting).values(state="paused"))
    session.execute(closing(posting))
    refused(session, update(Posting).values(state="published", closed_at=None), "stays closed")
    refused(session, delete(Posting), "never deleted")


def test_a_submission_is_confirmed_before_it_ends_and_stays_the_raters(
    session: Session, batch: Batch, posting: int
) -> None:
    rater = new_rater(session)
    session.execute(a_submission(posting, batch, rater))
    refused(session, a_submission(posting, batch, rater), "(?i)unique")
    refused(session, update(Submission).values(state="submitted"), "ends_by_the_vendor")
    session.execute(update(Submission).values(state="approved", confirmed_at=NOW))
    refused(session, update(Submission).values(state="rejected"), "stays so")
    refused(session, update(Submission).values(rater_id=new_rater(session)), "never moves")
    refused(session, delete(Submission), "never deleted")


def test_several_may_claim_a_submission_and_the_vendor_gives_it_to_one_at_a_time(
    session: Session, batch: Batch, posting: int
) -> None:
    first, second, third = (
        session.execute(a_submission(posting, batch, new_rater(session), vendor_id="3A")).scalar_one() for _ in range(3)
    )

    def said(number: int, state: str) -> Executable:
        return update(Submission).where(Submission.id == number).values(state=state, confirmed_at=NOW)

    session.execute(said(first, "active"))
    for state in ("active", "submitted", "approved", "rejected"):
        refused(session, said(second, state), "(?i)unique")
    session.execute(said(first, "returned"))
    session.execute(said(second, "timed_out"))
    session.execute(said(third, "submitted"))
    refused(session, said(first, "active"), "(?i)unique")


def test_a_rejection_has_a_reason_for_ever(session: Session, batch: Batch, posting: int) -> None:
    number = session.execute(a_submission(posting, batch, new_rater(session))).scalar_one()
    row = {"submission_id": number, "reason": "Only one button pressed.", "decided_at": NOW}
    refused(session, insert(Rejection).values({**row, "reason": ""}), "says_why")
    session.execute(insert(Rejection).values(row))
    refused(session, insert(Rejection).values(row), "(?i)unique")
    refused(session, update(Rejection).values(reason="Another."), "keeps its reason")
    refused(session, delete(Rejection), "never deleted")
    session.execute(update(Rejection).values(told_at=NOW))


def test_an_appeal_is_answered_once(session: Session, batch: Batch) -> None:
    link = a_link(session, batch)
    session.execute(insert(Appeal).values(link_id=link, text="I read them all.", made_at=NOW))
    refused(session, insert(Appeal).values(link_id=link, text="", made_at=NOW), "says_something")
    refused(session, update(Appeal).values(answer="You did."), "answered_once")
    session.execute(update(Appeal).values(answer="You did.", answered_at=NOW))
    refused(session, update(Appeal).values(answer="You did not.", answered_at=NOW), "never changes")
    refused(session, update(Appeal).values(text="Other words."), "keeps its words")
    refused(session, delete(Appeal), "never deleted")


def a_link(session: Session, batch: Batch) -> int:
    rater = new_rater(session)
    assert session.get(Rater, rater) is not None
    row = {"batch_id": batch.id, "rater_id": rater, "created_at": NOW}
    return session.execute(insert(Link).values(row).returning(Link.id)).scalar_one()


def test_the_steps_of_a_journey_are_stored_once(session: Session, batch: Batch) -> None:
    link = a_link(session, batch)
    steps = [
        insert(Consent).values(link_id=link, text_hash="ab", agreed=True, given_at=NOW),
        insert(Practice).values(link_id=link, exercise=1, choice="first", answered_at=NOW),
        insert(Completion).values(link_id=link, outcome="completed", code="C1", completed_at=NOW),
    ]
    for step in steps:
        session.execute(step)
        refused(session, step, "(?i)unique")
    changes = [
        update(Consent).values(agreed=False),
        update(Practice).values(choice="second"),
        update(Completion).values(code="C2"),
    ]
    for change in changes:
        refused(session, change, "never change")
    for table in (Consent, Practice, Completion):
        refused(session, delete(table), "never goes")


def test_an_entry_test_is_taken_once(session: Session, batch: Batch) -> None:
    rater = new_rater(session)
    took_test(session, batch.id, rater, "entry")
    row = {"batch_id": batch.id, "rater_id": rater, "name": "entry", "answers": [], "score": 1, "out_of": 1}
    again = {**row, "passed": True, "taken_at": NOW}
    refused(session, insert(EntryTest).values(again), "(?i)unique")
    refused(session, insert(EntryTest).values({**again, "name": "b", "score": 2}), "ck_entry_tests_score")
    refused(session, update(EntryTest).values(passed=True), "never changes")
    refused(session, delete(EntryTest), "never goes")
