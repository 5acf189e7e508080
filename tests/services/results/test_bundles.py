"""Bundles: what is exported can be checked by anybody, and tells nobody's name."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db.assignments import Assignment, SkipReason
from backend.db.checks import CheckAssignment
from backend.db.raters import Rater
from backend.db.ratings import Rating
from backend.db.session import Database
from backend.domain.choices import Choice
from backend.errors import Conflict, Invalid, NotFound
from backend.services import exports
from backend.services.pseudonyms import pseudonyms
from backend.services.rating import assignments, check_marks, checks, collected, links, ratings, visitors
from backend.services.rating.ratings import Vote
from backend.services.results import bundles, results
from backend.services.results.verification import verify
from backend.services.studies import batches
from backend.services.studies.files import Source
from tests import factories
from tests.factories import NOW

COMMENT = "I liked the metaphor about lighthouses."
SYSTEMS = {name: [f"{name} says {number}" for number in range(4)] for name in ("base", "one", "two")}
FILES = {
    *("README.md", "settings.json", "prompts.jsonl", "outputs.jsonl", "comparisons.jsonl"),
    *("ratings.csv", "skips.csv", "results.json"),
}


@dataclass(frozen=True)
class Desk:
    """A batch with ratings of every kind, and how to export it."""

    session: Session
    batch: int
    folder: Path

    def export(self, name: str = "bundle", *, key: str = "a key", comments: bool = False) -> Path:
        bundles.export(self.session, self.batch, self.folder / name, key=key, comments=comments)
        return self.folder / name


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    with database.transaction() as session:
        batch = factories.launched(session, prompts=4, outputs=SYSTEMS, seats=2, lease_minutes=30).id
        bring_votes(session, batch, tmp_path)
        rate_here(session, batch)
        yield Desk(session, batch, tmp_path)


def bring_votes(session: Session, batch: int, folder: Path) -> None:
    """Imported votes, of known and unknown order."""
    path = folder / "votes.csv"
    path.write_text(
        "rater,prompt,candidate,preference,order,seconds\n"
        "Ada Lovelace,p1,one,candidate,candidate first,10.5\n"
        "Ada Lovelace,p2,two,baseline,unknown,\n"
        "Grace Hopper,p1,one,candidate,,3\n"
    )
    collected.import_ratings(session, batches.get(session, batch), Source(path, None, path.name), now=NOW)


def rate_here(session: Session, batch: int) -> None:
    """A late vote, a skip, and votes with comments."""
    slow, skipper, *others = links.create_personal(session, batch, count=8, now=NOW)
    rater, late = claim(session, slow.id)
    rater_who_skips, skipped = claim(session, skipper.id)
    ratings.skip(session, rater_id=rater_who_skips, assignment_id=skipped, reason=SkipReason.OFFENSIVE)
    for link, choice in zip(others, [*Choice, *Choice], strict=False):
        who, number = claim(session, link.id, minutes=31)
        vote = Vote(choice, comment=COMMENT, active_ms=1500)
        ratings.submit(session, rater_id=who, assignment_id=number, vote=vote, now=NOW)
    assert ratings.submit(session, rater_id=rater, assignment_id=late, vote=Vote(Choice.FIRST), now=NOW).late


def claim(session: Session, link: int, *, minutes: int = 0) -> tuple[int, int]:
    """(rater, assignment)"""
    who = visitors.visitor(session, link_id=link)
    number = assignments.claim(session, who, now=NOW + timedelta(minutes=minutes))
    assert number is not None
    return who.rater_id, number


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rewrite_table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def rehash(bundle: Path, *names: str) -> None:
    """Make the manifest say that these files are as they should be."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] |= {name: exports.digest(bundle / name) for name in names}
    path.write_text(json.dumps(manifest))


def differing(bundle: Path) -> set[str]:
    return {difference.what for difference in verify(bundle)}


def everything(bundle: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(bundle.iterdir()))


def test_an_untouched_bundle_holds(desk: Desk) -> None:
    bundle = desk.export()
    assert {file.name for file in bundle.iterdir()} == {*FILES, "manifest.json"}
    assert verify(bundle) == []


