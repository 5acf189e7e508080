"""Outputs that were made here are the texts of the replies that are stored for them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.generations import OutputOrigin
from backend.db.outputs import Output, System
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.domain.jobs import JobState
from backend.errors import Conflict
from backend.services.asking import generations, jobs, replies
from tests import factories
from tests.asked import Work, missing, recipe, work


def test_an_output_is_the_text_of_the_answer_that_came_first(database: Database) -> None:
    """Two jobs that ask the same at one time, with a temperature, hear two answers, of which one is kept."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        mine = work(session, factories.study(session, prompts=2), "mine", now=now).begin()
        theirs = work(session, factories.study(session, prompts=2), "theirs", now=now).begin()
        first = mine.answered(missing(session, mine.made)[0], "The first.", "stop", 0, "tiny")
        replies.store(session, [first], job_id=theirs.job.id, now=now)
        mine.answers(["The second.", "Another."])
    with database.reading() as session:
        rows = session.execute(
            select(Output.text, StoredReply.reply["text"].as_string())
            .join(OutputOrigin, OutputOrigin.output_id == Output.id)
            .join(StoredReply, StoredReply.hash == OutputOrigin.reply_hash)
            .order_by(Output.prompt_id)
        ).all()
    assert [tuple(row) for row in rows] == [("The first.", "The first."), ("Another.", "Another.")]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as opened:
        yield opened


def failed(session: Session) -> Work:
    """A system of two prompts whose job found nobody at its address."""
    made = work(session, factories.study(session, prompts=2), "mine", now=datetime.now(UTC)).begin()
    jobs.finish(session, made.the_held, JobState.FAILED, error="Nobody answers there.", now=made.now)
    return made


def test_a_name_is_free_again_when_its_job_made_nothing(session: Session) -> None:
    earlier = failed(session)
    study, now = earlier.made.study_id, datetime.now(UTC)
    first = generations.declare(session, study, "mine", recipe(url="http://127.0.0.1:9/v1"), now=now)
    second = generations.declare(session, study, "mine", recipe(url="http://127.0.0.1:8001/v1"), now=now)
    names = {one.id: one.name for one in session.scalars(select(System).where(System.study_id == study))}
    assert names[earlier.made.system_id] == "mine (nothing made, 1)"
    assert names[first.system_id] == "mine (nothing made, 2)"
    assert names[second.system_id] == "mine"


def test_a_longest_name_that_was_given_up_is_cut_for_its_note(session: Session) -> None:
    study, now = factories.study(session, prompts=2).id, datetime.now(UTC)
    earlier = generations.declare(session, study, "m" * 500, recipe(), now=now)
    generations.declare(session, study, "m" * 500, recipe(model="other"), now=now)
    assert session.get_one(System, earlier.system_id).name == "m" * 482 + " (nothing made, 1)"


def test_a_name_is_taken_while_a_job_is_to_make_something_under_it(session: Session) -> None:
    made = work(session, factories.study(session, prompts=2), "mine", now=datetime.now(UTC))
    with pytest.raises(Conflict, match=f"assay jobs {made.job.id} --cancel"):
        generations.declare(session, made.made.study_id, "mine", recipe(model="other"), now=made.now)


def test_a_name_is_taken_by_one_output(session: Session) -> None:
    made = work(session, factories.study(session, prompts=2), "mine", now=datetime.now(UTC)).begin().answers(["One."])
    jobs.finish(session, made.the_held, JobState.FAILED, error="The server went away.", now=made.now)
    with pytest.raises(Conflict, match="mine is made in another way"):
        generations.declare(session, made.made.study_id, "mine", recipe(model="other"), now=made.now)
