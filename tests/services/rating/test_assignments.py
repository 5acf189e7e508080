"""Claims: who is given which seat, and who none."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import cycle, islice

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, AssignmentState, SkipReason
from backend.db.batches import Batch
from backend.db.comparisons import Comparison, Seat
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.errors import Forbidden, NotFound
from backend.services.rating import assignments, links, raters, ratings, tasks, visitors
from backend.services.rating.ratings import Vote
from backend.services.rating.visitors import Visitor
from backend.services.studies import batches, launching, mentions
from tests import factories
from tests.factories import NOW

LATER = NOW + timedelta(minutes=31)
THREE_SYSTEMS = {name: [f"{name} says {number}" for number in range(7)] for name in ("base", "one", "two")}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def people(session: Session, batch: Batch, count: int) -> list[int]:
    """The links of so many new raters."""
    return [link.id for link in links.create_personal(session, batch.id, count=count, now=NOW)]


def visitor(session: Session, link: int) -> Visitor:
    return visitors.visitor(session, link_id=link)


def claim(session: Session, link: int, *, now: datetime = NOW) -> int | None:
    return assignments.claim(session, visitor(session, link), now=now)


def claimed(session: Session, link: int, *, now: datetime = NOW) -> Assignment:
    """The assignment that this claim must give."""
    number = claim(session, link, now=now)
    assert number is not None
    return session.get_one(Assignment, number, populate_existing=True)


def rate(session: Session, link: int, *, now: datetime = NOW) -> Assignment:
    """Claim and vote."""
    held = claimed(session, link, now=now)
    ratings.submit(session, rater_id=held.rater_id, assignment_id=held.id, vote=Vote(Choice.TIE), now=now)
    return held


def state_of(session: Session, assignment: Assignment) -> str:
    return session.get_one(Assignment, assignment.id, populate_existing=True).state


def has_unmet_seat(session: Session, who: Visitor, *, flipped: bool) -> bool:
    """Whether a seat of this side is open at a prompt that this rater has not met."""
    met = select(Assignment.prompt_id).where(Assignment.batch_id == who.batch_id, Assignment.rater_id == who.rater_id)
    statement = select(Seat.seat).where(
        Seat.batch_id == who.batch_id, Seat.is_open, Seat.flipped == flipped, Seat.prompt_id.not_in(met)
    )
    return session.execute(statement.limit(1)).first() is not None


def test_a_reload_keeps_the_seat_with_a_fresh_lease(session: Session) -> None:
    (one,) = people(session, factories.launched(session, lease_minutes=30), 1)
    held = claimed(session, one)
    first_lease = held.lease_expires_at
    assert first_lease == NOW + timedelta(minutes=30)
    again = claimed(session, one, now=NOW + timedelta(minutes=5))
    assert again.id == held.id
    assert again.lease_expires_at == first_lease + timedelta(minutes=5)


def test_a_second_tab_that_asked_at_the_same_moment_shows_the_same_seat(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    before = visitor(session, one)
    held = claim(session, one)
    assert held is not None
    assert assignments.claim(session, before, now=NOW) == held


def test_begun_comparisons_are_filled_first(session: Session) -> None:
    batch = factories.launched(session, prompts=4, seats=3)
    positions = [
        session.get_one(Comparison, rate(session, one).comparison_id).position for one in people(session, batch, 7)
    ]
    assert positions == [0, 0, 0, 1, 1, 1, 2]


def test_a_begun_comparison_comes_before_an_earlier_one(session: Session) -> None:
    batch = factories.launched(session, prompts=2, seats=2)
    starter, other = people(session, batch, 2)
    first, second = session.scalars(
        select(Comparison).where(Comparison.batch_id == batch.id).order_by(Comparison.position)
    )
    rate(session, starter)
    assert claimed(session, starter).comparison_id == second.id
    helpers = people(session, batch, 1)
    assert rate(session, helpers[0]).comparison_id == first.id
    assert claimed(session, other).comparison_id == second.id


def test_a_rater_never_meets_a_prompt_twice(session: Session) -> None:
    batch = factories.launched(session, outputs=THREE_SYSTEMS, prompts=7)
    (one,) = people(session, batch, 1)
    met = [rate(session, one).prompt_id for _ in range(7)]
    assert len(set(met)) == 7
    assert claim(session, one) is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_a_claim_passes_by_what_another_rater_is_claiming_at_this_moment(database: Database) -> None:
    with database.transaction() as session:
        one, other = people(session, factories.launched(session, prompts=2), 2)
    with database.transaction() as first, database.transaction() as second:
        taken = claimed(first, one)
        second.execute(text("SET LOCAL lock_timeout = '5s'"))
        assert claimed(second, other).comparison_id != taken.comparison_id


def test_nobody_sits_where_every_seat_is_taken(session: Session) -> None:
    everybody = people(session, factories.launched(session, prompts=1, seats=3), 4)
    assert [claim(session, one) is not None for one in everybody] == [True, True, True, False]


def test_a_rater_at_the_cap_gets_no_seat(session: Session) -> None:
    (one,) = people(session, factories.launched(session, rater_cap=2), 1)
    rate(session, one)
    assert not visitor(session, one).has_reached_cap
    rate(session, one)
    assert visitor(session, one).has_reached_cap
    assert claim(session, one) is None


def test_a_session_ends_after_so_many_votes(session: Session) -> None:
    (one,) = people(session, factories.launched(session, prompts=5, session_size=2), 1)
    ended = [visitor(session, one).has_ended_session]
    for _ in range(5):
        rate(session, one)
        ended.append(visitor(session, one).has_ended_session)
    assert ended == [False, False, True, False, True, False]


@pytest.mark.parametrize("stop", [batches.pause, batches.close])
def test_a_stopped_batch_gives_no_seat_but_honours_a_lease(
    session: Session, stop: Callable[[Session, Batch], None]
) -> None:
    batch = factories.launched(session)
    holder, other = people(session, batch, 2)
    held = claimed(session, holder)
    stop(session, batch)
    assert claim(session, other) is None
    assert claim(session, holder) == held.id
    assert rate(session, holder).id == held.id
    assert claim(session, holder) is None


def test_a_resumed_batch_gives_seats_again(session: Session) -> None:
    batch = factories.launched(session)
    (one,) = people(session, batch, 1)
    batches.pause(session, batch)
    batches.resume(session, batch)
    assert claim(session, one) is not None


def test_a_rater_who_withdrew_gets_no_seat_and_the_held_one_is_free(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=1)
    one, other = people(session, batch, 2)
    held = claimed(session, one)
    raters.withdraw(session, link_id=one, now=NOW)
    assert state_of(session, held) == AssignmentState.RETURNED
    assert visitor(session, one).withdrawn
    assert claim(session, one) is None
    assert claimed(session, other).comparison_id == held.comparison_id


def test_a_revoked_link_gives_no_seat(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    links.revoke(session, one, now=NOW)
    with pytest.raises(Forbidden, match="closed by the researcher"):
        visitor(session, one)


def test_an_unknown_or_open_link_is_nobody(session: Session) -> None:
    batch = factories.launched(session)
    open_link = links.create_open(session, batch.id, now=NOW)
    for link in (open_link.id, 404):
        with pytest.raises(NotFound, match="leads nowhere"):
            visitor(session, link)


def test_a_seat_goes_to_another_rater_only_when_its_lease_has_ended(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=1, lease_minutes=30)
    one, other = people(session, batch, 2)
    held = claimed(session, one)
    assert claim(session, other, now=NOW + timedelta(minutes=29)) is None
    assert claimed(session, other, now=NOW + timedelta(minutes=30)).comparison_id == held.comparison_id
    assert state_of(session, held) == AssignmentState.LAPSED


def test_a_rater_whose_lease_goes_on_keeps_the_seat_while_anothers_lapses(session: Session) -> None:
    one, other, third = people(session, factories.launched(session, prompts=3, lease_minutes=30), 3)
    gone, present = claimed(session, one), claimed(session, other, now=NOW + timedelta(minutes=10))
    claimed(session, third, now=LATER)
    assert state_of(session, gone) == AssignmentState.LAPSED
    assert state_of(session, present) == AssignmentState.HELD


def test_the_next_lapse_is_the_first_end_of_another_raters_lease(session: Session) -> None:
    batch = factories.launched(session, lease_minutes=30)
    elsewhere = factories.launched(session, lease_minutes=30)
    one, other, third = people(session, batch, 3)
    claimed(session, people(session, elsewhere, 1)[0])
    claimed(session, one)
    assert visitor(session, one).next_lapse is None
    claimed(session, other, now=NOW + timedelta(minutes=7))
    claimed(session, third, now=NOW + timedelta(minutes=9))
    assert visitor(session, one).next_lapse == NOW + timedelta(minutes=37)
    assert visitor(session, other).next_lapse == NOW + timedelta(minutes=30)


def test_an_expired_lease_that_nobody_wanted_is_kept(session: Session) -> None:
    (one,) = people(session, factories.launched(session, lease_minutes=30), 1)
    held = claimed(session, one)
    again = claimed(session, one, now=LATER)
    assert again.id == held.id
    assert again.lease_expires_at == LATER + timedelta(minutes=30)


def test_a_rater_whose_seat_was_taken_meanwhile_gets_another_prompt(session: Session) -> None:
    batch = factories.launched(session, prompts=2, seats=1, lease_minutes=30)
    one, other = people(session, batch, 2)
    held = claimed(session, one)
    assert claimed(session, other, now=LATER).comparison_id == held.comparison_id
    assert claimed(session, one, now=LATER).prompt_id != held.prompt_id


def test_a_lease_that_lapsed_at_this_very_moment_is_not_renewed(session: Session) -> None:
    batch = factories.launched(session, prompts=1, seats=1, lease_minutes=30)
    one, other = people(session, batch, 2)
    claim(session, one)
    before = visitor(session, one)
    claim(session, other, now=LATER)
    assert assignments.claim(session, before, now=LATER) is None


def test_a_rater_alone_sees_the_candidate_on_either_side_equally_often(session: Session) -> None:
    (one,) = people(session, factories.launched(session, prompts=20, seats=3), 1)
    balances = []
    for _ in range(20):
        rate(session, one)
        balances.append(visitor(session, one).balance)
    assert max(map(abs, balances)) <= 1
    assert balances[-1] == 0


def test_every_raters_sides_stay_balanced_while_both_are_available(session: Session) -> None:
    batch = factories.launched(session, outputs=THREE_SYSTEMS, prompts=7, seats=3)
    everybody = people(session, batch, 8)
    given = 0
    for one in islice(cycle(everybody), 56):
        before = visitor(session, one)
        could = before.balance != 0 and has_unmet_seat(session, before, flipped=before.balance < 0)
        if claim(session, one) is None:
            continue
        given += 1
        assert not could or abs(visitor(session, one).balance) < abs(before.balance)
        rate(session, one)
    assert given == 42


def test_seats_that_were_given_up_do_not_count_for_the_balance(session: Session) -> None:
    (one,) = people(session, factories.launched(session), 1)
    held = claimed(session, one)
    assert abs(visitor(session, one).balance) == 1
    ratings.skip(session, rater_id=held.rater_id, assignment_id=held.id, reason=SkipReason.UNREADABLE)
    assert visitor(session, one).balance == 0


@pytest.mark.parametrize("seats", [1, 2, 3])
def test_a_launch_balances_sides_for_each_comparison_candidate_and_batch(session: Session, seats: int) -> None:
    batch = factories.launched(session, outputs=THREE_SYSTEMS, prompts=7, seats=seats)
    by_comparison: Counter[int] = Counter()
    by_candidate: Counter[int] = Counter()
    rows = session.execute(
        select(Comparison.id, Comparison.candidate_id, Seat.flipped)
        .join(Seat, Seat.comparison_id == Comparison.id)
        .where(Comparison.batch_id == batch.id)
    )
    for comparison, candidate, flipped in rows:
        by_comparison[comparison] += 1 if flipped else -1
        by_candidate[candidate] += 1 if flipped else -1
    assert len(by_comparison) == 14
    assert {abs(lean) for lean in by_comparison.values()} == {seats % 2}
    assert all(abs(lean) <= 1 for lean in by_candidate.values())
    assert abs(sum(by_candidate.values())) <= 1


def test_the_side_of_the_seat_decides_which_text_stands_first(session: Session) -> None:
    outputs = {"base": ["from the baseline"] * 8, "new": ["from the candidate"] * 8}
    (one,) = people(session, factories.launched(session, prompts=8, outputs=outputs), 1)
    orders = set()
    for _ in range(8):
        held = claimed(session, one)
        seat = session.get_one(Seat, (held.comparison_id, held.seat))
        task = tasks.task(session, held.id)
        orders.add((seat.flipped, task.first, task.second))
        rate(session, one)
    candidate, baseline = "from the candidate", "from the baseline"
    assert orders == {(True, baseline, candidate), (False, candidate, baseline)}


@pytest.mark.parametrize("baseline", ["base", "Zephyr-9"])
def test_raters_see_scrubbed_texts_where_there_are_any(session: Session, baseline: str) -> None:
    outputs = {"base": ["A plain answer."], "Zephyr-9": ["I am Zephyr-9, and the answer is four."]}
    study = factories.study(session, prompts=1, outputs=outputs)
    assert mentions.scrub(session, study.id) == 1
    batch = launching.launch(session, study, baseline=baseline, seed=1, now=NOW)
    (one,) = people(session, batch, 1)
    task = tasks.task(session, claimed(session, one).id)
    assert "A plain answer." in (task.first, task.second)
    assert not any("Zephyr" in text for text in (task.first, task.second))
