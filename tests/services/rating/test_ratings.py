"""Votes and can't-judge reports: stored once, honest late ones too."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, SkipReason
from backend.db.batches import Batch
from backend.db.comparisons import Comparison
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.errors import Conflict, NotFound
from backend.services.rating import assignments, links, raters, ratings, visitors
from backend.services.rating.ratings import Receipt, Vote
from backend.services.studies import batches
from tests import factories
from tests.factories import NOW

LATER = NOW + timedelta(minutes=31)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def people(session: Session, batch: Batch, count: int) -> list[int]:
    """The links of so many new raters."""
    return [link.id for link in links.create_personal(session, batch.id, count=count, now=NOW)]


def claimed(session: Session, link: int, *, late: bool = False) -> Assignment:
    who = visitors.visitor(session, link_id=link)
    number = assignments.claim(session, who, now=LATER if late else NOW)
    assert number is not None
    return session.get_one(Assignment, number, populate_existing=True)


def nothing_for(session: Session, link: int, *, late: bool = False) -> bool:
    who = visitors.visitor(session, link_id=link)
    return assignments.claim(session, who, now=LATER if late else NOW) is None


def submit(session: Session, held: Assignment, choice: Choice = Choice.FIRST, **more: object) -> Receipt:
    vote = Vote(choice, **more)
    return ratings.submit(session, rater_id=held.rater_id, assignment_id=held.id, vote=vote, now=LATER)


def skip(session: Session, held: Assignment, reason: SkipReason = SkipReason.UNREADABLE) -> None:
    ratings.skip(session, rater_id=held.rater_id, assignment_id=held.id, reason=reason)


def stored(session: Session) -> list[Rating]:
    return list(session.scalars(select(Rating)))


def lapsed(session: Session) -> tuple[Batch, Assignment, int]:
    """(a batch of one prompt and two seats, an assignment that lapsed while its seat stays free, who let it lapse)."""
    batch = factories.launched(session, prompts=1, seats=2, lease_minutes=30)
    slow, quick = people(session, batch, 2)
    held = claimed(session, slow)
    submit(session, claimed(session, quick))
    assert nothing_for(session, quick, late=True)
    return batch, held, quick


def test_a_vote_is_stored_as_it_was_sent(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    held = claimed(session, one)
    receipt = submit(session, held, Choice.BOTH_BAD, comment="  Both wrong. ", active_ms=1234, answers={"why": "facts"})
    (rating,) = stored(session)
    assert (rating.assignment_id, rating.rater_id, rating.state) == (held.id, held.rater_id, "rated")
    assert (rating.choice, rating.comment, rating.active_ms) == ("both_bad", "Both wrong.", 1234)
    assert (rating.answers, rating.rated_at, rating.receipt) == ({"why": "facts"}, LATER, receipt.number)
    assert (receipt.choice, receipt.late, receipt.again) == (Choice.BOTH_BAD, False, False)


def test_nothing_said_is_stored_as_nothing(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    submit(session, claimed(session, one), comment="  ")
    (rating,) = stored(session)
    assert (rating.comment, rating.answers, rating.active_ms) == (None, None, None)


def test_a_comment_is_cut_at_its_longest(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    submit(session, claimed(session, one), comment="x" * 6000)
    assert stored(session)[0].comment == "x" * ratings.LONGEST_COMMENT


def test_sending_again_gives_the_same_receipt_and_the_first_choice_stands(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    held = claimed(session, one)
    first = submit(session, held, Choice.FIRST)
    again = submit(session, held, Choice.SECOND)
    assert again == Receipt(first.number, "first", late=False, again=True)
    assert [rating.choice for rating in stored(session)] == ["first"]


def test_receipts_can_be_read_out_and_differ(session: Session) -> None:
    everybody = people(session, factories.launched(session, prompts=1, seats=3), 3)
    numbers = [submit(session, claimed(session, one)).number for one in everybody]
    assert len(set(numbers)) == 3
    assert all([len(part) for part in number.split("-")] == [4, 4, 2] for number in numbers)


def test_a_vote_after_the_lease_counts_when_nobody_was_given_the_seat(session: Session) -> None:
    (one,) = people(session, factories.launched(session, lease_minutes=30), 1)
    assert not submit(session, claimed(session, one)).late


def test_a_vote_for_a_lapsed_seat_counts_while_the_seat_is_free(session: Session) -> None:
    batch, held, _ = lapsed(session)
    assert batches.progress(session, batch.id).open == 1
    receipt = submit(session, held)
    assert not receipt.late
    progress = batches.progress(session, batch.id)
    assert (progress.rated, progress.late, progress.open, progress.is_complete) == (2, 0, 0, True)
    assert submit(session, held) == Receipt(receipt.number, receipt.choice, late=False, again=True)


def test_a_vote_for_a_seat_that_was_taken_is_kept_as_late(session: Session) -> None:
    batch, held, _ = lapsed(session)
    (other,) = people(session, batch, 1)
    taken = claimed(session, other, late=True)
    receipt = submit(session, held, Choice.FIRST)
    assert receipt.late
    progress = batches.progress(session, batch.id)
    assert (progress.rated, progress.late, progress.held) == (1, 1, 1)
    assert submit(session, held, Choice.TIE) == Receipt(receipt.number, "first", late=True, again=True)
    assert not submit(session, taken).late
    progress = batches.progress(session, batch.id)
    assert (progress.rated, progress.late, progress.settled, progress.is_complete) == (2, 1, 1, True)


def test_a_late_vote_counts_for_the_raters_own_progress(session: Session) -> None:
    batch = factories.launched(session, prompts=2, seats=1, lease_minutes=30, rater_cap=1)
    slow, quick = people(session, batch, 2)
    held = claimed(session, slow)
    claimed(session, quick, late=True)
    assert submit(session, held).late
    assert visitors.visitor(session, link_id=slow).has_reached_cap


def test_another_raters_assignment_is_not_found(session: Session) -> None:
    one, other = people(session, factories.launched(session), 2)
    theirs, mine = claimed(session, one), claimed(session, other)
    for number in (theirs.id, 404):
        with pytest.raises(NotFound, match="not yours to rate"):
            ratings.submit(session, rater_id=mine.rater_id, assignment_id=number, vote=Vote(Choice.TIE), now=NOW)
        with pytest.raises(NotFound, match="not yours to rate"):
            ratings.skip(session, rater_id=mine.rater_id, assignment_id=number, reason=SkipReason.OFFENSIVE)
    assert stored(session) == []
    assert session.get_one(Assignment, theirs.id, populate_existing=True).state == "held"


def test_a_seat_that_was_given_back_can_not_be_rated(session: Session) -> None:
    skipper, quitter = people(session, factories.launched(session), 2)
    skipped, returned = claimed(session, skipper), claimed(session, quitter)
    skip(session, skipped)
    raters.withdraw(session, link_id=quitter, now=NOW)
    for held in (skipped, returned):
        with pytest.raises(Conflict, match="gave this comparison back"):
            submit(session, held)
    with pytest.raises(Conflict, match="gave this comparison back"):
        skip(session, returned)


def test_a_rated_comparison_can_not_be_skipped(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    held = claimed(session, one)
    submit(session, held)
    with pytest.raises(Conflict, match="your rating stands"):
        skip(session, held)


def test_a_skipped_seat_is_free_for_others_and_never_comes_back(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    one, other = people(session, batch, 2)
    held = claimed(session, one)
    skip(session, held, SkipReason.NOT_MY_LANGUAGE)
    assert session.get_one(Assignment, held.id, populate_existing=True).skip_reason == "not_my_language"
    assert nothing_for(session, one)
    assert claimed(session, other).comparison_id == held.comparison_id


def test_skipping_twice_counts_once(session: Session) -> None:
    (one,) = people(session, factories.launched(session, prompts=1), 1)
    held = claimed(session, one)
    skip(session, held, SkipReason.OFFENSIVE)
    skip(session, held, SkipReason.UNREADABLE)
    assert session.execute(select(Comparison.skips)).scalar_one() == 1
    assert session.execute(select(Assignment.skip_reason)).scalar_one() == "offensive"


def test_a_lapsed_rater_can_still_say_that_it_can_not_be_judged(session: Session) -> None:
    _, held, _ = lapsed(session)
    skip(session, held)
    assert session.execute(select(Comparison.skips)).scalar_one() == 1


def test_the_third_skip_makes_a_comparison_unjudgeable(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=3)
    *skippers, last = people(session, batch, 4)
    for one in skippers:
        assert not session.execute(select(Comparison.unjudgeable)).scalar_one()
        skip(session, claimed(session, one))
    assert session.execute(select(Comparison.unjudgeable)).scalar_one()
    assert nothing_for(session, last)
    progress = batches.progress(session, batch.id)
    assert (progress.unjudgeable, progress.settled, progress.skipped, progress.is_complete) == (1, 1, 3, True)


def test_who_holds_a_seat_of_an_unjudgeable_comparison_may_still_rate_it(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=3)
    holder, *skippers = people(session, batch, 4)
    held = claimed(session, holder)
    for one in skippers:
        skip(session, claimed(session, one))
    assert not batches.progress(session, batch.id).is_complete
    assert not submit(session, held).late
    assert batches.progress(session, batch.id).is_complete
    assert session.execute(select(func.count()).select_from(Rating)).scalar_one() == 1
