"""A pack as a zip: it goes out, comes in, and what is no pack is refused in words."""

import zipfile
from pathlib import Path

import pytest

from backend.db.session import Database
from backend.errors import Invalid
from backend.services.judging import judges, pack_files, packs
from backend.services.studies.files import Source
from tests import judged


def source(path: Path) -> Source:
    return Source(path, None, path.name)


def archive(path: Path, files: dict[str, str]) -> Source:
    """A zip of these texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return source(path)


def test_a_pack_that_was_zipped_is_read_as_it_was(database: Database, tmp_path: Path) -> None:
    bench = judged.bench(database, tmp_path)
    with database.reading() as session:
        judge = judges.get(session, bench.asked)
        (tmp_path / "pack.zip").write_bytes(pack_files.zipped(session, judge))
        expected = packs.packed(session, judge)
    folder = tmp_path / "unpacked"
    folder.mkdir()
    assert packs.load(pack_files.unzipped(source(tmp_path / "pack.zip"), folder)).entries == expected.entries


def test_a_zip_of_the_folder_itself_is_a_pack_too_and_its_paths_lead_nowhere(tmp_path: Path) -> None:
    given = archive(tmp_path / "p.zip", {"../../manifest.json": "{}", "pack/verdicts.jsonl": "", "pack/x.txt": "y"})
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    pack_files.unzipped(given, folder)
    assert sorted(one.name for one in folder.iterdir()) == ["manifest.json", "verdicts.jsonl"]
    assert not (tmp_path / "manifest.json").exists()


def test_what_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"p\.zip is no replay pack: it has no verdicts\.jsonl"):
        pack_files.unzipped(archive(tmp_path / "p.zip", {"manifest.json": "{}"}), tmp_path)
    (tmp_path / "q.zip").write_text("no zip at all")
    with pytest.raises(Invalid, match=r"q\.zip can't be unpacked"):
        pack_files.unzipped(source(tmp_path / "q.zip"), tmp_path)


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_whose_content_is_broken_is_refused_however_it_was_packed(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", kind) as made:
        made.writestr("manifest.json", "".join(f"line {number}\n" for number in range(1000)))
        made.writestr("verdicts.jsonl", "")
    whole = path.read_bytes()
    for at in (50, 60, 80, 200):
        path.write_bytes(whole[:at] + b"\xff" * 40 + whole[at + 40 :])
        with pytest.raises(Invalid, match=r"p\.zip can't be unpacked"):
            pack_files.unzipped(source(path), tmp_path)


def test_a_zip_that_grows_beyond_what_a_pack_can_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_files, "MOST_BYTES", 1000)
    given = archive(tmp_path / "p.zip", {"manifest.json": "x" * 5_000_000, "verdicts.jsonl": ""})
    with pytest.raises(Invalid, match="unpacks to more than"):
        pack_files.unzipped(given, tmp_path)
