"""What the database itself keeps of generated outputs, replies, judges and verdicts, tried with bare statements."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from backend.db.base import Base
from backend.db.generations import Generation, OutputOrigin
from backend.db.judges import Judge, Judging, Verdict
from backend.db.outputs import Output
from backend.db.replies import StoredReply
from backend.db.session import Database
from tests import factories
from tests.db.test_constraints import refused
from tests.factories import NOW

FOREIGN = "(?i)foreign key"


@dataclass
class Rows:
    """A study's systems and outputs by number, a judge of it, a reply, and what a good row of each table holds."""

    session: Session
    study: int
    systems: list[int]
    outputs: list[Output]
    judge: int = 0

    def add(self, table: type[Base], row: dict[str, Any], **changes: Any) -> Any:
        return self.session.execute(insert(table).values({**row, **changes}))

    def refuses(self, table: type[Base], row: dict[str, Any], why: str, **changes: Any) -> None:
        refused(self.session, insert(table).values({**row, **changes}), why)

    @property
    def a_judge(self) -> dict[str, Any]:
        made = {"template": "t", "templates": [], "model": "m", "url": "", "sampling": {}, "serving": {}}
        whom = {"study_id": self.study, "name": "j", "engine": "openai", "created_at": NOW}
        return {**made, **whom, "orders": "both", "rule": "agree_else_tie"}

    @property
    def a_judging(self) -> dict[str, Any]:
        pair = {"candidate_id": self.systems[0], "baseline_id": self.systems[1]}
        return {"study_id": self.study, "judge_id": self.judge, **pair, "created_at": NOW}

    @property
    def a_generation(self) -> dict[str, Any]:
        how = {"engine": "echo", "model": "m", "url": "", "template": "", "instructions": "", "sampling": {}}
        whose = {"system_id": self.systems[0], "study_id": self.study}
        return {**whose, **how, "sample": 0, "serving": {}, "created_at": NOW}

    @property
    def a_reply(self) -> dict[str, Any]:
        took = {"engine_version": "", "revision": "", "cost": 0, "seconds": 0.5, "answered_at": NOW}
        return {"hash": "abc", "job_id": None, "request": {}, "reply": {}, **took}

    @property
    def a_verdict(self) -> dict[str, Any]:
        first, second = (next(one for one in self.outputs if one.system_id == system) for system in self.systems[:2])
        shown = {
            "prompt_id": first.prompt_id,
            "first_id": first.id,
            "first_system_id": first.system_id,
            "second_id": second.id,
            "second_system_id": second.system_id,
        }
        said = {"choice": "first", "reason": "", "raw": "[[A]]", "finish": "stop", "model": "m", "tries": 1}
        return {"study_id": self.study, "judge_id": self.judge, **shown, **said}

    @property
    def an_origin(self) -> dict[str, Any]:
        mine = next(one for one in self.outputs if one.system_id == self.systems[0])
        whose = {"output_id": mine.id, "prompt_id": mine.prompt_id, "system_id": mine.system_id}
        return {**whose, "reply_hash": "abc"}


@pytest.fixture
def rows(database: Database) -> Iterator[Rows]:
    with database.transaction() as session:
        study = factories.study(session).id
        outputs = list(session.scalars(select(Output).where(Output.study_id == study).order_by(Output.id)))
        made = Rows(session, study, factories.systems(session, study), outputs)
        made.judge = made.session.execute(insert(Judge).values(made.a_judge).returning(Judge.id)).scalar_one()
        made.add(StoredReply, made.a_reply)
        made.add(Generation, made.a_generation)
        yield made


@pytest.fixture
def elsewhere(rows: Rows) -> Rows:
    """Another study with as many rows, and the same judge."""
    study = factories.study(rows.session).id
    outputs = list(rows.session.scalars(select(Output).where(Output.study_id == study).order_by(Output.id)))
    return Rows(rows.session, study, factories.systems(rows.session, study), outputs, rows.judge)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "j"}, "(?i)unique|uq_judges"),
        ({"engine": "abacus"}, "ck_judges_engine"),
        ({"orders": "sideways"}, "ck_judges_orders"),
        ({"rule": "coin"}, "ck_judges_rule"),
        ({"study_id": 999_999}, FOREIGN),
    ],
)
def test_a_judge_has_a_name_of_its_own_and_asks_in_known_ways(rows: Rows, change: dict[str, Any], why: str) -> None:
    rows.refuses(Judge, rows.a_judge, why, **{"name": "another", **change})
    rows.add(Judge, rows.a_judge, name="another", engine=None)


