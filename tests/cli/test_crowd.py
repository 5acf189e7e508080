"""`assay channel` and `assay crowd` as a person types them, with a simulated vendor at an address."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.cli.crowd import differing
from backend.crowd.protocol import Payment
from backend.db.batches import Batch
from backend.db.channels import Posting
from backend.db.session import Database
from backend.db.submissions import Submission
from backend.domain.money import Money
from backend.errors import Conflict, Invalid, NotFound, Unavailable
from backend.services.money import budgets
from backend.services.money.payments import Differences, Told
from backend.simulator.mturk import workers
from backend.simulator.mturk.market import Market, Worker
from backend.simulator.mturk.queue import PATH
from backend.simulator.mturk.server import Server
from tests import factories
from tests.cli.conftest import Assay
from tests.factories import NOW

ADD = ("channel", "add", "1", "mturk", "--reward-from-pilot-seconds", "43.2")
RUN = ("crowd", "run", "1", "--public-url", "https://rate.example.org")


@pytest.fixture
def house(run: Assay, tmp_path: Path) -> Iterator[Database]:
    """A batch of two prompts with a budget, in the folder where the command keeps everything."""
    assert run("migrate").exit_code == 0
    made = Database(f"sqlite:///{tmp_path / 'assay-data' / 'assay.db'}")
    with made.transaction() as session:
        batch = factories.launched(session, prompts=2)
        budgets.set_budget(session, batch.id, allowed=Money(10_000))
    yield made
    made.engine.dispose()


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    """A simulated Mechanical Turk that the environment names."""
    made = Market(balance=100_000)
    for number in range(3):
        workers.enrol(made, Worker(f"AWORKER{number}"))
    with Server(made) as server:
        monkeypatch.setenv("ASSAY_MTURK_ACCESS_KEY", made.access_key)
        monkeypatch.setenv("ASSAY_MTURK_SECRET_KEY", made.secret_key)
        monkeypatch.setenv("ASSAY_MTURK_ENDPOINT_URL", server.url)
        yield made


def test_rounds_hear_the_queue_that_the_environment_names(
    run: Assay, house: Database, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(*ADD)
    queue = os.environ["ASSAY_MTURK_ENDPOINT_URL"] + PATH
    monkeypatch.setenv("ASSAY_MTURK_QUEUE", queue)
    assert "2 published" in run(*RUN).output
    assert {one.destination for one in market.watches.values()} == {queue}
    workers.accept(market, "AWORKER0", next(iter(market.hits)))
    assert len(market.queue) == 1
    assert "!" not in run(*RUN).output
    assert (market.queue, market.hidden) == ([], {})


def test_a_channel_is_declared_and_listed(run: Assay, house: Database) -> None:
    assert "has no channel yet" in run("channel", "list", "1").output
    made = run(*ADD)
    assert made.output == (
        "mturk     $0.18 a comparison ($15.00 an hour at 43.2 s), topped up to $15.00 an hour; 60 min to hand in\n"
    )
    assert run("channel", "list", "1").output == made.output
    assert run("channel", "add", "1", "link").output == "link      unpaid, or paid elsewhere\n"


def test_a_panel_is_told_its_address(run: Assay, house: Database) -> None:
    made = run(
        "channel", "add", "1", "panel", "--parameter", "code", "--fee", "10", "--public-url", "https://rate.example.org"
    )
    assert re.search(r"Give your panel this address: https://rate\.example\.org/in/\S+\?code=…", made.output)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("mturk", "--per-hour", "12"), "--per-hour needs --reward-from-pilot-seconds"),
        (("mturk", "--reward-from-pilot-seconds", "0"), "A piece of work takes some time."),
        (("mturk", "--reward-from-pilot-seconds", "40", "--per-hour", "much"), "'much' is no amount of USD"),
        (("prolific",), "Prolific pays its raters: say how much, with --reward-from-pilot-seconds"),
        (("link", "--places", "-3"), "Places and seats are at least 1"),
    ],
)
def test_what_can_not_be_declared_is_said(run: Assay, house: Database, more: tuple[str, ...], said: str) -> None:
    failed = run("channel", "add", "1", *more)
    assert isinstance(failed.exception, Invalid)
    assert said in str(failed.exception)


def test_a_batch_runs_and_a_person_decides(run: Assay, house: Database, market: Market) -> None:
    run(*ADD)
    assert "mturk: 2 published" in run(*RUN).output
    hit = next(iter(market.hits))
    one = workers.accept(market, "AWORKER0", hit)
    workers.submit(market, one.id, [("assignmentId", one.id), ("receipt", "r.1")])
    assert "mturk: 1 submissions read" in run("crowd", "sync", "1").output
    looked = run("crowd", "look", "1").output
    assert looked == f"     1 mturk AWORKER0 {one.id}: there is no rating of ours behind it\n"
    assert "1 to look at: assay crowd look" in run(*RUN).output
    assert "is rejected" in run("crowd", "reject", "1", "Nothing was rated.").output
    assert "nothing to do" in run("crowd", "pay", "1").output
    assert market.assignments[one.id].feedback == "Nothing was rated."
    assert "is owed" in run("crowd", "overturn", "1", "Their network had failed.").output
    assert "1 payments made" in run("crowd", "pay", "1").output
    assert market.bonuses[0].amount == 18
    assert run("crowd", "reconcile", "1").output == "mturk: the same\n"


def test_who_handed_in_without_a_rating_is_approved_by_a_person_once(
    run: Assay, house: Database, market: Market
) -> None:
    run(*ADD)
    run(*RUN)
    one = workers.accept(market, "AWORKER0", next(iter(market.hits)))
    workers.submit(market, one.id, [("assignmentId", one.id), ("receipt", "r.1")])
    run("crowd", "sync", "1")
    assert run("crowd", "approve", "1").exit_code == 0
    assert isinstance(run("crowd", "approve", "1").exception, Conflict)
    assert "1 payments made" in run("crowd", "pay", "1").output
    assert run("crowd", "look", "1").output == ""
    assert run("crowd", "reconcile", "1").output == "mturk: the same\n"


def test_a_channel_is_paused_resumed_and_closed(run: Assay, house: Database, market: Market) -> None:
    run(*ADD)
    assert "mturk: 2 published" in run("crowd", "publish", "1", "--public-url", "https://rate.example.org").output
    assert run("crowd", "pause", "1", "--channel", "mturk").output == "mturk: paused\n"
    assert run("crowd", "resume", "1").output == "mturk: open\n"
    assert run("crowd", "close", "1").output.endswith("mturk: closed\n")
    with house.reading() as session:
        assert set(session.scalars(select(Posting.state))) == {"closed"}
        assert session.scalars(select(Submission)).all() == []
    watched = run(*RUN, "--watch", "60")
    assert "mturk: nothing to do" in watched.output


def test_postings_that_were_never_answered_are_told_about_by_a_person(run: Assay, house: Database) -> None:
    with house.transaction() as session:
        assert session.get_one(Batch, 1)
    assert isinstance(run("crowd", "found", "7", "3HIT").exception, NotFound)
    assert isinstance(run("crowd", "lost", "7").exception, NotFound)


def test_without_a_channel_or_credentials_the_command_says_what_to_do(run: Assay, house: Database) -> None:
    assert isinstance(run(*RUN).exception, NotFound)
    run(*ADD)
    assert isinstance(run(*RUN).exception, Unavailable)
    assert isinstance(run(*RUN, "--channel", "panel").exception, NotFound)


@pytest.mark.parametrize("verb", [("channel", "list"), ("crowd", "run"), ("crowd", "look"), ("crowd", "dues")])
def test_a_batch_that_is_not_there_is_said(run: Assay, house: Database, verb: tuple[str, ...]) -> None:
    failed = run(*verb, "99").exception
    assert isinstance(failed, NotFound)
    assert str(failed) == "There is no batch 99."


def test_a_budget_that_is_too_small_is_not_told_as_nothing_to_do(run: Assay, house: Database, market: Market) -> None:
    with house.transaction() as session:
        budgets.set_budget(session, 1, allowed=Money(10))
    run(*ADD)
    said = run(*RUN).output
    assert "mturk: nothing was done" in said
    assert "of the budget of batch 1 are free" in said


def test_a_vendor_that_can_not_be_reached_is_a_sentence(run: Assay, house: Database, market: Market) -> None:
    run(*ADD)
    run(*RUN)
    market.faults.credentials_expired = True
    failed = run("crowd", "reconcile", "1")
    assert isinstance(failed.exception, Unavailable)
    assert "! Mechanical Turk does not take these credentials" in run(*RUN).output
    assert "! Mechanical Turk does not take" in run("crowd", "sync", "1").output


def test_dues_are_listed_and_marked(run: Assay, house: Database) -> None:
    assert run("crowd", "dues", "1", "--all").output == "Nothing is due by hand.\n"
    assert isinstance(run("crowd", "paid", "nothing").exception, NotFound)


def test_differences_are_lines() -> None:
    ours = Told(1, "confirmed", "t", "P", "S", "ada", Money(18), True)  # type: ignore[arg-type]
    theirs = Payment("ada", "S", Money(20), True, NOW, "t")
    assert differing(Differences((ours,), (theirs,), ((ours, theirs),), ((ours, theirs),))) == [
        "$0.18 to ada for S is not on the vendor's list",
        "the vendor has paid $0.20 to ada for S, unknown here",
        "$0.18 to ada is paid and not confirmed here yet",
        "ada is paid $0.20 there and $0.18 here",
    ]
