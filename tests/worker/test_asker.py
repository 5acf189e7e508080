"""A question is asked once of what answers it, and paid as it was answered, refused or lost."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from backend.config import Settings
from backend.db.session import Database
from backend.domain.asking import EngineKind, Reply, Request, Sampling
from backend.domain.jobs import Queue
from backend.domain.prices import Price, worst_of
from backend.services import jobs, replies
from tests.jobs import looked, queued
from worker.asker import Asker, Paid, cost_of
from worker.duty import Duty, clock
from worker.engines.echo import EchoEngine
from worker.engines.protocol import Hopeless, Identity, TooFast, Transient
from worker.purse import Purse

QUESTION = Request(EngineKind.ECHO, "", "tiny", Sampling(max_tokens=8), text="Why is the sky blue?")
PRICE = Price(1_000_000, 2_000_000)
FREE = Price(0, 0)
FIRST = Identity(EngineKind.ECHO, "1", "first", "")


class Answering(EchoEngine):
    """An echo that counts what it is asked, and may fail."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.asked: list[Request] = []
        self.trouble = trouble

    def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.trouble is not None:
            raise self.trouble
        return super().ask(request)


@pytest.fixture
def purse(database: Database) -> Purse:
    """Of a job that is held."""
    with database.transaction() as session:
        queued(session, allowed=1_000_000)
    with database.transaction() as session:
        held = jobs.claim(session, "one", list(Queue), now=clock())
    assert held is not None
    return Purse(Duty(database, Settings(), held))


@pytest.fixture
def ask(database: Database, purse: Purse) -> Callable[[Answering, Identity], replies.Answered]:
    """Ask, and store the answer as a handler does."""

    def asked(engine: Answering, identity: Identity) -> replies.Answered:
        answered = Asker(database, engine, identity, FREE).ask(QUESTION)
        with purse.duty.chunk() as (session, job):
            replies.store(session, [answered], job_id=job.id, now=clock())
        return answered

    return asked


def test_a_stored_answer_is_found_again_and_its_engine_left_alone(
    ask: Callable[[Answering, Identity], replies.Answered],
) -> None:
    engine = Answering()
    first, again = ask(engine, FIRST), ask(engine, FIRST)
    assert len(engine.asked) == 1
    assert (first.is_new, again.is_new) == (True, False)
    assert again.reply == first.reply


def test_another_checkpoint_of_the_same_name_is_asked_anew(
    ask: Callable[[Answering, Identity], replies.Answered],
) -> None:
    engine = Answering()
    ask(engine, FIRST)
    assert ask(engine, replace(FIRST, model_revision="second")).is_new
    assert [one.revision for one in engine.asked] == ["first", "second"]


def spent(purse: Purse) -> int:
    purse.close()
    return looked(purse.duty.database, purse.duty.held.job_id).spent


def test_an_answer_costs_what_it_took(purse: Purse) -> None:
    reply = Paid(Answering(), purse, PRICE).ask(QUESTION)
    assert spent(purse) == cost_of(reply, PRICE)
    assert 0 < cost_of(reply, PRICE) < worst_of(QUESTION, PRICE)


@pytest.mark.parametrize("trouble", [TooFast("Too fast."), Hopeless("Too long.")])
def test_a_question_that_was_refused_costs_nothing(purse: Purse, trouble: Exception) -> None:
    with pytest.raises(type(trouble)):
        Paid(Answering(trouble), purse, PRICE).ask(QUESTION)
    assert spent(purse) == 0


def test_a_question_that_may_have_been_answered_costs_what_it_can_cost_at_most(purse: Purse) -> None:
    with pytest.raises(Transient):
        Paid(Answering(Transient("No answer came.")), purse, PRICE).ask(QUESTION)
    assert spent(purse) == worst_of(QUESTION, PRICE)
