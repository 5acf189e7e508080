"""What the database itself keeps of money, tried with bare statements that no service would send."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Executable, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.budgets import Budget, Reservation
from backend.db.ledger import Compensation, LedgerEntry
from backend.db.payments import PaymentIntent
from backend.db.session import Database
from tests import factories
from tests.db.test_check_constraints import answered
from tests.db.test_constraints import comparison_at, new_rater, rated, refused, sat
from tests.factories import NOW
from tests.paid import took_test

ROOM = 1_000


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def batch(session: Session) -> Batch:
    return factories.launched(session, seats=3)


@pytest.fixture
def reservation(session: Session, batch: Batch) -> int:
    """A budget of 1,000 cents of which 900 are set aside."""
    session.execute(insert(Budget).values(batch_id=batch.id, currency="USD", allowed=ROOM))
    return session.execute(setting_aside(batch.id, 900)).scalar_one()


def setting_aside(batch_id: int, amount: int, *, key: str = "all", **changes: object) -> Executable:
    row = {"batch_id": batch_id, "currency": "USD", "key": key, "amount": amount, "remaining": amount}
    return insert(Reservation).values({**row, "created_at": NOW, **changes}).returning(Reservation.id)


def counters(session: Session) -> tuple[int, int]:
    """(reserved, spent) of the only budget."""
    reserved, spent = session.execute(select(Budget.reserved, Budget.spent)).one()
    return reserved, spent


def remaining(session: Session) -> int:
    return session.execute(select(Reservation.remaining)).scalar_one()


def earning(session: Session, batch: Batch, reservation: int, **changes: object) -> dict[str, object]:
    """The columns of 18 cents that a new rating earns."""
    assignment, rater = rated(session, comparison_at(session, batch))
    row = {"key": "one", "batch_id": batch.id, "rater_id": rater, "currency": "USD", "amount": 18, "work": "rating"}
    row |= {"purpose": "reward", "from_account": "reserved", "to_account": "owed", "assignment_id": assignment}
    return {**row, "state": "rated", "reservation_id": reservation, "entered_at": NOW, **changes}


def entry(row: dict[str, object], **changes: object) -> Executable:
    return insert(LedgerEntry).values({**row, **changes}).returning(LedgerEntry.id)


def moving(
    row: dict[str, object], of: int, payment: int, *, to: str = "paying", **changes: object
) -> dict[str, object]:
    """The columns of a transfer that takes this entry's money on."""
    taken = {"key": f"moves {of}", "from_account": row["to_account"], "to_account": to, "moves_id": of}
    return {**row, **taken, "reservation_id": None, "payment_id": payment, **changes}


def intending(row: dict[str, object], **changes: object) -> Executable:
    intent = {name: row[name] for name in ("batch_id", "rater_id", "currency", "amount")}
    intent |= {
        "token": "t-1",
        "kind": "approval",
        "posting_id": "P",
        "submission_id": "S",
        "fee": 0,
        "reason": "Thanks",
    }
    return insert(PaymentIntent).values({**intent, "intended_at": NOW, **changes}).returning(PaymentIntent.id)


def becoming(payment: int, state: str, **changes: object) -> Executable:
    ended = NOW if state in ("confirmed", "refused") else None
    return update(PaymentIntent).where(PaymentIntent.id == payment).values(state=state, ended_at=ended, **changes)


def sent(session: Session, row: dict[str, object]) -> tuple[int, int]:
    """(payment, the entry that moved its money): 18 cents that a vendor was asked to pay."""
    earned = session.execute(entry(row)).scalar_one()
    payment = session.execute(intending(row)).scalar_one()
    paying = session.execute(entry(moving(row, earned, payment))).scalar_one()
    session.execute(becoming(payment, "sent"))
    return payment, paying


def test_what_is_set_aside_and_spent_is_counted(session: Session, batch: Batch, reservation: int) -> None:
    assert counters(session) == (900, 0)
    session.execute(entry(earning(session, batch, reservation)))
    assert (counters(session), remaining(session)) == ((882, 18), 882)
    session.execute(update(Reservation).values(remaining=0))
    assert counters(session) == (0, 18)
    session.execute(update(Reservation).values(amount=1_000, remaining=100))
    assert counters(session) == (100, 18)


