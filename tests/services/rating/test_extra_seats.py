"""The split rule `extra` from a launch to its end: claims, progress, imported votes."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.session import Database
from backend.domain.choices import Preference, choice
from backend.errors import Invalid
from backend.services.rating import assignments, collected, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.studies import batches, launching, studies
from backend.services.studies.files import Source
from tests import factories
from tests.factories import NOW

CANDIDATE, TIE, BASELINE = Preference.CANDIDATE, Preference.TIE, Preference.BASELINE


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def extra(session: Session, **more: object) -> Batch:
    return factories.launched(session, split_rule="extra", **more)


def rate(session: Session, batch: Batch, preferred: Preference) -> int | None:
    """A new rater's vote of this preference at the seat they are given; its number, None where there is none."""
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    who = visitors.visitor(session, link_id=link.id)
    number = assignments.claim(session, who, now=NOW)
    if number is None:
        return None
    seat, flipped = session.execute(
        select(Seat.seat, Seat.flipped)
        .join(Assignment, (Assignment.comparison_id == Seat.comparison_id) & (Assignment.seat == Seat.seat))
        .where(Assignment.id == number)
    ).one()
    vote = Vote(choice(preferred, flipped=bool(flipped)))
    ratings.submit(session, rater_id=who.rater_id, assignment_id=number, vote=vote, now=NOW)
    return int(seat)


def test_where_three_agree_enough_nobody_else_is_asked(session: Session) -> None:
    batch = extra(session, prompts=1)
    assert sorted(rate(session, batch, one) or 0 for one in (CANDIDATE, TIE, TIE)) == [1, 2, 3]
    progress = batches.progress(session, batch.id)
    assert (progress.seats, progress.rated, progress.open, progress.settled) == (3, 3, 0, 1)
    assert progress.is_complete
    assert batches.complete(session) == {batch.id}
    assert batches.is_complete(session, batch.id)
    assert rate(session, batch, TIE) is None


def test_where_three_differ_two_more_are_asked_and_waited_for(session: Session) -> None:
    batch = extra(session, prompts=1)
    for preferred in (CANDIDATE, TIE, BASELINE):
        rate(session, batch, preferred)
    progress = batches.progress(session, batch.id)
    assert (progress.seats, progress.rated, progress.open, progress.settled) == (5, 3, 2, 0)
    assert not batches.is_complete(session, batch.id)
    last = [rate(session, batch, TIE), rate(session, batch, BASELINE)]
    assert sorted(one or 0 for one in last) == [4, 5]
    progress = batches.progress(session, batch.id)
    assert (progress.seats, progress.rated, progress.open, progress.settled) == (5, 5, 0, 1)
    assert batches.is_complete(session, batch.id)
    assert rate(session, batch, TIE) is None


def test_what_split_is_finished_before_another_is_begun(session: Session) -> None:
    batch = extra(session, prompts=2)
    asked = [rate(session, batch, preferred) for _, preferred in zip(range(5), cycle((CANDIDATE, TIE, BASELINE)))]
    assert sorted(one or 0 for one in asked[3:]) == [4, 5]


def test_an_extension_keeps_the_rule_and_the_balance(session: Session) -> None:
    batch = extra(session, prompts=9)
    study = studies.get(session, batch.study_id)
    short = launching.launch(session, study, baseline=factories.BASELINE, seed=1, now=NOW, prompts=4)
    launching.extend(session, short)
    rows = session.execute(select(Comparison.opened, Comparison.seats).where(Comparison.batch_id == short.id)).all()
    assert [(opened, seats) for opened, seats in rows] == [(3, 5)] * 9
    first_seats = (Seat.batch_id == short.id) & (Seat.seat <= short.opening)
    sides = list(session.scalars(select(Seat.flipped).where(first_seats)))
    assert abs(2 * sum(bool(side) for side in sides) - len(sides)) == 1


def test_an_estimate_says_how_many_ratings_it_may_come_to(session: Session) -> None:
    study = factories.study(session, split_rule="extra")
    study.import_report = {"comparisons": {factories.CANDIDATE: 3}}
    found = studies.estimate(session, study)
    assert (found.seats, found.most_seats, found.ratings, found.most_ratings) == (3, 5, 9, 15)
    assert found.most_hours == pytest.approx(found.hours * 5 / 3)
    plain = studies.estimate(session, factories.study(session))
    assert (plain.most_seats, plain.most_ratings) == (plain.seats, plain.ratings)


def bring(session: Session, batch: Batch, folder: Path, *preferences: str, order: str = "") -> int:
    """Votes of so many raters on the first prompt, from a file."""
    rows = [f"R{number},p1,{preference},{order}" for number, preference in enumerate(preferences)]
    path = folder / "votes.csv"
    path.write_text("\n".join(["rater,prompt,preference,order", *rows]), encoding="utf-8")
    return collected.import_ratings(session, batch, Source(path, None, path.name), now=NOW)


@pytest.mark.parametrize("order", ["", "candidate first", "baseline first"])
def test_imported_votes_fill_the_extra_seats_of_what_split(session: Session, tmp_path: Path, order: str) -> None:
    batch = extra(session, prompts=1)
    assert bring(session, batch, tmp_path, "candidate", "tie", "baseline", "tie", "tie", order=order) == 5
    progress = batches.progress(session, batch.id)
    assert (progress.seats, progress.rated, progress.settled) == (5, 5, 1)


@pytest.mark.parametrize("order", ["", "candidate first", "baseline first"])
def test_imported_votes_find_no_fourth_seat_where_three_did_not_differ(
    session: Session, tmp_path: Path, order: str
) -> None:
    batch = extra(session, prompts=1)
    with pytest.raises(
        Invalid, match="line 5: all 3 seats of prompt p1 are taken; 2 more open only where those differ"
    ):
        bring(session, batch, tmp_path, "candidate", "tie", "candidate", "tie", order=order)


def test_a_sixth_imported_vote_finds_no_seat(session: Session, tmp_path: Path) -> None:
    batch = extra(session, prompts=1)
    with pytest.raises(Invalid, match=r"line 7: all 5 seats of prompt p1 are taken\.$"):
        bring(session, batch, tmp_path, "candidate", "tie", "baseline", "tie", "tie", "tie")
