"""The job that makes new questions, by a real worker on a real socket that answers with untidy lists."""

import pytest
from sqlalchemy import select

from backend.config import Settings
from backend.db.session import Database
from backend.db.syntheses import SynthesisCall
from backend.domain.jobs import JobState, Manner
from backend.domain.synthesis.pairs import Lack
from backend.domain.synthesis.pool import Why
from backend.services.asking import syntheses
from tests.factories import NOW
from tests.jobs import looked
from tests.openai import Step, says, scripted, too_long, unauthorized
from tests.synthesis import line, pairs, plan, queued, untidy
from worker.handlers import HANDLERS
from worker.running import Worker

MANNER = Manner(concurrency=1)


def do(database: Database) -> None:
    assert Worker(database, Settings(), HANDLERS).do_one()


def test_untidy_lists_come_to_three_hundred_pairs_of_which_none_is_doubled(database: Database) -> None:
    with scripted(otherwise=untidy) as server:
        job_id = queued(database, "nq", plan(server.url, wanted=300, most_calls=300))
        do(database)
    job = looked(database, job_id)
    assert (job.state, job.done, job.total, job.error) == (JobState.DONE, 300, 300, "")
    made = pairs(database, "nq")
    assert len({question for question, _ in made}) == len(made) == 300
    left = line(database, "nq").pool.left
    assert {Why.SEED, Why.TWICE, Lack.NO_ANSWER, Lack.CUT_OFF} <= set(left)
    assert all(question != "name of the bird in the lion king" for question, _ in made)


def test_each_call_shows_five_different_seeds_by_the_papers_words_at_temperature_one(database: Database) -> None:
    with scripted(otherwise=untidy) as server:
        queued(database, "nq", plan(server.url))
        do(database)
        asked = [body["messages"][0]["content"] for body in server.bodies]
        assert {body["temperature"] for body in server.bodies} == {1.0}
    assert len(set(asked)) > 1
    for text in asked:
        head, *lines = text.split("\n")
        assert head.startswith("I want you to generate a series of questions and answers. I want the answers to be ")
        assert len(lines) == 10
        assert len(set(lines[::2])) == 5


def test_the_same_answers_make_the_same_pairs_however_many_are_asked_at_once(database: Database) -> None:
    found = []
    for number, at_once in enumerate((1, 8)):
        with scripted(otherwise=untidy) as server:
            with database.transaction() as session:
                one = syntheses.declare(session, f"nq {number}", plan(server.url), now=NOW)
                syntheses.enqueue(session, one, Manner(concurrency=at_once), allowed=None, now=NOW)
            do(database)
        found.append(pairs(database, f"nq {number}"))
    assert found[0] == found[1]


def test_what_was_interrupted_comes_to_what_was_not(database: Database) -> None:
    with scripted(otherwise=untidy) as server:
        queued(database, "whole", plan(server.url))
        do(database)
    whole = pairs(database, "whole")
    with scripted(otherwise=untidy) as server:
        job_id = queued(database, "broken", plan(server.url, most_calls=3))
        do(database)
        assert looked(database, job_id).state == JobState.FAILED
        part = pairs(database, "broken")
        assert 0 < len(part) < 60
        queued(database, "broken", plan(server.url, most_calls=60))
        do(database)
    assert pairs(database, "broken") == whole
    assert part == whole[: len(part)]


def test_the_limit_of_calls_ends_it_with_the_yield(database: Database) -> None:
    with scripted(otherwise=says("I would rather not.")) as server:
        job_id = queued(database, "nq", plan(server.url, most_calls=7))
        do(database)
        assert len(server.asked) == 7
    job = looked(database, job_id)
    assert (job.state, job.done) == (JobState.FAILED, 0)
    assert job.error == (
        "7 calls, which is their limit, brought 0 of 60 entries (0.00 a call). With a higher --calls the same call"
        " goes on."
    )


def test_a_refused_call_is_no_end_once_others_were_answered(database: Database) -> None:
    with scripted(untidy, too_long(), otherwise=untidy) as server:
        with database.transaction() as session:
            one = syntheses.declare(session, "nq", plan(server.url), now=NOW)
            syntheses.enqueue(session, one, MANNER, allowed=None, now=NOW)
        do(database)
    with database.reading() as session:
        refused = session.scalars(select(SynthesisCall.number).where(SynthesisCall.reply_hash.is_(None))).all()
    assert len(pairs(database, "nq")) == 60
    assert refused == [2]


@pytest.mark.parametrize("step", [too_long(), unauthorized()])
def test_an_engine_that_refuses_from_the_start_is_asked_no_more(database: Database, step: Step) -> None:
    with scripted(otherwise=step) as server:
        job_id = queued(database, "nq", plan(server.url))
        do(database)
        assert len(server.asked) < 20
    assert looked(database, job_id).state == JobState.FAILED
    assert not pairs(database, "nq")