def test_nothing_beyond_the_budget_is_set_aside(session: Session, batch: Batch, reservation: int) -> None:
    refused(session, setting_aside(batch.id, 101, key="more"), "never_overspent")
    refused(session, update(Reservation).values(amount=1_001, remaining=1_001), "never_overspent")
    session.execute(setting_aside(batch.id, 100, key="the rest"))
    refused(session, update(Budget).values(allowed=999), "never_overspent")
    assert counters(session) == (1_000, 0)


def test_what_was_spent_is_not_there_to_be_set_aside(session: Session, batch: Batch, reservation: int) -> None:
    session.execute(entry(earning(session, batch, reservation)))
    refused(session, setting_aside(batch.id, 101, key="more"), "never_overspent")
    session.execute(setting_aside(batch.id, 100, key="the rest"))
    refused(session, update(Budget).values(allowed=999), "never_overspent")
    assert counters(session) == (982, 18)


def test_without_a_budget_nothing_is_set_aside(session: Session, batch: Batch) -> None:
    refused(session, setting_aside(batch.id, 0), "(?i)foreign key")


def test_nothing_beyond_a_reservation_is_owed(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    refused(session, entry(row, amount=901), "ck_reservations_remaining")
    session.execute(entry(row, amount=900))
    assert (counters(session), remaining(session)) == ((0, 900), 0)


@pytest.mark.parametrize(
    "change", [{"remaining": 901}, {"amount": 899, "remaining": 899}, {"amount": 950, "remaining": 951}]
)
def test_what_was_taken_never_comes_back(session: Session, reservation: int, change: dict[str, int]) -> None:
    session.execute(update(Reservation).values(remaining=900))
    refused(session, update(Reservation).values(change), "never comes back|ck_reservations_remaining")


@pytest.mark.parametrize("change", [{"key": "b"}, {"currency": "EUR"}, {"batch_id": 9}])
def test_a_reservation_stays_with_its_batch(session: Session, reservation: int, change: dict[str, object]) -> None:
    refused(session, update(Reservation).values(change), "stays with its batch")
    refused(session, delete(Reservation), "never deleted")


def test_a_reservation_and_a_budget_begin_whole(session: Session, batch: Batch, reservation: int) -> None:
    refused(session, setting_aside(batch.id, 10, key="b", remaining=9), "begins with all of its amount")
    refused(session, setting_aside(batch.id, -1, key="b"), "ck_reservations_remaining|never_overspent")
    refused(session, setting_aside(batch.id, 10, key="b", currency="EUR"), "(?i)foreign key")
    refused(session, setting_aside(batch.id, 10), "(?i)unique")
    other = factories.launched(session)
    begun = {"batch_id": other.id, "currency": "USD", "allowed": 10}
    for counter in ("reserved", "spent"):
        refused(session, insert(Budget).values({**begun, counter: 5}), "begins with nothing")
    refused(session, insert(Budget).values({**begun, "allowed": -1}), "never_overspent")


def test_a_budget_keeps_its_currency_and_never_goes(session: Session, reservation: int) -> None:
    refused(session, update(Budget).values(currency="EUR"), "keeps its currency")
    refused(session, delete(Budget), "never deleted")


def test_what_was_spent_or_set_aside_is_never_uncounted(session: Session, batch: Batch, reservation: int) -> None:
    session.execute(entry(earning(session, batch, reservation)))
    refused(session, update(Budget).values(spent=17), "never uncounted")
    refused(session, update(Budget).values(reserved=881), "never uncounted")


def test_an_entry_names_exactly_one_piece_of_work(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    refused(session, entry(row, assignment_id=None, state=None), "names_one_work|work_as_named")
    refused(session, entry(row, entry_test="first"), "names_one_work")
    refused(session, entry(row, compensation_id=1), "names_one_work")


@pytest.mark.parametrize("work", ["late_rating", "skip", "check", "entry_test", "compensation", "tip"])
def test_a_rating_is_paid_as_nothing_else(session: Session, batch: Batch, reservation: int, work: str) -> None:
    refused(
        session, entry(earning(session, batch, reservation), work=work), "work_as_named|ck_ledger_entries_work|taken it"
    )


@pytest.mark.parametrize("state", ["late", "skipped", None])
def test_an_entry_says_what_became_of_its_assignment(
    session: Session, batch: Batch, reservation: int, state: str | None
) -> None:
    refused(session, entry(earning(session, batch, reservation), state=state), "work_as_named|(?i:foreign key)")


@pytest.mark.parametrize(("work", "state"), [("late_rating", "late"), ("skip", "skipped"), ("rating", "rated")])
def test_work_at_seats_is_paid_as_it_ended(
    session: Session, batch: Batch, reservation: int, work: str, state: str
) -> None:
    rater = new_rater(session)
    assignment = sat(session, comparison_at(session, batch, 1), state=state, rater=rater)
    row = earning(session, batch, reservation)
    session.execute(entry(row, rater_id=rater, assignment_id=assignment, work=work, state=state))


@pytest.mark.parametrize("state", ["held", "lapsed", "returned"])
def test_work_that_was_not_done_is_not_paid(session: Session, batch: Batch, reservation: int, state: str) -> None:
    rater = new_rater(session)
    assignment = sat(session, comparison_at(session, batch, 1), state=state, rater=rater)
    row = earning(session, batch, reservation, rater_id=rater, assignment_id=assignment)
    refused(session, entry(row), "(?i)foreign key")
    refused(session, entry(row, state=state), "work_as_named")


def test_a_check_is_paid_once_it_is_answered(session: Session, batch: Batch, reservation: int) -> None:
    answered(session, batch)
    number, rater = session.execute(text("SELECT id, rater_id FROM check_assignments")).one()
    row = earning(session, batch, reservation, work="check", state="answered", check_assignment_id=number)
    row["assignment_id"] = None
    refused(session, entry(row), "(?i)foreign key")
    session.execute(entry(row, rater_id=rater))
    refused(session, entry(row, rater_id=rater, key="two"), "(?i)unique")


def test_work_of_another_rater_or_batch_is_not_paid(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    refused(session, entry(row, rater_id=new_rater(session)), "(?i)foreign key")
    other = factories.launched(session)
    session.execute(insert(Budget).values(batch_id=other.id, currency="USD", allowed=ROOM))
    elsewhere = session.execute(setting_aside(other.id, 900, key="other")).scalar_one()
    refused(session, entry(row, reservation_id=elsewhere), "(?i)foreign key")
    refused(session, entry(row, batch_id=other.id, reservation_id=elsewhere), "work of its own batch")


def test_work_is_owed_once_for_each_purpose(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    session.execute(entry(row))
    refused(session, entry(row, purpose="top_up"), "(?i)unique")
    refused(session, entry(row, key="two"), "(?i)unique")
    session.execute(entry(row, key="two", purpose="top_up"))


def test_a_compensation_is_its_raters_and_says_why(session: Session, batch: Batch, reservation: int) -> None:
    rater = new_rater(session)
    decided = {"batch_id": batch.id, "rater_id": rater, "key": "c", "reason": "The page broke.", "decided_at": NOW}
    refused(session, insert(Compensation).values({**decided, "reason": ""}), "says_why")
    number = session.execute(insert(Compensation).values(decided).returning(Compensation.id)).scalar_one()
    refused(session, insert(Compensation).values(decided), "(?i)unique")
    refused(session, update(Compensation).values(reason="No."), "never changes")
    refused(session, delete(Compensation), "never deleted")
    row = earning(session, batch, reservation, work="compensation", state=None, assignment_id=None)
    refused(session, entry(row, compensation_id=number), "(?i)foreign key")
    session.execute(entry(row, compensation_id=number, rater_id=rater))
    refused(session, entry(row, compensation_id=number, rater_id=rater, key="two"), "(?i)unique")


def test_an_entry_test_is_paid_by_its_name(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation, work="entry_test", assignment_id=None, entry_test="first")
    refused(session, entry(row, state=None), "who has taken it")
    rater = int(str(row["rater_id"]))
    took_test(session, batch.id, rater, "second")
    refused(session, entry(row, state=None), "who has taken it")
    took_test(session, batch.id, rater, "first")
    refused(session, entry(row), "work_as_named")
    session.execute(entry(row, state=None))


@pytest.mark.parametrize("amount", [0, -18])
def test_a_transfer_is_of_something(session: Session, batch: Batch, reservation: int, amount: int) -> None:
    refused(session, entry(earning(session, batch, reservation), amount=amount), "ck_ledger_entries_amount")


@pytest.mark.parametrize("change", [{"amount": 19}, {"to_account": "paying"}, {"rater_id": 1}, {"key": "b"}])
def test_an_entry_never_changes_and_never_goes(
    session: Session, batch: Batch, reservation: int, change: dict[str, object]
) -> None:
    session.execute(entry(earning(session, batch, reservation)))
    refused(session, update(LedgerEntry).values(change), "never changes")
    refused(session, delete(LedgerEntry), "never deleted")


@pytest.mark.parametrize("to", ["reserved", "paying", "paid", "fees", "gone"])
def test_a_reserve_is_only_ever_owed(session: Session, batch: Batch, reservation: int, to: str) -> None:
    refused(session, entry(earning(session, batch, reservation), to_account=to), "ways|to_account")


def test_money_comes_from_a_reservation_or_an_earlier_entry(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    refused(session, entry(row, reservation_id=None), "from_a_reservation")
    refused(session, entry(row, currency="EUR"), "(?i)foreign key")
    first = session.execute(entry(row)).scalar_one()
    payment = session.execute(intending(row)).scalar_one()
    refused(session, entry(moving(row, first, payment, moves_id=None)), "moves_an_entry")
    refused(session, entry(moving(row, first, payment, payment_id=None)), "moves_by_a_payment")
    refused(session, entry(moving(row, first, payment, reservation_id=reservation)), "from_a_reservation")


@pytest.mark.parametrize("change", [{"amount": 17}, {"amount": 19}, {"from_account": "paying", "to_account": "paid"}])
def test_a_transfer_takes_the_whole_of_an_entry_where_it_is(
    session: Session, batch: Batch, reservation: int, change: dict[str, object]
) -> None:
    row = earning(session, batch, reservation)
    first = session.execute(entry(row)).scalar_one()
    payment = session.execute(intending(row)).scalar_one()
    refused(session, entry(moving(row, first, payment, **change)), "(?i)foreign key|money moves only as")


def test_no_entry_is_taken_twice(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    first = session.execute(entry(row)).scalar_one()
    payment = session.execute(intending(row)).scalar_one()
    session.execute(entry(moving(row, first, payment)))
    refused(session, entry(moving(row, first, payment, key="again")), "(?i)unique")


def test_money_that_one_piece_earned_never_pays_another(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    first = session.execute(entry(row)).scalar_one()
    payment = session.execute(intending(row)).scalar_one()
    own = sat(session, comparison_at(session, batch, 1), state="rated", rater=int(str(row["rater_id"])))
    refused(session, entry(moving(row, first, payment, assignment_id=own)), "never pays another")


def test_a_payment_begins_as_an_intent_and_ends_once(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    refused(session, intending(row, state="sent"), "intended before anything else")
    payment, _ = sent(session, row)
    refused(session, becoming(payment, "intended"), "nothing after that")
    session.execute(becoming(payment, "confirmed"))
    for state in ("intended", "sent", "confirmed", "refused"):
        refused(session, becoming(payment, state), "nothing after that")
    refused(session, delete(PaymentIntent), "never deleted")


@pytest.mark.parametrize("state", ["confirmed", "refused"])
def test_a_payment_that_was_not_sent_has_no_outcome(
    session: Session, batch: Batch, reservation: int, state: str
) -> None:
    payment = session.execute(intending(earning(session, batch, reservation))).scalar_one()
    refused(session, becoming(payment, state), "nothing after that")


def test_a_payment_is_sent_only_when_its_entries_add_up(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    payment = session.execute(intending(row)).scalar_one()
    refused(session, becoming(payment, "sent"), "add up")
    session.execute(entry(moving(row, session.execute(entry(row)).scalar_one(), payment)))
    fee = {**row, "key": "fee", "purpose": "reward_fee", "amount": 4}
    session.execute(entry(moving(fee, session.execute(entry(fee)).scalar_one(), payment)))
    refused(session, becoming(payment, "sent"), "add up")
    whole = session.execute(intending({**row, "amount": 1}, token="t-2", submission_id="S2", fee=4)).scalar_one()
    refused(session, becoming(whole, "sent"), "add up")


def test_a_token_is_one_payments_and_a_submission_is_approved_once(
    session: Session, batch: Batch, reservation: int
) -> None:
    row = earning(session, batch, reservation)
    payment, _ = sent(session, row)
    refused(session, intending(row, submission_id="S2"), "(?i)unique")
    refused(session, intending(row, token="t-2"), "(?i)unique")
    session.execute(intending(row, token="t-3", kind="bonus"))
    session.execute(intending(row, token="t-4", kind="bonus"))
    session.execute(becoming(payment, "refused", answer="No such submission."))
    session.execute(intending(row, token="t-2"))


@pytest.mark.parametrize(
    "change",
    [{"amount": 17}, {"fee": 1}, {"token": "t-9"}, {"submission_id": "S9"}, {"posting_id": "P9"}, {"reason": "!"}],
)
def test_a_payment_stays_as_it_was_intended(
    session: Session, batch: Batch, reservation: int, change: dict[str, object]
) -> None:
    sent(session, earning(session, batch, reservation))
    refused(session, update(PaymentIntent).values(change), "stays as it was intended")


def test_what_a_payment_says_fits_its_state(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    refused(session, intending(row, asked_at=NOW), "asked_when_sent")
    refused(session, intending(row, answer="No."), "answer_of_a_refusal")
    refused(session, intending(row, ended_at=NOW), "ends_once")
    refused(session, intending(row, kind="gift"), "ck_payment_intents_kind")
    refused(session, intending(row, amount=0), "ck_payment_intents_amount")
    refused(session, intending(row, currency="EUR"), "(?i)foreign key")


def test_money_moves_only_as_its_payment_does(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    payment, paying = sent(session, row)
    on_its_way = {**row, "to_account": "paying"}
    for to in ("paid", "owed"):
        refused(session, entry(moving(on_its_way, paying, payment, to=to)), "only as its payment does")
    session.execute(becoming(payment, "confirmed"))
    refused(session, entry(moving(on_its_way, paying, payment, to="owed")), "only as its payment does")
    refused(session, entry(moving(on_its_way, paying, payment, to="fees")), "ways")
    session.execute(entry(moving(on_its_way, paying, payment, to="paid")))


def test_a_refused_payment_is_owed_again(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    payment, paying = sent(session, row)
    session.execute(becoming(payment, "refused"))
    on_its_way = {**row, "to_account": "paying"}
    refused(session, entry(moving(on_its_way, paying, payment, to="paid")), "only as its payment does")
    again = session.execute(entry(moving(on_its_way, paying, payment, to="owed"))).scalar_one()
    second = session.execute(intending(row, token="t-2")).scalar_one()
    session.execute(entry(moving(row, again, second)))
    session.execute(becoming(second, "sent"))


def test_a_fee_is_never_the_raters(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    fee = {**row, "key": "fee", "purpose": "reward_fee", "amount": 4}
    payment = session.execute(intending(row, fee=4)).scalar_one()
    for part in (row, fee):
        paying = session.execute(entry(moving(part, session.execute(entry(part)).scalar_one(), payment))).scalar_one()
    session.execute(becoming(payment, "sent"))
    session.execute(becoming(payment, "confirmed"))
    on_its_way = {**fee, "to_account": "paying"}
    refused(session, entry(moving(on_its_way, paying, payment, to="paid")), "ways")
    session.execute(entry(moving(on_its_way, paying, payment, to="fees")))


def test_what_one_payment_began_another_never_ends(session: Session, batch: Batch, reservation: int) -> None:
    row = earning(session, batch, reservation)
    _, paying = sent(session, row)
    bonus = {**row, "key": "bonus", "purpose": "top_up"}
    other = session.execute(intending(row, token="t-2", kind="bonus")).scalar_one()
    session.execute(entry(moving(bonus, session.execute(entry(bonus)).scalar_one(), other)))
    session.execute(becoming(other, "sent"))
    session.execute(becoming(other, "confirmed"))
    refused(session, entry(moving({**row, "to_account": "paying"}, paying, other, to="paid")), "another never ends")


def test_32_threads_that_check_nothing_never_overspend(database: Database) -> None:
    """Each wants 100 of 1,000 cents: ten get them, on SQLite and on PostgreSQL."""
    with database.transaction() as session:
        batch = factories.launched(session).id
        session.execute(insert(Budget).values(batch_id=batch, currency="USD", allowed=ROOM))

    def refusal(number: int) -> str:
        try:
            with database.transaction() as session:
                session.execute(setting_aside(batch, 100, key=f"thread {number}"))
        except DatabaseError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(32) as crowd:
        refusals = [why for why in crowd.map(refusal, range(32)) if why]
    assert len(refusals) == 22
    assert all("never_overspent" in why for why in refusals)
    with database.reading() as session:
        assert counters(session) == (1_000, 0)
