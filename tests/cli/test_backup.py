"""`assay backup`: a copy that holds every rating, made while the server goes on, from which everything goes on."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from backend.errors import Invalid, Unavailable
from tests.cli.conftest import Assay


def ratings(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM ratings").fetchone()[0])


def test_a_backup_holds_what_is_still_in_the_second_file_and_its_links_are_the_same(run: Assay, tmp_path: Path) -> None:
    assert run("try", "--simulate").exit_code == 0
    running = sqlite3.connect(tmp_path / "assay-data" / "assay.db")  # as a server does, it keeps the second file there
    with closing(running):
        running.execute("CREATE TABLE of_the_newest_commit (number INTEGER)")
        running.commit()
        assert (tmp_path / "assay-data" / "assay.db-wal").stat().st_size
        done = run("backup", "kept/monday")
    assert done.output == "kept/monday holds 42 ratings. Go on from it: assay serve --data-dir kept/monday\n"
    assert ratings(tmp_path / "kept" / "monday" / "assay.db") == 42
    with closing(sqlite3.connect(tmp_path / "kept" / "monday" / "assay.db")) as copy:
        assert copy.execute("SELECT count(*) FROM of_the_newest_commit").fetchone() == (0,)
    assert run("links", "1", "--data-dir", "kept/monday").output == run("links", "1").output
    assert run("results", "1", "--data-dir", "kept/monday").output == run("results", "1").output


def test_only_its_owner_can_look_into_a_backup(run: Assay, tmp_path: Path) -> None:
    assert run("try", "--simulate").exit_code == 0
    run("backup", "monday")
    assert stat.S_IMODE((tmp_path / "monday").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "monday" / "secret.key").stat().st_mode) == 0o600


def test_a_key_from_the_environment_is_not_written_down(
    run: Assay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_SECRET_KEY", "a key of the environment")
    assert run("try", "--simulate").exit_code == 0
    run("backup", "monday")
    assert [one.name for one in (tmp_path / "monday").iterdir()] == ["assay.db"]


def test_no_backup_is_written_over_another(run: Assay) -> None:
    assert run("try", "--simulate").exit_code == 0
    run("backup", "monday")
    refusal = run("backup", "monday").exception
    assert isinstance(refusal, Invalid)
    assert str(refusal) == "monday is there already. Name a new folder: no backup is written over another."


def test_where_there_is_no_database_it_says_so_and_makes_none(run: Assay, tmp_path: Path) -> None:
    refusal = run("backup", "monday").exception
    assert isinstance(refusal, Invalid)
    assert "There is no database at assay-data/assay.db" in str(refusal)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_not_kept(run: Assay, tmp_path: Path) -> None:
    (tmp_path / "assay-data").mkdir()
    (tmp_path / "assay-data" / "assay.db").write_text("words, and no database. " * 100)
    refusal = run("backup", "monday").exception
    assert isinstance(refusal, Unavailable)
    assert "Nothing was kept." in str(refusal)
    assert list((tmp_path / "monday").iterdir()) == []


def test_a_server_s_database_is_left_to_its_own_tool(run: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", "postgresql://nobody@127.0.0.1/none")
    refusal = run("backup", "monday").exception
    assert isinstance(refusal, Invalid)
    assert "pg_dump" in str(refusal)
