"""`assay serve --processes 2` answers, and tells of a complete batch as one process does."""

from pathlib import Path

from backend.db.session import Database
from backend.domain.choices import Choice
from backend.services.rating import assignments, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.simulator.raters import Browser
from tests import factories
from tests.factories import NOW
from tests.server import Server


def test_two_processes_answer_and_a_complete_batch_is_told(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    # They listen on the socket that was bound for them: on one of uvicorn's own each answer would wait some 40 ms.
    with Server(database_url, tmp_path, processes=2) as server:
        with Browser(server.base_url) as browser:
            assert browser.get("/login")[0] == 200
        with database.transaction() as session:
            batch = factories.launched(session, prompts=1, seats=1).id
            (link,) = links.create_personal(session, batch, count=1, now=NOW)
            who = visitors.visitor(session, link_id=link.id)
            held = assignments.claim(session, who, now=NOW)
            ratings.submit(session, rater_id=who.rater_id, assignment_id=held, vote=Vote(Choice.TIE), now=NOW)
        assert server.process.stdout is not None
        assert any(f"Batch {batch} is complete" in line for line in server.process.stdout)
