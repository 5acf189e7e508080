"""What only a person decides: rejections with a reason, answers to appeals, compensations."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from backend.db.channels import Posting
from backend.db.ledger import Account
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.domain.money import Money
from backend.errors import Conflict, Invalid, NotFound
from backend.services.approval import decisions, rejections, to_decide
from backend.services.money import ledger, why_unowed
from backend.services.money.why_unowed import Why
from backend.services.pseudonyms import pseudonyms
from tests import factories, paid
from tests.factories import NOW
from tests.paid import Paid

NAMES = pseudonyms("k", 1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def made(session: Session) -> Paid:
    """Money in every account; the third and the fourth rater have handed in a submission."""
    return paid.everywhere(session)


def test_what_waits_for_approval_is_shown_with_its_answers_and_time(session: Session, made: Paid) -> None:
    first, second = to_decide.of_batch(session, made.batch.id, NAMES)
    assert [one.id for one in (first, second)] == list(made.submissions)
    assert (first.ratings, first.active_ms, first.rejected) == (3, 180_000, None)
    handed, answers = to_decide.in_full(session, made.batch.id, made.submissions[1], NAMES)
    assert handed == second
    assert [(one.choice, one.active_ms) for one in answers] == [("tie", 200_000)] * 3
    assert len({one.place for one in answers}) == 3


def test_a_submission_on_one_comparison_shows_only_what_was_chosen_there(session: Session, made: Paid) -> None:
    submission = session.get_one(Submission, made.submissions[0])
    comparison = to_decide.answers(session, submission)[0].place
    posting = session.get_one(Posting, submission.posting_id)
    at = paid.comparison_id(session, made.batch.id, comparison)
    made_for = paid.submitted(
        session, posting.channel_id, made.batch.id, submission.rater_id, comparison_id=at, number="one"
    )
    _, answers = to_decide.in_full(session, made.batch.id, made_for, NAMES)
    assert [one.place for one in answers] == [comparison]


def test_what_a_person_rejected_says_why(session: Session, made: Paid) -> None:
    rejections.reject(session, made.submissions[0], reason=" Every answer is the same. ", now=NOW)
    assert to_decide.of_batch(session, made.batch.id, NAMES)[0].rejected == "Every answer is the same."
    handed, _ = to_decide.in_full(session, made.batch.id, made.submissions[0], NAMES)
    assert handed.rejected == "Every answer is the same."


def test_a_submission_is_found_in_its_own_batch_alone(session: Session, made: Paid) -> None:
    for batch_id, number in ((factories.launched(session).id, made.submissions[0]), (made.batch.id, 99)):
        with pytest.raises(NotFound, match=f"no submission {number} in batch {batch_id}"):
            to_decide.get(session, batch_id, number)


def test_work_of_a_submission_that_was_rejected_is_unpaid_for_that_reason(session: Session) -> None:
    batch = paid.worked(session, prompts=1, people=3, active_ms=[43_000])
    who = [one.rater_id for one in paid.unowed.work(session, batch.id)]
    paid.from_vendor(session, who, Channel.MTURK)
    paid.with_budget(session, batch, 100, aside=0)
    number = paid.submitted(session, paid.declared(session, batch.id, Channel.MTURK), batch.id, who[0])
    rejections.reject(session, number, reason="Copied.", now=NOW)
    found = why_unowed.of_batch(session, batch.id, channels={"mturk"})
    assert [(one.why, one.pieces) for one in found] == [(Why.UNLISTED, 2), (Why.REJECTED, 1)]


def test_an_appeal_is_answered_once_and_says_what_was_rejected(session: Session, made: Paid) -> None:
    rejections.reject(session, made.submissions[1], reason="Too fast.", now=NOW)
    (appeal,) = decisions.appeals(session, made.batch.id, NAMES)
    assert (appeal.rejections, appeal.answer) == (("Too fast.",), None)
    assert appeal.text == "The page froze, and I was not paid."
    for wrong, said in (("", "needs an answer, which the rater reads"), ("x" * 2_001, "longer than 2,000 characters")):
        with pytest.raises(Invalid, match=said):
            decisions.answer_appeal(session, made.batch.id, appeal.id, answer=wrong, now=NOW)
    decisions.answer_appeal(session, made.batch.id, appeal.id, answer=" You are right. ", now=NOW)
    assert decisions.appeals(session, made.batch.id, NAMES)[0].answer == "You are right."
    with pytest.raises(Conflict, match="was answered before"):
        decisions.answer_appeal(session, made.batch.id, appeal.id, answer="No.", now=NOW)
    for batch_id, number in ((factories.launched(session).id, appeal.id), (made.batch.id, 99)):
        with pytest.raises(NotFound, match="no appeal"):
            decisions.answer_appeal(session, batch_id, number, answer="No.", now=NOW)


def test_a_rater_is_compensated_under_either_of_their_names_with_the_channels_fee(session: Session, made: Paid) -> None:
    """A fifth of 30 cents is the fee: 36 in all, twice, though each was asked for twice."""
    before = ledger.balances(session, made.batch.id)[Account.OWED].minor
    names = pseudonyms("k", made.batch.id)
    for key, who in (("a", "A1"), ("b", names[made.raters[2]]), ("a", " A1 "), ("b", names[made.raters[2]])):
        decisions.compensate(
            session,
            made.batch.id,
            who=who,
            amount=Money(30),
            reason="It broke.",
            key=key,
            names=names,
            now=NOW,
        )
    assert ledger.balances(session, made.batch.id)[Account.OWED].minor == before + 72


@pytest.mark.parametrize(("who", "said"), [("A7", "No rater"), ("", "No rater"), ("w1", "More than one rater")])
def test_a_compensation_needs_exactly_one_rater_of_the_batch(session: Session, made: Paid, who: str, said: str) -> None:
    stranger = paid.rater(session, Channel.PANEL, "w1")
    paid.linked(session, made.batch.id, stranger)
    paid.rater(session, Channel.PANEL, "A7")
    with pytest.raises(Invalid, match=f"{said} of this batch is called"):
        decisions.compensate(
            session, made.batch.id, who=who, amount=Money(1), reason="So.", key="k", names=NAMES, now=NOW
        )


def test_a_compensation_needs_a_reason(session: Session, made: Paid) -> None:
    with pytest.raises(Invalid, match="A compensation needs a reason"):
        decisions.compensate(
            session, made.batch.id, who="w1", amount=Money(1), reason="", key="k", names=NAMES, now=NOW
        )
