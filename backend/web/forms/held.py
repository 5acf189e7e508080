"""Uploads that wait for a second step: on disk under a random name, gone once used, or after a day. Knows no study."""

import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from starlette.datastructures import FormData

from backend.errors import Invalid, NotFound
from backend.services.studies.files import Source
from backend.web.forms.fields import files
from backend.web.forms.uploads import kept

PREFIX = "held-"
NAME = re.compile(r"[0-9a-f]{32}")
LONGEST = timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """The files of a form: field -> those that were chosen there, if any."""

    name: str
    sources: Mapping[str, Sequence[Source]]

    def of(self, field: str) -> Sequence[Source]:
        """The files of this field, in the order in which they were chosen."""
        return self.sources.get(field, ())

    def one(self, field: str) -> Source | None:
        """The only file of this field."""
        return next(iter(self.of(field)), None)


def hold(form: FormData, data_dir: Path, fields: Mapping[str, int], *, owner: str, now: datetime) -> str:
    """Keep the files of these fields; the name to find them by. Whatever has waited for too long is removed.

    fields: with the most files of each; Invalid where the first has none. owner: whose upload it is.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    sweep(data_dir, now=now)
    name, needed = secrets.token_hex(16), next(iter(fields))
    with tempfile.TemporaryDirectory(prefix="upload-", dir=data_dir) as parent:
        folder = Path(parent) / "files"
        folder.mkdir()
        labels = {
            field: [
                kept(file, folder / f"{field}-{number}").label for number, file in enumerate(files(form, field)[:most])
            ]
            for field, most in fields.items()
        }
        if not labels[needed]:
            raise Invalid(f"Choose the file that holds the {needed}.")
        (folder / "labels.json").write_text(json.dumps({"owner": owner, "files": labels}), "utf-8")
        folder.rename(data_dir / f"{PREFIX}{name}")  # whole or not at all
    return name


def held(data_dir: Path, name: str, *, owner: str) -> Held:
    """The files of this name; NotFound when they are gone, or are somebody else's."""
    folder = place(data_dir, name)
    try:
        known = json.loads((folder / "labels.json").read_text("utf-8"))
    except FileNotFoundError:
        known = {}
    if known.get("owner") != owner:
        raise NotFound("This upload is not here any more. Choose the file again on the page you came from.")
    return Held(
        name,
        {
            field: [Source(folder / f"{field}-{number}", None, label) for number, label in enumerate(labels)]
            for field, labels in known["files"].items()
        },
    )


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
