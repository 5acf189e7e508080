"""Who is paid what, and what waits for a person: on simulated vendors, whose money is compared to the cent."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from backend.db.assignments import SkipReason
from backend.db.channels import Posting, PostingState
from backend.db.journeys import EntryTest
from backend.db.ledger import Account, Compensation, LedgerEntry, Purpose, Work
from backend.db.payments import PaymentIntent, PaymentKind
from backend.db.raters import Channel, Rater
from backend.db.session import Database
from backend.db.submissions import Rejection, Submission
from backend.domain.submissions import SubmissionState
from backend.errors import Conflict, Invalid, NotFound
from backend.services.approval import approvals, other_approvals, rejections
from backend.services.crowd import submissions
from backend.services.money import intents
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.studies import channels
from backend.simulator.mturk import workers
from backend.simulator.mturk.faults import Fault
from tests.channels import OnMTurk, OnProlific, arrived, budget, on_mturk, on_prolific

AT_LENGTH = "All the answers came within a second each, and every one of them was the first button. Please write to us."


def payments_of(database: Database) -> list[tuple[str, str, int]]:
    """(rater, kind, amount) of every payment that was intended."""
    with database.reading() as session:
        rows = session.execute(
            select(Rater.external_id, PaymentIntent.kind, PaymentIntent.amount)
            .join(Rater, Rater.id == PaymentIntent.rater_id)
            .order_by(PaymentIntent.id)
        )
        return [(name, kind, amount) for name, kind, amount in rows]


def reasons_of(database: Database) -> list[str]:
    """Why compensations were granted, oldest first."""
    with database.reading() as session:
        return list(session.scalars(select(Compensation.reason).order_by(Compensation.id)))


def took_test(on: OnMTurk | OnProlific, channel: Channel, name: str, *, out_of: int) -> None:
    """A rater failed an entry test of so many exercises."""
    with on.database.transaction() as session:
        rater = submissions.rater(session, channel, name, now=on.clock())
        session.execute(
            insert(EntryTest).values(
                batch_id=on.batch, rater_id=rater, name="entry", answers=["first"] * out_of, score=0, out_of=out_of,
                passed=False, taken_at=on.clock(),
            )
        )  # fmt: skip


def number_of(on: OnMTurk | OnProlific, vendor_id: str) -> int:
    """Our number of a submission."""
    with on.database.reading() as session:
        return session.scalars(select(Submission.id).where(Submission.vendor_id == vendor_id)).one()


def test_an_approval_pays_the_reward_and_a_bonus_the_top_up(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        on.work("AWORKER0", hit, active_ms=43_200)
        on.work("AWORKER1", hit, active_ms=86_400)
        on.work("AWORKER2", hit, active_ms=999_000)  # counts up to three medians
        on.keep()
        assert payments_of(database) == [
            ("AWORKER0", PaymentKind.APPROVAL, 18),
            ("AWORKER1", PaymentKind.APPROVAL, 18),
            ("AWORKER2", PaymentKind.APPROVAL, 18),
            ("AWORKER1", PaymentKind.BONUS, 18),
            ("AWORKER2", PaymentKind.BONUS, 36),
        ]


def test_nothing_is_paid_before_the_vendor_has_listed_it(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        _, assignment = on.arrive("AWORKER0", hit)
        assert assignment is not None
        on.rate("AWORKER0", assignment)
        done = on.keep()
        assert (done.read, done.paid, done.unmatched, done.unconfirmed) == (0, 0, [], [])
        on.advance(hours=3)
        (lost,) = on.keep().unconfirmed
        assert (lost.rater, lost.ratings) == ("AWORKER0", 1)
        assert payments_of(database) == []


def test_work_without_a_rating_or_with_another_receipt_waits_for_a_person(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        nothing, _ = on.arrive("AWORKER0", hit)
        on.hand_in(nothing, "r.1")
        wrong, assignment = on.arrive("AWORKER1", hit)
        assert assignment is not None
        receipt = on.rate("AWORKER1", assignment)
        on.hand_in(wrong, "r.2")
        never_came = workers.accept(on.market, "AWORKER2", hit)
        on.hand_in(never_came.id, "r.3")
        done = on.keep()
        assert [(one.rater, one.reason) for one in done.unmatched] == [
            ("AWORKER0", "there is no rating of ours behind it"),
            ("AWORKER1", f"it brings the receipt r.2, and ours is {receipt}"),
            ("AWORKER2", "there is no rating of ours behind it"),
        ]
        assert done.paid == 0
        # All places are used up, so the two seats that nobody rated are offered again.
        on.keep()
        with database.reading() as session:
            assert [(one.state, one.places) for one in session.scalars(select(Posting).order_by(Posting.id))] == [
                (PostingState.CLOSED, 3),
                (PostingState.PUBLISHED, 2),
            ]
        with database.transaction() as session:
            other_approvals.approve_by_hand(session, number_of(on, wrong), now=on.clock())
            other_approvals.approve_by_hand(session, number_of(on, nothing), now=on.clock())
        with database.transaction() as session, pytest.raises(Conflict, match="is paid already"):
            other_approvals.approve_by_hand(session, number_of(on, wrong), now=on.clock())
        with database.transaction() as session, pytest.raises(NotFound, match="no submission 77"):
            other_approvals.approve_by_hand(session, 77, now=on.clock())
        on.keep()
        assert payments_of(database) == [
            ("AWORKER1", PaymentKind.APPROVAL, 18),
            ("AWORKER0", PaymentKind.APPROVAL, 18),
        ]
        assert [one.rater for one in on.keep().unmatched] == ["AWORKER2"]
        assert reasons_of(database) == ["approved by hand"]
        on.advance(days=31)  # MTurk approves by itself what nobody has judged
        done = on.keep()
        assert payments_of(database)[2:] == [("AWORKER2", PaymentKind.APPROVAL, 18)]
        assert reasons_of(database) == ["approved by hand", "approved by the vendor"]
        assert done.differences is not None
        assert done.differences.none
        assert on.spent == budget(database, on.batch).spent == 3 * 22
        assert on.keep().paid == 0


def test_a_skip_is_work_and_is_paid(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        vendor_id, assignment = on.arrive("AWORKER0", hit)
        assert assignment is not None
        with database.transaction() as session:
            rater = submissions.rater(session, Channel.MTURK, "AWORKER0", now=on.clock())
            ratings.skip(session, rater_id=rater, assignment_id=assignment, reason=SkipReason.UNREADABLE)
        on.hand_in(vendor_id, "")
        assert on.keep().paid == 1


def test_a_name_in_an_address_that_is_not_the_vendors_is_told_and_pays_nobody(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        made = workers.accept(on.market, "AWORKER0", hit)
        with database.transaction() as session:
            posting = session.scalars(select(Posting)).one()
            arrived(session, posting, "AFORGED", made.id, accepted=on.clock(), until=made.deadline)
        on.hand_in(made.id, "r.1")
        done = on.keep()
        assert done.troubles == [
            f"Submission {made.id} is AWORKER0's, but who came with it said that they were AFORGED."
        ]
        assert payments_of(database) == []


def test_a_place_pays_its_whole_reward_where_there_was_nothing_more_to_do(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        for name in ("ada", "eve"):
            on.work(name, pieces=2)
        on.keep()
        vendor_id, link = on.arrive("bob")
        bobs = on.claim(link)
        assert bobs is not None
        with database.transaction() as session:  # the last seat goes to who came by a link
            (other,) = links.create_personal(session, on.batch, count=1, now=on.clock())
            last = assignments.claim(session, visitors.visitor(session, link_id=other.id), now=on.clock())
            assert last is not None
        with database.transaction() as session:
            rater = submissions.rater(session, Channel.PROLIFIC, "bob", now=on.clock())
            vote = ratings.Vote(ratings.Choice.TIE, active_ms=43_200)
            ratings.submit(session, rater_id=rater, assignment_id=bobs, vote=vote, now=on.clock())
        on.clock.advance(minutes=1)
        on.finish(link)
        on.vendor.participants.submit(vendor_id, "DONE")
        on.keep()
        on.keep()
        assert [one for one in payments_of(database) if one[0] == "bob"] == [("bob", PaymentKind.APPROVAL, 36)]
        with database.reading() as session:
            rater_id = session.scalars(select(Rater.id).where(Rater.external_id == "bob")).one()
            entries = session.scalars(select(LedgerEntry).where(LedgerEntry.rater_id == rater_id))
            assert {(one.purpose, one.amount) for one in entries} == {("reward", 36), ("reward_fee", 12)}


def test_who_stops_while_there_is_work_waits_for_a_person(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id = on.work("bob", pieces=1)
        (one,) = on.keep().unmatched
        assert one.reason == "1 of 2 pieces were done, and there was more to do when the rater stopped"
        with database.transaction() as session:
            other_approvals.approve_by_hand(session, one.submission_id, now=on.clock())
        on.keep()
        assert payments_of(database) == [("bob", PaymentKind.APPROVAL, 36)]
        assert on.vendor.account.works[vendor_id].status == "APPROVED"


def test_a_code_is_not_asked_of_who_has_done_the_work(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id, link = on.arrive("ada")
        on.rate("ada", link, pieces=2)
        on.vendor.participants.submit(vendor_id, None)
        assert on.keep().paid == 1


def test_an_entry_test_is_paid_by_a_bonus_also_to_who_failed_it(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id, link = on.arrive("ada")
        with database.transaction() as session:
            session.execute(
                insert(EntryTest).values(
                    batch_id=on.batch, rater_id=link.rater_id, name="entry", answers=["first"] * 2, score=0, out_of=2,
                    passed=False, taken_at=on.clock(),
                )
            )  # fmt: skip
        on.vendor.participants.submit(vendor_id, "OUT")
        done = on.keep()
        assert [one.reason for one in done.unmatched] == ["there is no rating of ours behind it"]
        assert payments_of(database) == [("ada", PaymentKind.BONUS, 36)]


def test_a_person_rejects_with_a_reason_and_may_take_it_back(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id = on.work("bob", pieces=1)
        on.keep()
        number = number_of(on, vendor_id)
        with database.transaction() as session, pytest.raises(Invalid, match="100 to 1024 characters"):
            rejections.reject(session, number, reason="Too fast.", now=on.clock())
        with database.transaction() as session:
            rejections.reject(session, number, reason=AT_LENGTH, now=on.clock())
        with database.transaction() as session, pytest.raises(Conflict, match="keeps its reason"):
            rejections.reject(session, number, reason=AT_LENGTH, now=on.clock())
        assert on.keep().unmatched == []
        assert on.vendor.account.works[vendor_id].rejected_for == AT_LENGTH
        with database.reading() as session:
            assert session.get_one(Rejection, number).told_at == on.clock()
            assert session.get_one(Submission, number).state == SubmissionState.REJECTED
        on.keep()
        assert payments_of(database) == []
        with database.transaction() as session:
            rejections.overturn(session, number, reason="The appeal was right.", now=on.clock())
            rejections.overturn(session, number, reason="The appeal was right.", now=on.clock())
        on.keep()
        assert payments_of(database) == [("bob", PaymentKind.BONUS, 36)]
        assert budget(database, on.batch).spent == on.spent


def test_what_is_paid_or_unknown_is_not_rejected(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        vendor_id = on.work("AWORKER0", on.hits()[0])
        on.keep()
        with database.transaction() as session:
            with pytest.raises(Conflict, match="is being paid"):
                rejections.reject(session, number_of(on, vendor_id), reason="No.", now=on.clock())
            with pytest.raises(NotFound):
                rejections.reject(session, 77, reason="No.", now=on.clock())
            with pytest.raises(NotFound, match="never rejected"):
                rejections.overturn(session, 77, reason="No.", now=on.clock())


def test_a_rejection_that_the_vendor_refuses_is_told_again(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        vendor_id, _ = on.arrive("AWORKER0", on.hits()[0])
        on.hand_in(vendor_id, "r.1")
        on.keep()
        with database.transaction() as session:
            rejections.reject(session, number_of(on, vendor_id), reason="Nothing was rated.", now=on.clock())
        on.market.faults.credentials_expired = True
        assert any("credentials" in trouble for trouble in on.keep().troubles)
        on.market.faults.credentials_expired = False
        on.keep()
        assert on.market.assignments[vendor_id].feedback == "Nothing was rated."


def test_an_approval_that_the_vendor_refuses_waits_for_a_person_and_is_asked_again(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        vendor_id = on.work("AWORKER0", hit)
        submissions.sync(database, on.crowd, on.channel, clock=on.clock)
        on.crowd.reject(vendor_id, reason="A person, on the vendor's own page.")
        done = on.keep()
        assert done.paid == 0
        on.keep()
        with database.reading() as session:
            assert session.get_one(Submission, number_of(on, vendor_id)).state == SubmissionState.REJECTED
        assert [kind for _, kind, _ in payments_of(database)] in ([], [PaymentKind.APPROVAL])


def test_mturk_approves_by_itself_and_the_ledger_follows(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        on.work("AWORKER0", on.hits()[0])
        on.advance(days=31)
        done = on.keep()
        assert done.paid == 1
        assert done.differences is not None
        assert done.differences.none
        assert on.spent == budget(database, on.batch).spent == 22
        assert on.clock.passed == timedelta(days=31)


def test_a_round_says_who_may_still_hand_in_and_tops_up_only_after_them(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        vendor_id, _ = on.arrive("AWORKER9", hit)
        workers.give_back(on.market, vendor_id)  # which MTurk lists nowhere
        on.advance(minutes=61)
        for number in range(3):
            on.work(f"AWORKER{number}", hit, active_ms=86_400)
        done = on.keep()
        assert (done.is_over, done.waits, done.paid) == (True, True, 3)
        on.advance(minutes=61)
        done = on.keep()
        assert (done.is_over, done.waits, done.paid) == (True, False, 3)


def test_a_payment_without_an_answer_is_said_and_asked_again(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        on.work("AWORKER0", on.hits()[0])
        on.market.faults.plan("ApproveAssignment", Fault.CUT_OFF)
        done = on.keep()
        assert (done.paid, done.troubles) == (0, ["mturk gave no answer to 1 payments; the next round asks."])
        done = on.keep()
        assert (done.paid, done.troubles) == (1, [])


def test_what_is_missing_for_one_rater_keeps_no_other_waiting(database: Database) -> None:
    with on_mturk(database, prompts=1, allowed=198) as on:  # what the posting needs at worst
        on.keep()
        (hit,) = on.hits()
        for number in range(2):
            on.work(f"AWORKER{number}", hit)
        with database.transaction() as session:
            dear = submissions.rater(session, Channel.MTURK, "AWORKER0", now=on.clock())
            session.execute(
                insert(EntryTest).values(
                    batch_id=on.batch, rater_id=dear, name="entry", answers=["first"] * 40, score=0, out_of=40,
                    passed=True, taken_at=on.clock(),
                )
            )  # fmt: skip
        done = on.keep()
        assert payments_of(database) == [
            ("AWORKER0", PaymentKind.APPROVAL, 18),
            ("AWORKER1", PaymentKind.APPROVAL, 18),
        ]
        assert any("are missing" in trouble for trouble in done.troubles)


def test_more_may_hand_in_than_there_are_places_where_these_are_given_out_again(database: Database) -> None:
    with on_prolific(database, prompts=1) as on:
        on.keep()
        for name in ("ada", "bob", "eve"):
            on.work(name, pieces=1)
        on.keep()
        on.keep()
        with database.reading() as session:
            row = channels.by_id(session, on.channel)
            assert set(session.scalars(select(Submission.state))) == {SubmissionState.APPROVED}
            assert submissions.to_read(session, row, now=on.clock()) == [(1, on.study)]
            assert submissions.to_read(session, row, now=on.clock() + timedelta(days=2)) == []


def test_a_rejection_that_is_taken_back_before_the_vendor_knows_of_it_is_paid_once(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        vendor_id, _ = on.arrive("AWORKER0", on.hits()[0])
        on.hand_in(vendor_id, "r.1")
        on.keep()
        number = number_of(on, vendor_id)
        with database.transaction() as session:
            rejections.reject(session, number, reason="Nothing was rated.", now=on.clock())
            rejections.overturn(session, number, reason="Our page had failed.", now=on.clock())
            rejections.overturn(session, number, reason="Our page had failed.", now=on.clock())
        on.keep()
        on.advance(days=31)  # MTurk approves by itself what nobody has judged
        done = on.keep()
        assert payments_of(database) == [("AWORKER0", PaymentKind.APPROVAL, 18)]
        assert done.differences is not None
        assert done.differences.none
        assert on.spent == budget(database, on.batch).spent == 22


def test_the_approval_pays_the_entry_test_of_who_was_screened_out_and_a_bonus_the_rest(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        vendor_id, _ = on.arrive("AWORKER0", on.hits()[0])
        took_test(on, Channel.MTURK, "AWORKER0", out_of=3)
        on.hand_in(vendor_id, "screened_out")
        assert on.keep().unmatched == []
        on.advance(days=31)
        done = on.keep()
        assert payments_of(database) == [
            ("AWORKER0", PaymentKind.APPROVAL, 18),
            ("AWORKER0", PaymentKind.BONUS, 36),
        ]
        with database.reading() as session:
            earned = select(LedgerEntry.work, LedgerEntry.purpose, LedgerEntry.amount).where(
                LedgerEntry.from_account == Account.RESERVED
            )
            assert [tuple(one) for one in session.execute(earned.order_by(LedgerEntry.id))] == [
                (Work.ENTRY_TEST, Purpose.REWARD, 18),
                (Work.ENTRY_TEST, Purpose.REWARD_FEE, 4),
                (Work.ENTRY_TEST, Purpose.TOP_UP, 36),
                (Work.ENTRY_TEST, Purpose.TOP_UP_FEE, 8),
            ]
        assert reasons_of(database) == []
        assert done.differences is not None
        assert done.differences.none
        assert on.spent == budget(database, on.batch).spent


def test_who_is_approved_by_hand_gets_a_test_that_nobody_pays_yet_with_the_reward(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id, _ = on.arrive("ada")
        took_test(on, Channel.PROLIFIC, "ada", out_of=1)
        on.vendor.participants.submit(vendor_id, "OUT")
        submissions.sync(database, on.crowd, on.channel, clock=on.clock)
        with database.transaction() as session:
            other_approvals.approve_by_hand(session, number_of(on, vendor_id), now=on.clock())
        on.keep()
        assert payments_of(database) == [("ada", PaymentKind.APPROVAL, 36)]
        with database.reading() as session:
            earned = select(LedgerEntry.work, LedgerEntry.purpose, LedgerEntry.amount).where(
                LedgerEntry.from_account == Account.RESERVED
            )
            assert {tuple(one) for one in session.execute(earned)} == {
                (Work.ENTRY_TEST, Purpose.REWARD, 18),
                (Work.ENTRY_TEST, Purpose.REWARD_FEE, 6),
                (Work.COMPENSATION, Purpose.REWARD, 18),
                (Work.COMPENSATION, Purpose.REWARD_FEE, 6),
            }
        assert budget(database, on.batch).spent == on.spent


def test_a_test_whose_bonus_was_refused_is_paid_by_the_approval_of_a_person(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id, _ = on.arrive("ada")
        took_test(on, Channel.PROLIFIC, "ada", out_of=1)
        on.vendor.participants.submit(vendor_id, "OUT")
        submissions.sync(database, on.crowd, on.channel, clock=on.clock)
        with database.transaction() as session:
            row = channels.by_id(session, on.channel)
            rater = submissions.rater(session, Channel.PROLIFIC, "ada", now=on.clock())
            approvals.pay_extras(session, row, rater, now=on.clock())
            (number,) = session.scalars(select(PaymentIntent.id))
            intents.begin(session, number, now=on.clock())
            intents.outcome(session, number, confirmed=False, now=on.clock(), answer="No.")
            other_approvals.approve_by_hand(session, number_of(on, vendor_id), now=on.clock())
        on.keep()
        assert payments_of(database) == [("ada", PaymentKind.BONUS, 18), ("ada", PaymentKind.APPROVAL, 36)]
        assert budget(database, on.batch).spent == on.spent == 48


def test_what_the_vendor_approved_before_it_heard_of_a_rejection_is_booked_as_overturned(database: Database) -> None:
    with on_mturk(database, prompts=1) as on:
        on.keep()
        vendor_id, _ = on.arrive("AWORKER0", on.hits()[0])
        on.hand_in(vendor_id, "r.1")
        on.keep()
        number = number_of(on, vendor_id)
        with database.transaction() as session:
            rejections.reject(session, number, reason="Nothing was rated.", now=on.clock())
        on.advance(days=31)
        on.keep()
        with database.transaction() as session:
            rejections.overturn(session, number, reason="It was paid.", now=on.clock())
        done = on.keep()
        assert done.troubles == []
        assert payments_of(database) == [("AWORKER0", PaymentKind.APPROVAL, 18)]
        assert on.spent == budget(database, on.batch).spent == 22


def test_who_was_paid_otherwise_by_the_vendor_is_not_approved_by_hand(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        vendor_id, _ = on.arrive("ada")
        on.vendor.participants.submit(vendor_id, "OUT")
        on.keep()
        on.crowd.approve(vendor_id)
        submissions.sync(database, on.crowd, on.channel, clock=on.clock)
        with database.transaction() as session, pytest.raises(Conflict, match="is paid already"):
            other_approvals.approve_by_hand(session, number_of(on, vendor_id), now=on.clock())


def test_a_submission_in_a_state_that_is_new_to_us_keeps_no_other_waiting(database: Database) -> None:
    with on_prolific(database) as on:
        on.keep()
        on.vendor.account.works[on.work("ada", pieces=2)].status = "PONDERED"
        on.work("bob", pieces=2)
        done = on.keep(compare=False)
        assert (done.read, done.paid) == (1, 1)
        assert done.troubles == ["Prolific calls a submission 'PONDERED', which this version does not know."]
        assert payments_of(database) == [("bob", PaymentKind.APPROVAL, 36)]


def test_a_lot_is_kept_in_the_order_of_its_ids_however_the_vendor_lists_it(database: Database) -> None:
    """Two who read the same lot lock its rows in one order, so neither waits for the other."""
    with on_mturk(database, prompts=1) as on:
        on.keep()
        (hit,) = on.hits()
        for number in range(3):
            workers.accept(on.market, f"AWORKER{number}", hit)
        for one in list(on.market.assignments):
            on.hand_in(one, "r.1")
        said = sorted(on.crowd.submissions(hit), key=lambda one: one.id, reverse=True)
        with database.transaction() as session:
            submissions.keep(session, channels.by_id(session, on.channel), 1, said, now=on.clock())
        with database.reading() as session:
            kept = session.scalars(select(Submission.vendor_id).order_by(Submission.id)).all()
        assert kept == sorted(one.id for one in said)
