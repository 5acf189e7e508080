"""Uploads that wait for a second step: on disk under a random name, gone once used, or after a day. Knows no study."""

import json
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from starlette.datastructures import FormData

from backend.errors import Invalid, NotFound
from backend.services.files import Source
from backend.web.forms import files
from backend.web.uploads import kept

PREFIX = "held-"
NAME = re.compile(r"[0-9a-f]{32}")
LONGEST = timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """Two files, the second of which need not be there."""

    name: str
    ratings: Source
    submissions: Source | None


def hold(form: FormData, data_dir: Path, *, batch_id: int, now: datetime) -> str:
    """Keep the files of this form; the name to find them by. Whatever has waited for too long is removed."""
    data_dir.mkdir(parents=True, exist_ok=True)
    sweep(data_dir, now=now)
    name = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=data_dir) as parent:
        folder = Path(parent) / "files"
        folder.mkdir()
        labels = {
            field: kept(file, folder / field).label
            for field in ("ratings", "submissions")
            for file in files(form, field)[:1]
        }
        if "ratings" not in labels:
            raise Invalid("Choose the file that holds the ratings.")
        (folder / "labels.json").write_text(json.dumps({"batch": batch_id, **labels}), "utf-8")
        folder.rename(data_dir / f"{PREFIX}{name}")  # whole or not at all
    return name


def held(data_dir: Path, name: str, *, batch_id: int) -> Held:
    """The files of this name; NotFound when they are gone, or were given for another batch."""
    folder = place(data_dir, name)
    try:
        labels = json.loads((folder / "labels.json").read_text("utf-8"))
    except FileNotFoundError:
        labels = {}
    if labels.get("batch") != batch_id:
        raise NotFound("This upload is not here any more. Choose the file again on the batch’s page.")
    sources = {
        field: Source(folder / field, None, labels[field]) for field in ("ratings", "submissions") if field in labels
    }
    return Held(name, sources["ratings"], sources.get("submissions"))


def release(data_dir: Path, name: str) -> None:
    """Remove the files of this name, if they are there."""
    shutil.rmtree(place(data_dir, name), ignore_errors=True)


def place(data_dir: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise NotFound("There is no such upload.")
    return data_dir / f"{PREFIX}{name}"


def sweep(data_dir: Path, *, now: datetime) -> None:
    """Remove uploads that nobody came back for."""
    for folder in data_dir.glob(f"{PREFIX}*"):
        try:
            age = now.timestamp() - folder.stat().st_mtime
        except FileNotFoundError:  # another request was faster
            continue
        if age > LONGEST.total_seconds():
            shutil.rmtree(folder, ignore_errors=True)
