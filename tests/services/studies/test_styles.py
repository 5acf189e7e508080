"""Styles are counted at the launch, from the text that raters see, once."""

import pytest
from alembic import command
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.db.outputs import Output
from backend.db.session import Database
from backend.db.styles import OutputStyle
from backend.services.studies import launching
from tests import factories
from tests.db.test_migrations import run

PLAIN, BOLD = "one two three", "**one** two\n\n- three"


def counts(database: Database) -> list[tuple[int, int, int]]:
    with database.reading() as session:
        rows = session.execute(
            select(OutputStyle.words, OutputStyle.bold, OutputStyle.list_lines).order_by(OutputStyle.output_id)
        )
        return [(words, bold, lists) for words, bold, lists in rows]


def test_a_launch_counts_what_it_compares_and_an_extension_the_rest(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session, prompts=2, outputs={"base": [PLAIN] * 2, "tuned": [BOLD] * 2})
        assert not session.execute(select(OutputStyle)).all()
        batch = launching.launch(session, study, baseline="base", seed=1, prompts=1, now=factories.NOW)
        assert len(session.execute(select(OutputStyle)).all()) == 2
        launching.extend(session, batch)
    assert counts(database) == [(3, 0, 0), (3, 0, 0), (4, 1, 1), (4, 1, 1)]


def test_a_second_batch_counts_nothing_twice(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session)
        for seed in (1, 2):
            launching.launch(session, study, baseline=factories.BASELINE, seed=seed, now=factories.NOW)
        assert len(session.execute(select(OutputStyle)).all()) == 6


def test_the_text_that_raters_see_is_counted(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session, prompts=1, outputs={"base": [PLAIN], "tuned": [BOLD]})
        session.execute(update(Output).where(Output.text == BOLD).values(shown="one"))
        launching.launch(session, study, baseline="base", seed=1, now=factories.NOW)
    assert counts(database) == [(3, 0, 0), (1, 0, 0)]


def test_a_style_belongs_to_an_output(database: Database) -> None:
    with database.transaction() as session:
        row = dict.fromkeys(OutputStyle.__table__.columns.keys(), 1)
        with pytest.raises(IntegrityError):
            session.execute(insert(OutputStyle), row)
        session.rollback()


def test_the_migration_counts_what_was_launched_before(database: Database) -> None:
    with database.transaction() as session:
        factories.launched(session, prompts=1, outputs={"base": [PLAIN], "tuned": [BOLD]})
    run(database, lambda made: command.downgrade(made, "-1"))
    run(database, lambda made: command.upgrade(made, "head"))
    assert counts(database) == [(3, 0, 0), (4, 1, 1)]
