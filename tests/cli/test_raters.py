"""`assay raters` as a person types it: who is let in, and who is turned away."""

from pathlib import Path

import pytest

from backend.cli.house import open_database, settings_with
from backend.errors import Invalid, NotFound
from tests import factories
from tests.cli.conftest import Assay

TURN = ("raters", "turn-away", 1, "prolific", "5f0c1a2b")


@pytest.fixture(autouse=True)
def launched(run: Assay) -> None:
    with open_database(settings_with(data_dir=Path("assay-data"))).transaction() as session:
        factories.launched(session)


def test_a_rater_is_turned_away_and_let_in_again(run: Assay) -> None:
    assert "Nobody is listed in batch 1" in run("raters", "list", 1).output
    said = run(*TURN, "--reason", "You were in the pilot.").output
    assert said == "5f0c1a2b on prolific is turned away, and reads: You were in the pilot.\n"
    assert run("raters", "list", 1).output == "prolific  5f0c1a2b  turned away: You were in the pilot.\n"
    assert "is let in" in run("raters", "let-in", 1, "prolific", "5f0c1a2b").output
    assert run("raters", "list", 1).output == "prolific  5f0c1a2b  let in\n"


def test_nobody_is_turned_away_without_a_reason_that_they_can_read(run: Assay) -> None:
    assert "Missing option '--reason'" in run(*TURN).output
    assert isinstance(run(*TURN, "--reason", " ").exception, Invalid)
    assert "Nobody is listed" in run("raters", "list", 1).output


def test_a_batch_or_a_channel_that_is_none_is_said(run: Assay) -> None:
    for verb in (("list", 9), ("let-in", 9, "link", "K7")):
        assert isinstance(run("raters", *verb).exception, NotFound)
    assert "is not one of" in run("raters", "let-in", 1, "imported", "x").output


def test_the_help_says_where_a_raters_id_is_found(run: Assay) -> None:
    said = run("raters", "--help").output
    assert all(word in said for word in ("turn-away", "let-in", "list", "the code that stands on their", "pilot"))
