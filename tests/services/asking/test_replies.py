"""Engines' replies: each question's answer is stored once, whoever asks it again."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.domain.asking import EngineKind, Reply, Request, Sampling
from backend.domain.records import Turn
from backend.services.asking import replies
from backend.services.asking.replies import Answered
from tests.factories import NOW
from tests.jobs import queued

QUESTION = Request(EngineKind.ECHO, "", "tiny", Sampling(), turns=(Turn("user", "Why?"),))
OTHER = replace(QUESTION, sample=1)


@pytest.fixture
def job_id(database: Database) -> int:
    with database.transaction() as session:
        return queued(session).id


def answered(request: Request, text: str) -> Answered:
    reply = Reply(text, "stop", "tiny-1", 3, 2, logprobs=({"a": -0.5, "b": -1.25},))
    return Answered(request, reply, engine_version="echo 1", revision="r1", cost=7, seconds=0.5)


def store(database: Database, job_id: int, *given: Answered) -> None:
    with database.transaction() as session:
        replies.store(session, given, job_id=job_id, now=NOW)


def found(database: Database, request: Request) -> Answered | None:
    with database.reading() as session:
        return replies.find(session, request)


def test_a_stored_answer_comes_back_as_it_was_given_and_costs_nothing(database: Database, job_id: int) -> None:
    given = answered(QUESTION, "Because.")
    store(database, job_id, given)
    assert found(database, QUESTION) == replace(given, cost=0, seconds=0.0, is_new=False)
    assert found(database, OTHER) is None


def test_of_two_answers_to_one_question_the_first_is_kept(database: Database, job_id: int) -> None:
    store(database, job_id, answered(QUESTION, "First."), answered(QUESTION, "Second."))
    store(database, job_id, answered(OTHER, "Another."), answered(QUESTION, "Third."))
    kept = {request: found(database, request) for request in (QUESTION, OTHER)}
    assert {request: one.reply.text for request, one in kept.items() if one} == {QUESTION: "First.", OTHER: "Another."}


def test_an_answer_that_was_found_is_not_stored_anew(database: Database, job_id: int) -> None:
    store(database, job_id, replace(answered(QUESTION, "From elsewhere."), is_new=False))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StoredReply)) == 0
