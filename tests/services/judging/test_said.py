"""What judges said of a batch: beside its votes in the results, whole in its bundle, and no part of any vote."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.batches import Batch
from backend.db.judges import Verdict
from backend.db.outputs import System
from backend.db.session import Database
from backend.domain.asking import EngineKind, Reply
from backend.domain.choices import Choice
from backend.domain.jobs import Manner
from backend.domain.judging.orders import Orders, Rule
from backend.domain.judging.parsing import Reading, Unread
from backend.domain.recipes import Recipe
from backend.errors import Invalid
from backend.services.judging import judges, judgings, said
from backend.services.judging.judgings import Given
from backend.services.results import bundles, results
from backend.services.results.verification import verify
from tests import factories, voted
from tests.factories import NOW

SYSTEMS = {name: [f"{name} says {number}" for number in range(4)] for name in ("base", "one", "two")}
SAID = [
    Reading(Choice.FIRST, scores=(9, 7)),
    Reading(Choice.SECOND, scores=(6.5, 8)),
    Reading(None, Unread.ELSEWHERE),
    Reading(Choice.TIE, scores=(8, 8)),
    Reading(Choice.FIRST, strength=2, probability=0.75),
]


@dataclass(frozen=True)
class Court:
    """A batch of two candidates with votes, and a judge who said something of one of them."""

    session: Session
    batch: Batch
    folder: Path

    def export(self, name: str = "bundle") -> Path:
        bundles.export(self.session, self.batch.id, self.folder / name, key="a key")
        return self.folder / name

    def results(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(
            json.dumps(results.of_batch(self.session, self.batch.id, key="a key").to_json())
        )
        return plain


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Iterator[Court]:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=4, outputs=SYSTEMS)
        for place in range(8):
            voted.vote(session, batch, place, ("cct", "bbb", "ctc")[place % 3])
    with database.transaction() as session:
        yield Court(session, session.get_one(Batch, batch.id), tmp_path)


def judged(
    court: Court,
    *readings: Reading,
    name: str = "gpt",
    candidate: str = "one",
    baseline: str = "base",
    model: str = "gpt-4",
) -> None:
    """These readings of the first pairs that the judge has said nothing of, in both orders."""
    session, study = court.session, court.batch.study_id
    recipe = Recipe(EngineKind.ECHO, "gpt-4")
    judge = judges.declare(
        session, study, name, template="vicuna", recipe=recipe, orders=Orders.BOTH, rule=Rule.MEAN_SCORE, now=NOW
    )
    judging = judgings.compare(session, judge, candidate=candidate, baseline=baseline, now=NOW)
    job = judgings.enqueue(session, judging, Manner(), allowed=None, now=NOW)
    systems = dict(session.execute(select(System.name, System.id).where(System.study_id == study)).all())
    sides = [(systems[candidate], systems[baseline]), (systems[baseline], systems[candidate])]
    pairs = [judgings.pair_of(*row) for side in sides for row in session.execute(judgings.pairs(*side)).all()]
    reply = Reply("As it was read.", "stop", model, 10, 5)
    given = [
        Given(pair, reading, reply, (answered(judge, recipe, pair),))
        for pair, reading in zip(pairs, readings, strict=False)
    ]
    judgings.store(session, judge, given, job_id=job.id, now=NOW)


def answered(judge: Any, recipe: Recipe, pair: judgings.Pair) -> Any:
    return judgings.Answered(judgings.request(judge, recipe, pair), Reply("r", "stop", "gpt-4", 1, 1), "", "", 0, 0.1)


def rewrite(path: Path, number: int, **changes: object) -> None:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    lines[number] |= changes
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def differing(bundle: Path) -> set[str]:
    return {difference.what for difference in verify(bundle)}


def test_a_bundle_with_judges_holds_and_says_what_the_page_says(court: Court) -> None:
    judged(court, *SAID, *SAID[:3])
    bundle = court.export()
    assert {"judges.json", "verdicts.jsonl"} <= {file.name for file in bundle.iterdir()}
    assert "`verdicts.jsonl`" in (bundle / "README.md").read_text("utf-8")
    assert verify(bundle) == []
    found = json.loads((bundle / "results.json").read_text("utf-8"))
    assert found == court.results()
    (judge,) = found["judges"]
    assert (judge["name"], judge["verdicts"], judge["comparisons"], judge["unread"]) == ("gpt", 8, 4, {"elsewhere": 2})
    (kept,) = json.loads((bundle / "judges.json").read_text("utf-8"))
    assert [one["name"] for one in kept["templates"]] == ["vicuna-general", "vicuna-coding", "vicuna-math"]


def test_one_edited_verdict_is_named_with_the_numbers_that_it_changes(court: Court) -> None:
    judged(court, *SAID, *SAID[:3])
    bundle = court.export()
    rewrite(bundle / "verdicts.jsonl", 0, choice="second", scores=[1, 9])
    found = differing(bundle)
    assert "sha256 of verdicts.jsonl" in found
    assert any(what.startswith("results.judges[0].") for what in found)
    assert all(what.startswith(("sha256 of verdicts.jsonl", "results.judges[0].")) for what in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"comparison": "0"},
        {"choice": "third"},
        {"why": "bored"},
        {"scores": ["nine", 1]},
        {"strength": 1.5},
        {"probability": "high"},
    ],
)
def test_a_verdict_that_can_not_be_is_told(court: Court, changes: dict[str, object]) -> None:
    judged(court, *SAID)
    bundle = court.export()
    rewrite(bundle / "verdicts.jsonl", 0, **changes)
    with pytest.raises(Invalid, match="can't be read as this bundle's"):
        verify(bundle)


def test_verdicts_come_back_from_a_bundle_as_they_were(court: Court) -> None:
    judged(court, *SAID)
    bundle = court.export()
    lines = [json.loads(line) for line in (bundle / "verdicts.jsonl").read_text("utf-8").splitlines()]
    (again,) = said.from_bundle(json.loads((bundle / "judges.json").read_text("utf-8")), lines)
    assert sorted((one.reading for one in again.said), key=repr) == sorted(SAID, key=repr)
    assert (again.name, again.model, again.orders, again.rule) == ("gpt", "gpt-4", Orders.BOTH, Rule.MEAN_SCORE)


def test_results_and_bundle_name_another_model_that_answered(court: Court) -> None:
    judged(court, *SAID, model="gpt-4-turbo")
    bundle = court.export()
    assert verify(bundle) == []
    (judge,) = json.loads((bundle / "results.json").read_text("utf-8"))["judges"]
    assert (judge["model"], judge["other_models"]) == ("gpt-4", {"gpt-4-turbo": 5})
    rewrite(bundle / "verdicts.jsonl", 0, answered_by="")
    assert "results.judges[0].other_models.gpt-4-turbo" in differing(bundle)


def test_a_batch_without_judges_is_as_it_was_and_votes_are_the_same_beside_them(court: Court) -> None:
    before = court.results()
    plain = court.export("plain")
    assert not {"judges.json", "verdicts.jsonl"} & {file.name for file in plain.iterdir()}
    assert verify(plain) == []
    judged(court, *SAID, *SAID[:3])
    after = court.results()
    assert before.pop("judges") == []
    assert len(after.pop("judges")) == 1
    assert before == after


def test_judges_of_other_systems_stay_out_and_turned_ones_come_in_as_they_were_shown(court: Court) -> None:
    """A judge that was asked with the baseline as its candidate saw the same outputs in the same orders."""
    judged(court, *SAID, candidate="one", baseline="two", name="apart")
    judged(court, *[Reading(Choice.FIRST, scores=(9, 7))] * 4, candidate="base", baseline="one", name="turned")
    (found,) = court.results()["judges"]
    assert (found["name"], found["verdicts"], found["waiting"]) == ("turned", 4, 4)
    place = voted.place_of(court.session, court.batch, "p1", "one")
    bundle = court.export()
    lines = [json.loads(line) for line in (bundle / "verdicts.jsonl").read_text("utf-8").splitlines()]
    assert {line["flipped"] for line in lines} == {True}
    assert place in {line["comparison"] for line in lines}


def test_whoever_keeps_results_sees_that_a_judge_has_said_more(court: Court) -> None:
    assert said.newest(court.session, court.batch.study_id) is None
    judged(court, SAID[0])
    first = said.newest(court.session, court.batch.study_id)
    judged(court, SAID[0], name="another")
    assert first == 1
    assert said.newest(court.session, court.batch.study_id) == 2
    assert len(court.session.scalars(select(Verdict)).all()) == 2