def test_a_bundle_of_a_batch_without_ratings_holds(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        batch = factories.launched(session)
        bundles.export(session, batch.id, tmp_path / "bundle", key="a key")
    assert verify(tmp_path / "bundle") == []


def test_a_bundle_holds_the_numbers_of_the_results_page(desk: Desk) -> None:
    said = json.loads((desk.export() / "results.json").read_text())
    assert said == json.loads(json.dumps(results.of_batch(desk.session, desk.batch, key="a key").to_json()))
    assert (said["ratings"], said["late"], said["skips"]) == (9, 1, {"offensive": 1})


def test_an_edited_rating_is_found_and_its_numbers_named(desk: Desk) -> None:
    bundle = desk.export()
    rows = table(bundle / "ratings.csv")
    edited = next(row for row in rows if row["choice"] == "both_bad")
    edited["choice"] = "first"
    rewrite_table(bundle / "ratings.csv", rows)
    assert "sha256 of ratings.csv" in differing(bundle)
    rehash(bundle, "ratings.csv")
    found = [difference for difference in verify(bundle) if difference.what.endswith(".votes.both_bad")]
    assert [str(one).split(".")[0] for one in found] == ["results"]
    assert str(found[0]).endswith("the bundle says 1, found 0")


@pytest.mark.parametrize(
    ("file", "number"),
    [("ratings.csv", "results.ratings"), ("skips.csv", "results.skips.offensive")],
)
def test_a_removed_row_is_found(desk: Desk, file: str, number: str) -> None:
    bundle = desk.export()
    path = bundle / file
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    rehash(bundle, file)
    assert number in differing(bundle)


def test_an_edited_result_is_found(desk: Desk) -> None:
    bundle = desk.export()
    path = bundle / "results.json"
    said = json.loads(path.read_text())
    said["candidates"][1]["win_rate"]["mean"] = 0.99
    path.write_text(json.dumps(said))
    rehash(bundle, "results.json")
    assert differing(bundle) == {"results.candidates[1].win_rate.mean"}


def test_edited_settings_are_found(desk: Desk) -> None:
    bundle = desk.export()
    path = bundle / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"question": "Which one is worse?"}))
    rehash(bundle, "settings.json")
    assert differing(bundle) == {"settings hash", "results.methods"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_named(desk: Desk, name: str) -> None:
    bundle = desk.export()
    (bundle / name).unlink()
    assert differing(bundle) == {f"file {name}"}


def test_what_is_no_bundle_is_told(desk: Desk) -> None:
    with pytest.raises(Invalid, match="Is this the folder of a bundle"):
        verify(desk.folder)
    bundle = desk.export()
    (bundle / "manifest.json").write_text('{"format": 99}')
    with pytest.raises(Invalid, match="format 99; this version reads format 5"):
        verify(bundle)


def test_ratings_of_no_known_comparison_are_told(desk: Desk) -> None:
    bundle = desk.export()
    rows = table(bundle / "ratings.csv")
    rows[0]["comparison"] = "404"
    rewrite_table(bundle / "ratings.csv", rows)
    with pytest.raises(Invalid, match="can't be read as this bundle's"):
        verify(bundle)


def test_no_name_receipt_time_or_comment_is_in_a_bundle(desk: Desk) -> None:
    text = everything(desk.export())
    assert not any(name in text for name in ("Ada Lovelace", "Grace Hopper"))
    names = desk.session.scalars(select(Rater.external_id)).all()
    receipts = desk.session.scalars(select(Rating.receipt)).all()
    assert len(names) == 10
    assert not any(secret in text for secret in (*names, *receipts, COMMENT, str(NOW.date())))


def test_raters_are_only_pseudonyms(desk: Desk) -> None:
    bundle = desk.export()
    rows = [*table(bundle / "ratings.csv"), *table(bundle / "skips.csv")]
    assert list(rows[0]) == list(bundles.RATING_COLUMNS)
    raters = {row["rater"] for row in rows}
    people = set(desk.session.scalars(select(Assignment.rater_id)))
    assert len(raters) == len(people) == 10
    assert all(len(name) == 13 and name.startswith("R") for name in raters)


def test_answers_to_further_questions_are_in_a_bundle(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        batch = factories.launched(session, questions=[{"key": "sure", "text": "Sure?", "answers": ["very", "no"]}]).id
        (link,) = links.create_personal(session, batch, count=1, now=NOW)
        rater, number = claim(session, link.id)
        vote = Vote(Choice.TIE, answers={"sure": "very"})
        ratings.submit(session, rater_id=rater, assignment_id=number, vote=vote, now=NOW)
        bundles.export(session, batch, tmp_path / "bundle", key="a key")
    (row,) = table(tmp_path / "bundle" / "ratings.csv")
    assert json.loads(row["answers"]) == {"sure": "very"}
    assert verify(tmp_path / "bundle") == []


def test_comments_are_in_a_bundle_only_when_asked_for(desk: Desk) -> None:
    bundle = desk.export(comments=True)
    assert COMMENT in {row["comment"] for row in table(bundle / "ratings.csv")}
    assert "Ada Lovelace" not in everything(bundle)
    assert verify(bundle) == []


def test_a_pseudonym_is_the_same_in_every_export_with_the_same_key(desk: Desk) -> None:
    first, again, other = desk.export("1"), desk.export("2"), desk.export("3", key="another key")
    ratings_of = [(bundle / "ratings.csv").read_text() for bundle in (first, again, other)]
    assert ratings_of[0] == ratings_of[1]
    names = [{row["rater"] for row in table(bundle / "ratings.csv")} for bundle in (first, other)]
    assert names[0].isdisjoint(names[1])
    assert len(names[0]) == len(names[1])


def test_the_same_rater_has_another_pseudonym_in_another_batch() -> None:
    assert pseudonyms("a key", 1)[7] != pseudonyms("a key", 2)[7]


def test_a_batch_that_does_not_exist_leaves_no_folder(desk: Desk) -> None:
    with pytest.raises(NotFound):
        bundles.export(desk.session, 99, desk.folder / "bundle", key="a key")
    assert not (desk.folder / "bundle").exists()


def test_nothing_is_overwritten(desk: Desk) -> None:
    desk.export()
    with pytest.raises(Conflict, match="is not empty"):
        desk.export()


def checked_bundle(session: Session, folder: Path) -> Path:
    """A bundle of a batch in which one rater answers some checks and can't judge one."""
    known = factories.gold(9)
    batch = factories.launched(session, prompts=20, seats=1, checks={"gold": 0.3, "repeat": 0.3}, gold=known)
    (link,) = links.create_personal(session, batch.id, count=1, now=NOW)
    while (held := claim_anything(session, link.id)) is not None:
        who, number, is_check = held
        if is_check and not session.scalars(select(CheckAssignment).where(CheckAssignment.state == "skipped")).first():
            checks.skip(session, rater_id=who, assignment_id=number, reason=SkipReason.OFFENSIVE)
            continue
        submit = checks.submit if is_check else ratings.submit
        vote = Vote(Choice.FIRST, comment=COMMENT, active_ms=2500)
        submit(session, rater_id=who, assignment_id=number, vote=vote, now=NOW)
    bundles.export(session, batch.id, folder, key="a key")
    return folder


def claim_anything(session: Session, link: int) -> tuple[int, int, bool] | None:
    """(rater, assignment or rater at a check, whether it is a check)"""
    who = checks.visitor(session, link_id=link, alone=True)
    check = checks.claim(session, who, now=NOW)
    if check is not None:
        return who.rater_id, check, True
    number = assignments.claim(session, who, now=NOW)
    return None if number is None else (who.rater_id, number, False)


def test_a_bundle_of_a_batch_with_checks_tells_how_raters_did(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        bundle = checked_bundle(session, tmp_path / "bundle")
        marked = list(check_marks.marked(session, 1))
        (rater,) = session.scalars(select(Assignment.rater_id).distinct())
    rows = table(bundle / "checks.csv")
    assert list(rows[0]) == list(bundles.CHECK_COLUMNS)
    assert len(rows) == len(marked) >= 8
    assert {row["rater"] for row in rows} == {bundles.pseudonyms("a key", 1)[rater]}
    assert {row["passed"] for row in rows if row["kind"] == "gold"} == {"true", "false", ""}
    assert {row["passed"] for row in rows if row["kind"] == "repeat"} == {"false"}
    assert {row["active_ms"] for row in rows} == {"2500", ""}
    assert "`checks.csv`" in (bundle / "README.md").read_text()
    assert len(table(bundle / "ratings.csv")) == 20
    assert verify(bundle) == []
    assert not any(secret in everything(bundle) for secret in (COMMENT, "Known question", str(NOW.date())))


def test_line_separators_inside_texts_do_not_break_a_bundle_s_lines(database: Database, tmp_path: Path) -> None:
    """Python's own idea of lines also breaks at U+0085, U+2028 and U+2029, which JSON leaves as they are in a text."""
    with database.transaction() as session:
        outputs = {name: [f"{name}\u2028one\u2029two\u0085three"] for name in ("base", "tuned")}
        batch = factories.launched(session, prompts=["What\u2028now?"], outputs=outputs)
        bundles.export(session, batch.id, tmp_path / "bundle", key="a key")
    assert verify(tmp_path / "bundle") == []