def test_a_judging_is_of_two_systems_of_its_judges_study_and_is_there_once(rows: Rows, elsewhere: Rows) -> None:
    one, other = rows.systems[:2]
    rows.refuses(Judging, rows.a_judging, "two_systems", baseline_id=one)
    rows.refuses(Judging, rows.a_judging, FOREIGN, baseline_id=elsewhere.systems[0])
    rows.refuses(Judging, rows.a_judging, FOREIGN, candidate_id=elsewhere.systems[0])
    rows.refuses(Judging, elsewhere.a_judging, FOREIGN)
    rows.add(Judging, rows.a_judging)
    rows.refuses(Judging, rows.a_judging, "(?i)unique|uq_judgings")
    rows.add(Judging, rows.a_judging, candidate_id=other, baseline_id=one)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"choice": "third"}, "ck_verdicts_choice"),
        ({"choice": None}, "unparsed_for_a_reason"),
        ({"reason": "empty"}, "unparsed_for_a_reason"),
        ({"first_score": 9.0}, "both_scores"),
        ({"second_score": 9.0}, "both_scores"),
        ({"first_probability": 1.01}, "first_probability"),
        ({"first_probability": -0.01}, "first_probability"),
        ({"reply_hash": "nobody's"}, FOREIGN),
        ({"judge_id": 999_999}, FOREIGN),
        ({"prompt_id": 999_999}, FOREIGN),
    ],
)
def test_a_verdict_is_a_choice_or_has_a_reason_and_names_what_it_rests_on(
    rows: Rows, change: dict[str, Any], why: str
) -> None:
    rows.refuses(Verdict, rows.a_verdict, why, **change)
    rows.add(Verdict, rows.a_verdict, first_score=9.0, second_score=8.0, first_probability=1.0, reply_hash="abc")


def test_a_verdict_is_on_two_outputs_to_one_prompt_by_the_systems_that_it_names(rows: Rows) -> None:
    shown = rows.a_verdict
    other = next(
        one
        for one in rows.outputs
        if one.system_id == shown["second_system_id"] and one.prompt_id != shown["prompt_id"]
    )
    rows.refuses(Verdict, shown, FOREIGN, second_id=other.id)
    rows.refuses(Verdict, shown, FOREIGN, first_system_id=shown["second_system_id"])
    twice = {"second_id": shown["first_id"], "second_system_id": shown["first_system_id"]}
    rows.refuses(Verdict, shown, "two_outputs", **twice)


def test_a_verdict_is_on_outputs_of_its_judges_study(rows: Rows, elsewhere: Rows) -> None:
    rows.refuses(Verdict, elsewhere.a_verdict, FOREIGN)
    rows.refuses(Verdict, elsewhere.a_verdict, FOREIGN, study_id=rows.study)


def test_a_judge_has_one_verdict_on_two_outputs_in_each_order(rows: Rows) -> None:
    shown = rows.a_verdict
    turned = {
        "first_id": shown["second_id"],
        "first_system_id": shown["second_system_id"],
        "second_id": shown["first_id"],
        "second_system_id": shown["first_system_id"],
    }
    rows.add(Verdict, shown)
    rows.add(Verdict, shown, **turned)
    rows.refuses(Verdict, shown, "(?i)unique|uq_verdicts", choice="second")


def test_a_generation_is_of_a_system_of_its_study_by_a_known_engine(rows: Rows, elsewhere: Rows) -> None:
    row = {**rows.a_generation, "system_id": rows.systems[1]}
    rows.refuses(Generation, row, "ck_generations_engine", engine="abacus")
    rows.refuses(Generation, row, "ck_generations_sample", sample=-1)
    rows.refuses(Generation, row, FOREIGN, study_id=elsewhere.study)
    rows.refuses(Generation, row, "(?i)unique|pk_generations", system_id=rows.systems[0])


def test_an_origin_is_of_a_generated_systems_output_and_a_stored_reply(rows: Rows) -> None:
    imported = next(one for one in rows.outputs if one.system_id == rows.systems[1])
    whose = {"output_id": imported.id, "prompt_id": imported.prompt_id, "system_id": imported.system_id}
    rows.refuses(OutputOrigin, rows.an_origin, FOREIGN, reply_hash="nobody's")
    rows.refuses(OutputOrigin, rows.an_origin, FOREIGN, prompt_id=999_999)
    rows.refuses(OutputOrigin, rows.an_origin, FOREIGN, **whose)
    rows.add(OutputOrigin, rows.an_origin)
    rows.refuses(OutputOrigin, rows.an_origin, "(?i)unique|pk_output_origins")


def test_a_question_has_one_reply_of_a_job_that_there_is(rows: Rows) -> None:
    rows.refuses(StoredReply, rows.a_reply, "(?i)unique|pk_replies")
    rows.refuses(StoredReply, rows.a_reply, FOREIGN, hash="def", job_id=999_999)


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        (Generation, "model", "how outputs are made"),
        (OutputOrigin, "prompt_id", "where an output came from"),
        (StoredReply, "cost", "a reply"),
        (Judge, "model", "a judge"),
        (Judging, "created_at", "what a judge is asked to compare"),
        (Verdict, "raw", "a verdict"),
    ],
)
def test_what_was_asked_and_said_never_changes_and_never_goes(
    rows: Rows, table: type[Base], column: str, words: str
) -> None:
    rows.add(Judging, rows.a_judging)
    rows.add(Verdict, rows.a_verdict)
    rows.add(OutputOrigin, rows.an_origin)
    same = getattr(table, column)
    refused(rows.session, update(table).values({column: same}), f"{words} never changes")
    refused(rows.session, delete(table), f"{words} never goes")
