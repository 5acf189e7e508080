"""Judges are declared once, for ever."""

import pytest

from backend.db.session import Database
from backend.errors import Conflict
from backend.services import judges
from tests import factories, judged

URL = "http://127.0.0.1:9/v1"


def test_the_same_judge_again_is_the_same_also_for_another_process(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session)
        first = judged.judge_at(session, study.id, URL).id
    with database.transaction() as session:
        assert judged.judge_at(session, study.id, f"{URL}").id == first
        assert len(judges.of_study(session, study.id)) == 1


def test_a_name_belongs_to_one_judge(database: Database) -> None:
    with database.transaction() as session:
        study = factories.study(session)
        judged.judge_at(session, study.id, URL)
    with database.transaction() as session, pytest.raises(Conflict, match="another judge, by its url"):
        judged.judge_at(session, study.id, "http://127.0.0.1:10/v1")
