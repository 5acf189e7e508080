"""What goes wrong between us and Mechanical Turk's simulator: nothing is paid twice, and nothing is done twice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from backend.crowd.mturk import MTurk, connect
from backend.crowd.mturk_account import Account
from backend.crowd.mturk_errors import Declined, of_answer
from backend.crowd.protocol import CrowdError, NoMoney, NotAllowed, Refused, Unreachable
from backend.domain.money import Money
from backend.simulator.mturk import workers
from backend.simulator.mturk.faults import Fault
from backend.simulator.mturk.market import Market
from backend.simulator.mturk.workers import Turned
from tests.crowd.hits import POSTING, done, pay


def answer(status: int, kind: str, code: str | None) -> ClientError:
    """An error as botocore raises it."""
    said = {"Error": {"Code": kind, "Message": "Said so."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said | ({"TurkErrorCode": code} if code else {}), "GetAccountBalance")


Act = Callable[[MTurk, str, str], object]
TOKENS: dict[str, tuple[str, Act]] = {
    "publish": ("CreateHITWithHITType", lambda mturk, _, __: mturk.publish(replace(POSTING, token="again"))),
    "extend": ("CreateAdditionalAssignmentsForHIT", lambda mturk, hit, _: mturk.extend(hit, places=2, token="m")),
    "bonus": ("SendBonus", lambda mturk, _, one: pay(mturk, one)),
    "approve": ("ApproveAssignment", lambda mturk, _, one: mturk.approve(one)),
    "reject": ("RejectAssignment", lambda mturk, _, one: mturk.reject(one, reason="A person decided so.")),
    "close": ("UpdateExpirationForHIT", lambda mturk, hit, _: mturk.close(hit)),
    "block": ("CreateWorkerBlock", lambda mturk, _, __: mturk.block("AWORKER9", reason="…")),
    "group": ("CreateQualificationType", lambda mturk, _, __: mturk.create_group("Passed", description="…")),
}


# Whether the vendor has acted when the call fails.
AFTER = {Fault.THROTTLED: False, Fault.BEFORE_ACTING: False, Fault.AFTER_ACTING: True, Fault.CUT_OFF: True}


def state(market: Market) -> tuple[object, ...]:
    """Everything that must not happen twice."""
    bonuses = [(one.assignment_id, one.amount) for one in market.bonuses]
    places = sorted(hit.places for hit in market.hits.values())
    states = [one.state for one in market.assignments.values()]
    groups = [one.name for one in market.qualification_types.values()]
    return market.balance, bonuses, places, states, len(market.hits), dict(market.blocks), groups


@pytest.mark.parametrize("fault", list(AFTER))
@pytest.mark.parametrize("name", TOKENS)
def test_after_a_failure_the_same_call_again_does_it_once(
    mturk: MTurk, market: Market, name: str, fault: Fault
) -> None:
    hit_id = mturk.publish(POSTING).id
    one = done(market, hit_id)
    before = state(market)
    operation, act = TOKENS[name]
    market.faults.plan(operation, fault)
    with pytest.raises(Unreachable, match=r"may have acted|no answer"):
        act(mturk, hit_id, one)
    assert name == "close" or (state(market) != before) == AFTER[fault]
    act(mturk, hit_id, one)
    once = state(market)
    act(mturk, hit_id, one)
    assert state(market) == once
    assert name == "close" or once != before
    assert not market.faults.planned


@pytest.mark.parametrize("name", ["publish", "extend", "bonus", "approve", "reject", "group"])
def test_a_retry_within_one_call_after_the_vendor_has_acted_is_a_success(
    account: Account, mturk: MTurk, market: Market, name: str
) -> None:
    hit_id = mturk.publish(POSTING).id
    one = done(market, hit_id)
    stubborn = connect(account, attempts=2)
    operation, act = TOKENS[name]
    market.faults.plan(operation, Fault.AFTER_ACTING)
    act(stubborn, hit_id, one)
    once = state(market)
    act(mturk, hit_id, one)
    assert state(market) == once
    stubborn.client.close()


def test_a_call_is_attempted_as_often_as_asked_and_no_more(account: Account, market: Market) -> None:
    twice = connect(account, attempts=2)
    market.faults.plan("GetAccountBalance", Fault.BEFORE_ACTING, times=3)
    with pytest.raises(Unreachable):
        twice.balance()
    assert len(market.faults.planned) == 1
    twice.client.close()


@pytest.mark.parametrize("operation", ["SendBonus", "ApproveAssignment", "CreateHITWithHITType"])
def test_insufficient_funds_are_said_and_nothing_is_spent(mturk: MTurk, market: Market, operation: str) -> None:
    hit_id = mturk.publish(POSTING).id
    one = done(market, hit_id)
    before = state(market)
    market.faults.plan(operation, Fault.NO_MONEY)
    act = next(act for name, act in TOKENS.values() if name == operation)
    with pytest.raises(NoMoney, match="can't pay for this"):
        act(mturk, hit_id, one)
    assert state(market) == before
    act(mturk, hit_id, one)


def test_a_bonus_that_the_balance_does_not_cover_is_not_paid(mturk: MTurk, market: Market) -> None:
    one = done(market, mturk.publish(POSTING).id)
    market.balance = 90 + 124  # 90 are on hold for the posting, and 104 and their fee are 125
    with pytest.raises(NoMoney):
        pay(mturk, one)
    market.balance += 1
    pay(mturk, one)
    assert market.balance == 90


def test_expired_wrong_and_missing_credentials_are_told_from_other_refusals(
    mturk: MTurk, account: Account, market: Market
) -> None:
    market.faults.credentials_expired = True
    with pytest.raises(NotAllowed, match="expired"):
        mturk.balance()
    market.faults.credentials_expired = False
    for wrong in (replace(account, secret_key="guessed"), replace(account, access_key="AKIDOTHER")):
        stranger = connect(wrong, attempts=1)
        with pytest.raises(NotAllowed, match="does not take these credentials"):
            stranger.balance()
        stranger.client.close()
    with pytest.raises(NotAllowed, match="one of them is empty"):
        connect(replace(account, secret_key=""))
    assert mturk.balance() == Money(100_000)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_wrong_by_more_than_five_minutes_is_named(mturk: MTurk, market: Market, minutes: int) -> None:
    market.faults.skew = timedelta(minutes=minutes)
    with pytest.raises(NotAllowed, match="this machine's clock"):
        mturk.balance()
    market.faults.skew = timedelta(minutes=minutes / 2)
    mturk.balance()


def test_a_vendor_that_is_not_there_is_unreachable(account: Account) -> None:
    nobody = connect(replace(account, endpoint_url="http://127.0.0.1:9"), attempts=1, timeout=1)
    with pytest.raises(Unreachable, match="no answer"):
        nobody.balance()
    nobody.client.close()


def test_ids_that_can_not_be_theirs_are_refused(mturk: MTurk) -> None:
    with pytest.raises(Refused, match="does not match"):
        mturk.approve("no id!")
    with pytest.raises(Refused, match="can't be said"):
        mturk.approve("")


def test_places_and_states_hold_while_returns_race_accepts(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(replace(POSTING, places=1)).id
    first = workers.accept(market, "AWORKER0", hit_id)
    gate, held = Barrier(12), list[str]()

    def grab(worker_id: str) -> None:
        gate.wait()
        with suppress(Turned):
            held.append(workers.accept(market, worker_id, hit_id).id)

    def back() -> None:
        gate.wait()
        workers.give_back(market, first.id)

    racing = [Thread(target=grab, args=(f"AWORKER{number}",)) for number in range(1, 12)]
    racing.append(Thread(target=back))
    for one in racing:
        one.start()
    for one in racing:
        one.join()
    if not held:
        held.append(workers.accept(market, "AWORKER1", hit_id).id)
    assert len(held) == 1
    workers.submit(market, held[0], [])
    mturk.approve(held[0])
    assert [one.id for one in mturk.submissions(hit_id)] == held
    assert market.balance == 100_000 - 30


def test_eight_at_once_with_one_token_pay_and_publish_once(mturk: MTurk, market: Market) -> None:
    """Two processes may work on the same stored intent after one of them was taken for dead."""
    one, gate = done(market, mturk.publish(POSTING).id), Barrier(8)
    failures = list[Exception]()

    def go() -> None:
        gate.wait()
        try:
            pay(mturk, one)
            mturk.approve(one)
            mturk.publish(replace(POSTING, token="again"))
        except CrowdError as failure:
            failures.append(failure)

    racing = [Thread(target=go) for _ in range(8)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    assert failures == []
    assert (len(market.bonuses), len(market.hits)) == (1, 2)
    assert market.balance == 100_000 - (104 + 21) - 30


class Shut:
    """A client whose every road is closed before a call is made."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_account_balance(self) -> dict[str, str]:
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoCredentialsError(), NotAllowed),
        (ParamValidationError(report="Missing"), Refused),
        (ReadTimeoutError(endpoint_url="http://here"), Unreachable),
        (ResponseParserError("<html>"), Unreachable),
        (answer(503, "503", None), Unreachable),
        (answer(400, "ThrottlingException", None), Unreachable),
        (answer(400, "RequestError", "AWS.MechanicalTurk.Throttled"), Unreachable),
        (answer(400, "RequestError", "AWS.MechanicalTurk.InsufficientFunds"), NoMoney),
        (answer(400, "RequestError", "AWS.NotAuthorized"), NotAllowed),
        (answer(403, "AccessDeniedException", None), NotAllowed),
        (answer(400, "RequestError", "AWS.MechanicalTurk.HITDoesNotExist"), Declined),
    ],
)
def test_each_kind_of_failure_is_one_of_the_four(error: Exception, expected: type[CrowdError]) -> None:
    with pytest.raises(CrowdError) as caught:
        MTurk(Shut(error)).balance()
    assert type(caught.value) is expected


def test_the_vendors_code_is_kept_with_its_sentence() -> None:
    told = of_answer(answer(400, "RequestError", "AWS.MechanicalTurk.HITDoesNotExist"))
    assert isinstance(told, Declined)
    assert (told.code, told.said, str(told)) == ("HITDoesNotExist", "Said so.", "Mechanical Turk refused: Said so.")


def test_a_refusal_that_is_no_repeat_stays_a_refusal(mturk: MTurk, market: Market) -> None:
    hit_id = mturk.publish(POSTING).id
    one = done(market, hit_id)
    before = state(market)
    with pytest.raises(Refused, match="NumberOfAdditionalAssignments"):
        mturk.extend(hit_id, places=0, token="none")
    with pytest.raises(Refused, match="RequesterFeedback"):
        mturk.reject(one, reason="x" * 1025)
    with pytest.raises(Refused, match="Name is longer"):
        mturk.create_group("x" * 201, description="…")
    assert state(market) == before
