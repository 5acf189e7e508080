"""Replay packs as one file, for those who have a browser and no folder. What a pack holds is not its business."""

import lzma
import tempfile
import zipfile
import zlib
from pathlib import Path

from sqlalchemy.orm import Session

from backend.db.judges import Judge
from backend.errors import Invalid
from backend.services.judging import packs
from backend.services.studies.files import Source

PARTS = ("manifest.json", "verdicts.jsonl")
ENDING = ".zip"
MOST_BYTES = 2 * 2**30  # of what a zip unpacks to: beyond it, it is more likely a trap than a pack
CHUNK = 2**20
# Of the archive itself, of one that is locked or packed in a way nobody knows, and of what was packed in each way.
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, lzma.LZMAError, EOFError, OSError)


def is_pack(source: Source) -> bool:
    """Whether a file is meant as a pack, by its name."""
    return source.label.lower().endswith(ENDING)


def zipped(session: Session, judge: Judge) -> bytes:
    """The judge's pack, as a zip of its folder."""
    with tempfile.TemporaryDirectory(prefix="pack-") as parent:
        made = packs.export(session, judge, Path(parent) / "pack")
        whole = Path(parent) / f"pack{ENDING}"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in made:
                archive.write(file, file.name)
        return whole.read_bytes()


def unzipped(source: Source, folder: Path) -> Path:
    """The folder, with the files of the pack in it, from wherever in the zip they lie. Invalid where it is no pack."""
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = {Path(one.filename).name: one for one in archive.infolist() if not one.is_dir()}
            if missing := [name for name in PARTS if name not in members]:
                raise Invalid(f"{source.label} is no replay pack: it has no {missing[0]}.")
            for name in PARTS:
                unpack(archive, members[name], folder / name, label=source.label)
    except BROKEN as error:
        raise Invalid(f"{source.label} can't be unpacked: {error}.") from None
    return folder


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, *, label: str) -> None:
    """One file, as far as it is allowed to grow: what a zip says of its own size is not believed."""
    written = 0
    with archive.open(member) as packed, path.open("wb") as target:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > MOST_BYTES:
                raise Invalid(f"{label} unpacks to more than {MOST_BYTES // 2**30} GB, which no pack does.")
            target.write(chunk)
