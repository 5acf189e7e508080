"""Postings: what is bound, what is offered anew, what pauses and closes them. On simulated vendors."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from backend.db.assignments import Assignment, AssignmentState, SkipReason
from backend.db.batches import Batch
from backend.db.channels import BatchChannel, Posting, PostingState
from backend.db.comparisons import Comparison, Seat
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.vendor_calls import VendorCall
from backend.domain.channels import defaults
from backend.domain.choices import Choice
from backend.errors import Conflict, Invalid, NotFound
from backend.services.crowd import bound, offering, postings, publishing, steering, submissions
from backend.services.crowd.publishing import Door
from backend.services.crowd.steering import Published, Wish
from backend.services.overview import glances
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.studies import batches, channels
from backend.services.tokens import Tokens
from backend.simulator.mturk import workers
from backend.simulator.mturk.faults import Fault
from tests.channels import DOOR, OnMTurk, OnProlific, arrived, budget, on_mturk, on_prolific


def states(on: OnMTurk | OnProlific) -> list[tuple[str, int]]:
    """(state, places) of every posting, oldest first."""
    with on.database.reading() as session:
        return [(one.state, one.places) for one in session.scalars(select(Posting).order_by(Posting.id))]


def open_seats(on: OnMTurk | OnProlific) -> int:
    with on.database.reading() as session:
        return len(session.execute(select(Seat.seat).where(text("seats.is_open"))).all())


def row(on: OnMTurk | OnProlific) -> BatchChannel:
    with on.database.reading() as session:
        return channels.by_id(session, on.channel)


def wish(on: OnMTurk | OnProlific, wanted: Wish) -> None:
    steering.wish(on.database, row(on), wanted, now=on.clock())


def test_each_comparison_is_a_posting_that_binds_its_open_seats(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        assert on.keep().published == 2
        assert states(on) == [(PostingState.PUBLISHED, 3)] * 2
        assert open_seats(on) == 0
        assert budget(database, on.batch).reserved == 396
        hit = on.market.hits[on.hits()[0]]
        assert (hit.places, hit.type.reward) == (3, 18)
        assert f"{DOOR.base}/hit/{DOOR.tokens.sign('posting', 1)}" in hit.question
        with database.reading() as session:
            batch = session.get_one(Batch, on.batch)
            assert not batches.is_complete(session, on.batch)
            assert batches.progress(session, on.batch).open == 6
            assert not glances.pulses(session, [batch.id], now=on.clock())[batch.id].is_complete


def test_seats_can_be_shared_with_other_channels(database: Database) -> None:
    with on_mturk(database, prompts=2, seats=1) as on:
        on.keep()
        assert states(on) == [(PostingState.PUBLISHED, 1)] * 2
        assert open_seats(on) == 4
        for hit in on.hits():
            on.work("AWORKER0", hit)
        on.keep()
        assert states(on) == [(PostingState.PUBLISHED, 1)] * 2


def test_the_settings_qualifications_are_asked_of_the_vendor(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        asked = next(iter(on.market.hits.values())).type.requirements
        assert [one.numbers or one.countries for one in asked] == [
            (95,),
            (100,),
            ("US", "GB", "CA", "AU", "NZ", "IE"),
        ]


def test_prolific_gets_one_study_for_all_that_is_open(database: Database) -> None:
    with on_prolific(database, prompts=4, places=2) as on:
        done = on.keep()
        assert "countries: Prolific does not know NZ" in done.ignored
        assert states(on) == [(PostingState.PUBLISHED, 2)]
        study = on.vendor.account.studies[on.study]
        assert (study.places, study.reward) == (2, 4 * 18)
        assert str(study.fields["external_study_url"]).startswith(f"{DOOR.base}/in/{DOOR.tokens.sign('channel', 1)}?")
        assert len(study.fields["completion_codes"]) == 3  # type: ignore[arg-type]
        for name in ("ada", "eve"):
            on.work(name, pieces=2, finished=False)
        assert on.keep().extended == 0  # no more raters than were declared


def test_places_are_added_where_raters_left_early(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        for name in ("ada", "eve", "dan"):
            on.work(name, pieces=1)
        assert on.keep().extended == 1
        assert states(on) == [(PostingState.PUBLISHED, 5)]
        assert on.vendor.account.studies[on.study].places == 5
        with database.reading() as session:
            assert {one.done for one in session.scalars(select(VendorCall))} == {True}


def test_nothing_is_published_without_an_address(database: Database) -> None:
    with on_mturk(database, prompts=1) as on, pytest.raises(Invalid, match="--public-url"):
        publishing.publish(database, on.crowd, on.channel, door=Door(Tokens("k"), ""), clock=on.clock)


def test_a_pause_is_brought_about_and_taken_back(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        wish(on, Wish.PAUSED)
        wish(on, Wish.PAUSED)
        on.keep()
        assert states(on) == [(PostingState.PAUSED, 3)]
        with pytest.raises(workers.Turned):
            workers.accept(on.market, "AWORKER0", on.hits()[0])
        wish(on, Wish.OPEN)
        on.keep()
        assert states(on) == [(PostingState.PUBLISHED, 3)]
        on.everybody()
        assert on.keep().is_over


def test_a_paused_batch_pauses_its_channels_and_a_closed_one_closes_them(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        with database.transaction() as session:
            batches.pause(session, batches.get(session, on.batch))
        on.keep()
        assert {state for state, _ in states(on)} == {PostingState.PAUSED}
        with database.transaction() as session:
            batches.close(session, batches.get(session, on.batch))
        done = on.keep()
        assert (done.closed, done.is_over) == (2, True)
        assert budget(database, on.batch).reserved == 0


def test_a_closed_channel_gives_its_seats_to_the_others_for_good(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        wish(on, Wish.CLOSED)
        assert on.keep().closed == 2
        assert open_seats(on) == 6
        assert on.keep().published == 0
        with pytest.raises(Conflict, match="closed for good"):
            wish(on, Wish.OPEN)


def test_a_close_that_the_vendor_has_not_confirmed_frees_nothing(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        wish(on, Wish.CLOSED)
        on.market.faults.plan("UpdateExpirationForHIT", Fault.BEFORE_ACTING)
        done = on.keep()
        assert "may have acted" in done.troubles[0]
        assert (states(on), open_seats(on)) == ([(PostingState.PUBLISHED, 3)], 0)
        on.keep()
        assert (states(on), open_seats(on)) == ([(PostingState.CLOSED, 3)], 3)


def test_a_posting_whose_time_is_over_is_offered_anew(database: Database) -> None:
    with on_mturk(database, prompts=1, open_for_hours=24) as on:
        on.keep()
        on.work("AWORKER0", on.hits()[0])
        on.advance(hours=25)
        on.keep()
        assert states(on) == [(PostingState.CLOSED, 3), (PostingState.PUBLISHED, 2)]


def test_a_comparison_that_can_not_be_judged_is_offered_no_more(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        for number in range(3):
            vendor_id, assignment = on.arrive(f"AWORKER{number}", hit)
            assert assignment is not None
            with database.transaction() as session:
                rater = submissions.rater(session, Channel.MTURK, f"AWORKER{number}", now=on.clock())
                ratings.skip(session, rater_id=rater, assignment_id=assignment, reason=SkipReason.OFFENSIVE)
            on.hand_in(vendor_id, "")
        assert on.keep().closed == 1
        assert on.keep().is_over
        with database.reading() as session:
            assert session.scalars(select(Comparison.unjudgeable)).all() == [True]
            assert batches.is_complete(session, on.batch)


def test_extra_seats_are_a_posting_of_their_own(database: Database) -> None:
    with on_mturk(database, prompts=1, study={"split_rule": "extra"}) as on:
        on.keep()
        (hit,) = on.hits()
        for number, choice in enumerate((Choice.FIRST, Choice.SECOND, Choice.TIE)):
            vendor_id, assignment = on.arrive(f"AWORKER{number}", hit)
            assert assignment is not None
            with database.reading() as session:
                is_flipped = session.scalars(
                    select(Seat.flipped).where(Seat.seat == session.get_one(Assignment, assignment).seat)
                ).one()
            swapped = {Choice.FIRST: Choice.SECOND, Choice.SECOND: Choice.FIRST}
            meant = swapped.get(choice, choice) if is_flipped else choice
            on.hand_in(vendor_id, on.rate(f"AWORKER{number}", assignment, choice=meant))
        on.keep()
        assert states(on) == [(PostingState.PUBLISHED, 3), (PostingState.PUBLISHED, 2)]
        for number in (3, 4):
            on.work(f"AWORKER{number}", on.hits()[1])
        assert on.keep().is_over
        with database.reading() as session, pytest.raises(NotFound):
            postings.get(session, 77)


def test_a_posting_that_was_given_up_while_it_was_asked_for_is_closed_there(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        with database.transaction() as session:
            made = offering.intend_comparison(session, row(on), 1, now=on.clock())
            assert made is not None
        publishing.lost(database, made.id, now=on.clock())
        done = Published()
        publishing.offer(database, on.crowd, made.id, done, door=DOOR, clock=on.clock, is_new=False)
        assert (done.published, states(on)) == ([], [(PostingState.CLOSED, 3)])
        (hit,) = on.market.hits.values()
        assert hit.expires <= on.market.now()
        with pytest.raises(Conflict, match="not waiting"):
            publishing.lost(database, made.id, now=on.clock())
        with pytest.raises(Conflict, match="not waiting"):
            publishing.found(database, made.id, hit.id, now=on.clock())


def test_what_was_given_up_and_could_not_be_closed_is_closed_by_the_next_round(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        with database.transaction() as session:
            made = offering.intend_comparison(session, row(on), 1, now=on.clock())
            assert made is not None
        publishing.lost(database, made.id, now=on.clock())
        on.market.faults.plan("UpdateExpirationForHIT", Fault.BEFORE_ACTING)
        done = Published()
        publishing.offer(database, on.crowd, made.id, done, door=DOOR, clock=on.clock, is_new=False)
        assert "is offered and should not be; the next round closes it" in done.troubles[0]
        (hit,) = on.market.hits.values()
        assert hit.expires > on.market.now()
        on.keep()
        assert hit.expires <= on.market.now()
        with database.reading() as session:
            assert postings.given_up(session, on.channel) == []


def test_another_id_for_a_posting_is_for_a_person(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        with database.transaction() as session, pytest.raises(Conflict, match="now says 3OTHER"):
            postings.publish(session, 1, "3OTHER", now=on.clock())


def test_a_bound_seat_is_for_who_came_through_its_posting(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        first, second = on.hits()
        vendor_id, held = on.arrive("AWORKER0", first)
        assert on.arrive("AWORKER0", first) == (vendor_id, held)  # a second tab
        with pytest.raises(Conflict, match="finish that one"):
            on.arrive("AWORKER0", second)
        for number in (1, 2):
            on.work(f"AWORKER{number}", first)
        with database.transaction() as session:
            (link,) = links.create_personal(session, on.batch, count=1, now=on.clock())
            who = visitors.visitor(session, link_id=link.id)
            assert assignments.claim(session, who, now=on.clock()) is None
            with pytest.raises(NotFound, match="somebody else's work"):
                bound.claim_bound(session, who, 1, now=on.clock())


def claim(on: OnMTurk, name: str) -> int | None:
    """Somebody more arrives at the first posting, whom the vendor need not know."""
    with on.database.transaction() as session:
        posting = session.get_one(Posting, 1)
        now = on.clock()
        link = arrived(session, posting, name, f"3{name}", accepted=now, until=now + timedelta(hours=1))
        return bound.claim_bound(session, visitors.visitor(session, link_id=link.id), 1, now=now)


def test_a_seat_is_free_again_after_the_vendors_deadline(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        held = [on.arrive(f"AWORKER{number}", hit)[1] for number in range(3)]
        assert claim(on, "AFOURTH") is None
        on.advance(minutes=61)
        assert claim(on, "AFIFTH") not in (None, *held)
        with database.reading() as session:
            assert {session.get_one(Assignment, number).state for number in held if number} == {AssignmentState.LAPSED}
        on.keep()


def test_who_begins_waits_for_nobody_who_is_just_sending(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite lets one writer in at a time.")
    with on_mturk(database, prompts=1) as on:
        on.keep()
        early, *_ = [claim(on, name) for name in ("AEARLY", "AB", "AC")]
        on.advance(minutes=61)
        sending = select(Assignment).where(Assignment.id == early).with_for_update()
        with database.transaction() as first, database.transaction() as second:
            assert first.scalars(sending).one().state == AssignmentState.HELD
            second.execute(text("SET LOCAL lock_timeout = '5s'"))
            now, posting = on.clock(), second.get_one(Posting, 1)
            link = arrived(second, posting, "ALATER", "3ALATER", accepted=now, until=now + timedelta(hours=1))
            who = visitors.visitor(second, link_id=link.id)
            assert bound.claim_bound(second, who, 1, now=now) is not None


def test_who_comes_back_after_their_time_may_still_send_and_who_has_rated_may_not_again(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        held = claim(on, "AEARLY")
        on.advance(minutes=61)
        on.keep()
        assert claim(on, "AEARLY") == held
        assert held is not None
        on.rate("AEARLY", held)
        assert claim(on, "AEARLY") is None


def test_who_comes_as_the_posting_closes_gets_a_seat_from_the_queue(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        wish(on, Wish.CLOSED)
        on.keep()
        assert claim(on, "ALAST") is not None
        assert open_seats(on) == 2


def test_raters_sides_are_kept_in_balance_on_bound_seats_too(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        for hit in on.hits():
            on.work("AWORKER0", hit)
        with database.reading() as session:
            flipped = session.scalars(
                select(Seat.flipped).join(
                    Assignment, (Assignment.comparison_id == Seat.comparison_id) & (Assignment.seat == Seat.seat)
                )
            ).all()
        assert sorted(flipped, key=bool) == [False, True]


def test_a_round_stops_where_the_vendor_is_not_reached(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.market.faults.plan("CreateHITWithHITType", Fault.CUT_OFF)
        done = on.keep()
        assert (done.published, len(done.troubles)) == (0, 1)
        assert states(on) == [(PostingState.INTENDED, 3)]
        on.market.faults.plan("ListAssignmentsForHIT", Fault.BEFORE_ACTING)
        on.market.faults.plan("ListBonusPayments", Fault.BEFORE_ACTING)
        assert on.keep().published == 2
        assert len(on.keep().troubles) == 1
        assert on.keep().troubles == []


def test_channels_without_a_vendor_publish_nothing(database: Database) -> None:
    with on_mturk(database, prompts=1) as on, database.transaction() as session:
        made = channels.declare(session, on.batch, Channel.LINK, defaults(Channel.LINK), now=on.clock())
    done = publishing.publish(database, on.crowd, made.id, door=DOOR, clock=on.clock)
    assert done == Published()


def test_a_posting_that_the_vendor_knows_no_more_keeps_nobody_else_waiting(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        first, second = on.hits()
        on.work("AWORKER0", second)
        del on.market.hits[first]
        done = on.keep(compare=False)
        assert (done.read, done.paid) == (1, 1)
        assert any("refused" in trouble for trouble in done.troubles)


def test_without_credentials_a_vendor_is_asked_once(database: Database) -> None:
    with on_mturk(database, prompts=2) as on:
        on.keep()
        wish(on, Wish.PAUSED)
        on.market.faults.credentials_expired = True
        steering.steer(database, on.crowd, on.channel, done := Published(), clock=on.clock)
        assert len(done.troubles) == 1
