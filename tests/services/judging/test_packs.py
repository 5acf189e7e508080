"""Replay packs between studies: what must be the same, what may differ, and two judges side by side."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any  # a manifest to alter

import pytest
from sqlalchemy import select, update

from backend.db.judges import Judge
from backend.db.outputs import Output
from backend.db.session import Database
from backend.domain.choices import Preference
from backend.errors import AppError, Conflict, Invalid, NotFound
from backend.services.exports import digest
from backend.services.judging import face_offs, judge_reports, judges, packs, published, unpacking
from backend.services.judging.published import Wish
from backend.services.studies.files import Source
from tests import factories
from tests.factories import BASELINE, CANDIDATE, NOW

PROMPTS = ["One?", "Two?", "Three?"]
OUTPUTS = {BASELINE: ["b1", "b2", "b3"], CANDIDATE: ["c1", "c2", "c3"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pack"


@pytest.fixture
def house(database: Database, tmp_path: Path, folder: Path) -> Database:
    """Study 1 with an imported judge, who says 9 8, 8 9, 8 8 with the candidate first; its pack is in the folder."""
    with database.transaction() as session:
        study = factories.study(session, prompts=PROMPTS, outputs=OUTPUTS)
        judge(session, study.id, tmp_path, "gpt-4", ("9 8", "8 9", "8 8"))
        packs.export(session, judges.by_name(session, study.id, "gpt-4"), folder)
    return database


def judge(session: Any, study: int, folder: Path, name: str, said: tuple[str, ...], first: str = CANDIDATE) -> Judge:
    rows = [
        {
            "question_id": f"p{number}",
            "answer1_id": "a",
            "answer2_id": "b",
            "text": text,
            "reviewer_id": "gpt-4-general",
        }
        for number, text in enumerate(said, 1)
    ]
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wish = Wish(name=name, candidate=CANDIDATE, baseline=BASELINE, first=first)
    return published.import_verdicts(session, study, [Source(path, None, path.name)], wish, now=NOW).judge


def bring(database: Database, folder: Path, **study: Any) -> tuple[str, int, int]:
    """The pack into a new study."""
    with database.transaction() as session:
        made = factories.study(session, **{"prompts": PROMPTS, "outputs": OUTPUTS, **study})
        found, added, already = unpacking.import_pack(session, made.id, packs.load(folder), name="again", now=NOW)
        return found.name, added, already


def test_a_pack_comes_into_a_study_whose_prompts_have_other_keys_and_order(house: Database, folder: Path) -> None:
    outputs = {name: texts[::-1] for name, texts in OUTPUTS.items()}
    assert bring(house, folder, prompts=PROMPTS[::-1], outputs=outputs) == ("again", 3, 0)
    with house.reading() as session:
        before, after = (judge_reports.reports(session, study)[0].tally.summary for study in (1, 2))
        assert (
            (after.candidate, after.tie, after.baseline) == (before.candidate, before.tie, before.baseline) == (1, 1, 1)
        )
        found = face_offs.compare(
            face_offs.of_study(session, 2, "again", None), face_offs.of_pack(packs.load(folder), None)
        )
    assert (found.found.shared, found.found.agreement.percent.value, found.other_texts) == (3, 1.0, 0)


@pytest.mark.parametrize(
    ("study", "says"),
    [
        ({"prompts": ["One?", "Two?", "Other?"]}, "Prompt p3 of the pack is not in this study"),
        ({"outputs": {**OUTPUTS, CANDIDATE: ["c1", "other", "c3"]}}, f"{CANDIDATE} has another output to prompt p2"),
        ({"outputs": {BASELINE: OUTPUTS[BASELINE]}}, f"This study has no system '{CANDIDATE}'"),
    ],
)
def test_a_study_with_other_texts_refuses_a_pack(
    house: Database, folder: Path, study: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError, match=says):
        bring(house, folder, **study)
    with house.reading() as session:
        assert len(session.scalars(select(Judge)).all()) == 1


def test_a_prompt_without_an_output_is_named(house: Database, folder: Path) -> None:
    with house.transaction() as session:
        made = factories.study(session, prompts=PROMPTS, outputs={BASELINE: OUTPUTS[BASELINE]})
        factories.add_system(session, made.id, CANDIDATE, [], [])
        with pytest.raises(Invalid, match=f"This study has no output of {CANDIDATE} to prompt p1"):
            unpacking.import_pack(session, made.id, packs.load(folder), now=NOW)


def test_an_output_that_was_scrubbed_is_packed_as_it_is_shown(house: Database, tmp_path: Path, folder: Path) -> None:
    with house.transaction() as session:
        session.execute(update(Output).where(Output.text == "c1").values(shown="scrubbed"))
        packs.export(session, judges.by_name(session, 1, "gpt-4"), tmp_path / "other")
    assert packs.load(tmp_path / "other").entries[0].first.text == "scrubbed"
    with house.reading() as session:
        one, other = face_offs.of_study(session, 1, "gpt-4", None), face_offs.of_pack(packs.load(folder), None)
    found = face_offs.compare(one, other)
    assert (found.found.shared, found.other_texts) == (2, 1)


def test_a_folder_with_something_in_it_is_left_alone(house: Database, folder: Path) -> None:
    with house.reading() as session, pytest.raises(Conflict, match="is not empty"):
        packs.export(session, judges.by_name(session, 1, "gpt-4"), folder)


ALTERATIONS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda plain: plain.update(format=99), "is a pack of format 99; this version reads format 1"),
    (lambda plain: plain.pop("judge"), "is not of a replay pack"),
    (lambda plain: plain.pop("files"), "does not name the pack's files"),
    (lambda plain: plain["files"].update({"more.txt": "0"}), "more.txt is missing"),
    (lambda plain: plain["files"].update({"verdicts.jsonl": "0"}), "verdicts.jsonl was altered"),
    (lambda plain: plain["judge"].update(rule="best"), "rule must be one of"),
    (lambda plain: plain["judge"]["templates"][0]["template"].update(system="Prefer the first."), "so it was altered"),
]


@pytest.mark.parametrize(("alter", "says"), ALTERATIONS)
def test_an_altered_manifest_is_refused(
    house: Database, folder: Path, alter: Callable[[dict[str, Any]], object], says: str
) -> None:
    manifest = folder / "manifest.json"
    plain = json.loads(manifest.read_text())
    alter(plain)
    manifest.write_text(json.dumps(plain))
    with pytest.raises(Invalid, match=says):
        packs.load(folder)


def test_an_altered_verdict_is_refused_even_with_its_file_s_hash_put_right(house: Database, folder: Path) -> None:
    verdicts, manifest = folder / "verdicts.jsonl", folder / "manifest.json"
    verdicts.write_text(verdicts.read_text().replace('"8 9"', '"9 8"'))
    plain = json.loads(manifest.read_text())
    plain["files"]["verdicts.jsonl"] = digest(verdicts)
    manifest.write_text(json.dumps(plain))
    with pytest.raises(Invalid, match=r"line 2: its content does not have its hash"):
        packs.load(folder)


@pytest.mark.parametrize(("word", "value"), [("given_at", "yesterday"), ("given_at", "2026-01-05T09:00:00")])
def test_a_moment_must_be_one_and_have_its_zone(word: str, value: str) -> None:
    with pytest.raises(Invalid, match=r"is no moment|has no time zone"):
        unpacking.moment(value)


def test_judges_of_exchanged_systems_are_turned_to_each_other(house: Database, tmp_path: Path, folder: Path) -> None:
    with house.transaction() as session:
        exchanged = Wish(name="turned", candidate=BASELINE, baseline=CANDIDATE, first=CANDIDATE)
        path = tmp_path / "gpt-4.jsonl"
        published.import_verdicts(session, 1, [Source(path, None, path.name)], exchanged, now=NOW)
        turned = face_offs.of_study(session, 1, "turned", None)
        found = face_offs.compare(face_offs.of_pack(packs.load(folder), None), turned)
    assert set(turned.told.values()) == {Preference.CANDIDATE, Preference.TIE, Preference.BASELINE}
    assert (found.other.candidate, found.found.agreement.percent.value) == (CANDIDATE, 1.0)


def test_which_systems_must_be_said_where_it_is_not_plain(house: Database, folder: Path) -> None:
    with house.reading() as session:
        with pytest.raises(NotFound, match=f"gpt-4 did not compare a against b; it compared {CANDIDATE} against"):
            face_offs.of_study(session, 1, "gpt-4", ("a", "b"))
        chosen = face_offs.of_study(session, 1, "gpt-4", (CANDIDATE, BASELINE))
    assert chosen.candidate == CANDIDATE
    with pytest.raises(Invalid, match="compared nothing; say which"):
        face_offs.the_pair("gpt-4", [], None)
    with pytest.raises(Invalid, match="they can't be compared"):
        face_offs.compare(chosen, face_offs.Side("other", "x", "y", {}, {}, {}))
