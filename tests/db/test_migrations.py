"""The migrations make what the models say, and can be undone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, insert, inspect, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from backend.db import metadata
from backend.db.migrate import config, upgrade
from backend.db.outputs import Output
from backend.db.raters import Channel
from backend.db.session import Database
from backend.db.submissions import Rejection, Submission
from backend.domain.jobs import JobEventKind, JobState, Queue
from backend.errors import Conflict
from backend.services.asking import jobs
from tests import factories
from tests.db.test_constraints import new_rater
from tests.entrances import comparison_of, declared, posted
from tests.jobs import kinds, queued


def run(database: Database, verb: Callable[[Config], None]) -> None:
    with database.connection() as connection:
        made = config()
        made.attributes["connection"] = connection
        verb(made)


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def triggers(database: Database) -> int:
    """How many triggers and trigger functions there are."""
    count = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal)"
        " + (SELECT count(*) FROM pg_proc WHERE prorettype = 'trigger'::regtype"
        " AND pronamespace = 'public'::regnamespace)",
    }
    with database.reading() as session:
        return int(session.execute(text(count[database.engine.dialect.name])).scalar_one())


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    run(database, command.check)
    assert tables(database) == {*metadata.tables, "alembic_version"}


def test_a_migrated_database_stays_as_it_is(database: Database) -> None:
    before = triggers(database)
    upgrade(database)
    assert triggers(database) == before


def test_everything_can_be_undone_and_done_again(database: Database) -> None:
    before = triggers(database)
    assert before > 0
    run(database, lambda made: command.downgrade(made, "base"))
    assert tables(database) == {"alembic_version"}
    assert triggers(database) == 0
    upgrade(database)
    assert triggers(database) == before
    run(database, command.check)


def test_the_rules_hold_after_undoing_and_doing_again(database: Database) -> None:
    run(database, lambda made: command.downgrade(made, "base"))
    upgrade(database)
    with database.transaction() as session:
        factories.study(session)
        with pytest.raises(DatabaseError, match="never changes"):
            session.execute(update(Output).values(text="Something else."))
        session.rollback()


def test_what_was_launched_before_extra_seats_has_every_seat_open(database: Database) -> None:
    with database.transaction() as session:
        factories.launched(session, seats=2)
    run(database, lambda made: command.downgrade(made, "0002"))
    with database.transaction() as session, pytest.raises(DatabaseError, match="as it was launched"):
        session.execute(text("UPDATE batches SET seed = 9"))
    upgrade(database)
    with database.reading() as session:
        assert session.execute(text("SELECT opening, seats FROM batches")).one() == (2, 2)
        assert set(session.execute(text("SELECT opened, seats FROM comparisons")).all()) == {(2, 2)}


def test_extra_seats_can_be_undone_and_the_last_two_stay_closed(database: Database) -> None:
    with database.transaction() as session:
        factories.launched(session, split_rule="extra")
    run(database, lambda made: command.downgrade(made, "0002"))
    columns = {column["name"] for column in inspect(database.engine).get_columns("batches")}
    assert columns.isdisjoint({"opening", "unsealed_at", "stopped_at"})
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM seats WHERE is_open")).scalar_one() == 9


def rejected(database: Database, *, raters: int = 1) -> None:
    """A submission that was rejected, and others who came with its id."""
    with database.transaction() as session:
        batch = factories.launched(session)
        channel = declared(session, batch, Channel.MTURK)
        posting = posted(session, channel, "HIT1", comparison=comparison_of(session, batch))
        row = {"posting_id": posting.id, "batch_id": batch.id, "vendor_id": "3A", "accepted_at": factories.NOW}
        made = [Submission(rater_id=new_rater(session), **row) for _ in range(raters)]
        session.add_all(made)
        session.flush()
        number = made[0].id
        session.execute(insert(Rejection).values(submission_id=number, reason="One button.", decided_at=factories.NOW))


def test_submissions_and_what_points_to_them_survive_another_key(database: Database) -> None:
    rejected(database)
    before = triggers(database)
    for verb, revision in ((command.downgrade, "0007"), (command.upgrade, "head")):
        run(database, lambda made, verb=verb, revision=revision: verb(made, revision))
        with database.reading() as session:
            found = select(Submission.vendor_id, Rejection.reason).join(Rejection)
            assert session.execute(found).one() == ("3A", "One button.")
        with database.transaction() as session:
            with pytest.raises(DatabaseError, match="never moves"):
                session.execute(update(Submission).values(vendor_id="3B"))
            session.rollback()
        with database.transaction() as session:
            with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
                session.execute(insert(Rejection).values(submission_id=99, reason="None.", decided_at=factories.NOW))
            session.rollback()
    assert triggers(database) == before
    run(database, command.check)


def test_job_events_of_before_get_the_kind_that_their_words_tell(database: Database) -> None:
    with database.transaction() as session:
        job = queued(session)
        first = jobs.claim(session, "one", list(Queue), now=factories.NOW)
        jobs.claim(session, "two", list(Queue), now=factories.NOW + 2 * jobs.LEASE)
        second = jobs.Held(job.id, "two", 2)
        jobs.hand_back(session, second, "first gave no sign of life any more", now=factories.NOW)
        third = jobs.claim(session, "one", list(Queue), now=factories.NOW)
        assert first is not None
        assert third is not None
        jobs.cancel(session, job, now=factories.NOW)
        jobs.finish(session, third, JobState.FAILED, error="It gave no sign of life any more", now=factories.NOW)
        jobs.retry(session, job, "begun by mistake", now=factories.NOW)
        jobs.cancel(session, job, now=factories.NOW)
        number = job.id
    before, refusals = kinds(database, number), triggers(database)
    assert set(before) == set(JobEventKind)
    for verb, revision in ((command.downgrade, "0009"), (command.upgrade, "head")):
        run(database, lambda made, verb=verb, revision=revision: verb(made, revision))
        with database.transaction() as session:
            with pytest.raises(DatabaseError, match="what became of a job never changes"):
                session.execute(text("UPDATE job_events SET words = 'nothing'"))
            session.rollback()
    assert kinds(database, number) == before
    assert triggers(database) == refusals
    run(database, command.check)
    with database.transaction() as session:
        jobs.note(session, number, JobEventKind.QUEUED, "once more", now=factories.NOW)
    assert kinds(database, number) == [*before, "queued"]


def test_the_old_key_is_refused_where_two_raters_came_with_one_id(database: Database) -> None:
    rejected(database, raters=2)
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        run(database, lambda made: command.downgrade(made, "0007"))
    with database.reading() as session:
        assert session.scalars(select(Submission.vendor_id)).all() == ["3A", "3A"]
    upgrade(database)
    run(database, command.check)


def test_a_database_of_a_newer_version_is_refused_in_a_sentence_and_left_as_it_is(database: Database) -> None:
    numbered = text("UPDATE alembic_version SET version_num = :number")
    with database.transaction() as session:
        newest = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        session.execute(numbered, {"number": "9999"})
    with pytest.raises(Conflict, match="has schema 9999, of a newer Assay than this one"):
        upgrade(database)
    with database.transaction() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"
        session.execute(numbered, {"number": newest})  # other tests have the same database


def test_all_migrations_are_one_transaction(tmp_path: Path) -> None:
    """Else a second process that starts on a new file could come between two of them, and make tables twice."""
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    commits: list[Connection] = []
    event.listen(database.engine, "commit", commits.append)

    upgrade(database)

    assert len(commits) == 1
    assert tables(database) == {*metadata.tables, "alembic_version"}
