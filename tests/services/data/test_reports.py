"""Reports on training data: kept once, refused with file and key, and never changed."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from backend.db.data_reports import DataReport
from backend.db.session import Database
from backend.domain.data.reports import CleaningReport, DiversityReport, LeakageReport, MixtureReport
from backend.errors import Invalid, NotFound
from backend.services.data import reports
from backend.services.studies.files import Source
from tests import reports as made
from tests.db.test_constraints import refused
from tests.factories import NOW


@pytest.mark.parametrize(
    ("report", "type_"),
    [
        (made.CLEANING, CleaningReport),
        (made.DIVERSITY, DiversityReport),
        (made.LEAKAGE, LeakageReport),
        (made.MIXTURE, MixtureReport),
    ],
    ids=["cleaning", "diversity", "leakage", "mixture"],
)
def test_a_report_is_kept_once_and_read_as_what_it_is(
    database: Database, tmp_path: Path, report: dict[str, Any], type_: type
) -> None:
    source = made.written(tmp_path, report)
    with database.transaction() as session:
        first = reports.keep(session, source, name="  mine ", now=NOW)
        again = reports.keep(session, source, name="another", now=NOW)
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    with database.reading() as session:
        (kept,) = reports.listed(session)
        assert (kept.name, kept.kind) == ("mine", report["report"])
        assert isinstance(reports.shown(kept), type_)


def test_a_report_without_a_name_is_called_as_its_file_and_the_newest_comes_first(
    database: Database, tmp_path: Path
) -> None:
    with database.transaction() as session:
        for number, report in enumerate(made.ALL):
            reports.keep(session, made.written(tmp_path, report, f"{number}.json"), name=" ", now=NOW)
    with database.reading() as session:
        assert [kept.name for kept in reports.listed(session)] == ["3.json", "2.json", "1.json", "0.json"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"report": "cleaning",\n "preset" 1}', r"bad\.json, line 2: this is no JSON"),
        (b"\xff\xfe\x00", r"bad\.json is no text in UTF-8"),
        (b"[1]", r"bad\.json holds no report"),
        (b"{}", r"“report” is none of cleaning, diversity, leakage, mixture"),
        (b'{"report": "cleaning"}', r"bad\.json: preset: field required"),
        (b'{"report": "mixture", "name": "m", "seed": "x"}', r"bad\.json: seed: input should be a valid integer"),
        (b'{"report": ' + b"[" * 3000, r"bad\.json is nested far too deeply"),
    ],
)
def test_what_is_no_report_is_refused_with_file_and_key(
    database: Database, tmp_path: Path, raw: bytes, message: str
) -> None:
    (tmp_path / "bad.json").write_bytes(raw)
    with pytest.raises(Invalid, match=message), database.transaction() as session:
        reports.keep(session, Source(tmp_path / "bad.json", None, "bad.json"), name="", now=NOW)
    with database.reading() as session:
        assert reports.listed(session) == []


def test_a_file_far_too_large_is_not_read_whole(database: Database, tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(reports.LARGEST + 1)
    with pytest.raises(Invalid, match="larger than 64 MiB"), database.transaction() as session:
        reports.keep(session, Source(tmp_path / "large.json", None, "large.json"), name="", now=NOW)


def test_a_report_never_changes_and_is_of_a_known_kind(database: Database) -> None:
    row = {"kind": "cleaning", "name": "a", "report": {}, "sha256": "1", "kept_at": NOW}
    with database.transaction() as session:
        session.execute(insert(DataReport).values(row))
        refused(session, insert(DataReport).values(row), "(?i)unique")
        refused(session, insert(DataReport).values({**row, "sha256": "2", "kind": "guess"}), "(?i)check")
        refused(session, update(DataReport).values(name="b"), "a report never changes")


def test_a_report_that_is_not_there_is_told(database: Database) -> None:
    with pytest.raises(NotFound, match="no report 9"), database.reading() as session:
        reports.get(session, 9)
