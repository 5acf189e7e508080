"""Outputs that were made here are the texts of the replies that are stored for them."""

from datetime import UTC, datetime

from sqlalchemy import select

from backend.db.generations import OutputOrigin
from backend.db.outputs import Output
from backend.db.replies import StoredReply
from backend.db.session import Database
from backend.services.asking import replies
from tests import factories
from tests.asked import missing, work


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
