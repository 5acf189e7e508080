"""One question: asked once, paid from what was set aside, and never stored as a database could not hold it."""

from dataclasses import dataclass, field

import pytest

from backend.config import Settings
from backend.db.session import Database
from backend.domain.asking import EngineKind, Reply, Request
from backend.domain.jobs import Queue
from backend.domain.prices import Price, worst_of
from backend.services.asking import jobs, replies
from tests.jobs import looked, queued
from tests.worker.engines.asked import chat
from worker.asker import Asker, Paid, cost_of
from worker.duty import Duty, clock
from worker.engines.protocol import EngineError, Hopeless, Identity, TooFast, Transient
from worker.purse import Purse

PRICE = Price(1_000_000, 2_000_000)
WORST = worst_of(chat(), PRICE)


@dataclass
class Says:
    """An engine in memory that says one thing, or fails."""

    what: Reply | EngineError
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        if isinstance(self.what, EngineError):
            raise self.what
        return self.what

    def identity(self) -> Identity:
        return Identity(EngineKind.OPENAI, "1.2", "r1", "")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def duty(database: Database) -> Duty:
    with database.transaction() as session:
        queued(session, allowed=100 * WORST)
    with database.transaction() as session:
        held = jobs.claim(session, "one", list(Queue), now=clock())
    assert held is not None
    return Duty(database, Settings(), held)


def asked(duty: Duty, what: Reply | EngineError, times: int = 1) -> int:
    """What so many questions cost the job."""
    purse = Purse(duty)
    paid = Paid(Says(what), purse, PRICE)
    for _ in range(times):
        if isinstance(what, EngineError):
            with pytest.raises(type(what)):
                paid.ask(chat())
        else:
            paid.ask(chat())
    purse.close()
    return looked(duty.database, duty.held.job_id).spent


def test_an_answer_costs_what_the_server_counted(duty: Duty) -> None:
    assert asked(duty, Reply("Blue.", "stop", "m", 10, 5)) == 10 + 2 * 5


@pytest.mark.parametrize("reply", [Reply("Blue.", "stop", "m", 0, 0), Reply("Blue.", "stop", "m", 10, 0)])
def test_an_answer_that_the_server_did_not_count_costs_the_most_that_it_can(duty: Duty, reply: Reply) -> None:
    """Else a budget would never run out at a server that tells no usage."""
    assert asked(duty, reply) == cost_of(chat(), reply, PRICE) == WORST


def test_an_empty_answer_may_have_no_tokens(duty: Duty) -> None:
    assert asked(duty, Reply("", "stop", "m", 10, 0)) == 10


@pytest.mark.parametrize(
    ("trouble", "share"), [(TooFast("Later."), 0), (Hopeless("Too long."), 0), (Transient("It burns."), 1)]
)
def test_what_surely_was_not_answered_costs_nothing_and_what_may_have_been_is_paid(
    duty: Duty, trouble: EngineError, share: int
) -> None:
    assert asked(duty, trouble, times=3) == 3 * share * WORST


def test_a_server_that_counts_more_than_can_be_is_paid_from_what_is_left_and_no_more(duty: Duty) -> None:
    dear = Reply("Blue.", "stop", "m", 2 * WORST, 5)
    assert asked(duty, dear, times=3) == 3 * (2 * WORST + 10)
    assert asked(duty, Reply("Blue.", "stop", "m", 1000 * WORST, 5)) == 100 * WORST


def asker(database: Database, engine: Says) -> Asker:
    return Asker(database, engine, engine.identity(), PRICE)


def test_what_is_stored_is_not_asked_again_unless_what_answers_is_another_one(database: Database) -> None:
    engine = Says(Reply("Blue.", "stop", "m", 10, 5))
    first = asker(database, engine).ask(chat())
    with database.transaction() as session:
        job_id = queued(session).id
        replies.store(session, [first], job_id=job_id, now=clock())
        replies.store(session, [first], job_id=job_id, now=clock())
    again = asker(database, engine).ask(chat())
    assert (first.is_new, first.cost, first.request.revision) == (True, 20, "r1")
    assert (first.engine_version, first.revision) == ("openai 1.2", "r1")
    assert (again.is_new, again.cost, again.reply) == (False, 0, first.reply)
    assert len(engine.asked) == 1
    assert asker(database, engine).ask(chat(sample=1)).is_new
    other = Asker(database, engine, Identity(EngineKind.OPENAI, "1.2", "r2", ""), PRICE)
    assert other.ask(chat()).is_new
    assert len(engine.asked) == 3


def test_a_reply_is_made_storable_before_anything_is_read_in_it(database: Database) -> None:
    """What is asked again with it is then one question, whether it comes from the server or from the table."""
    engine = Says(Reply("Bl\0ue \ud800.", "st\0op", "m\0", 10, 5))
    answered = asker(database, engine).ask(chat())
    reply = answered.reply
    assert (reply.text, reply.finish, reply.model) == ("Bl\ufffdue ?.", "st\ufffdop", "m\ufffd")
    with database.transaction() as session:
        replies.store(session, [answered], job_id=queued(session).id, now=clock())
    assert asker(database, engine).ask(chat()).reply == answered.reply
