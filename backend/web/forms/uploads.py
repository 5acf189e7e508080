"""Uploaded files, on disk while they are read and gone afterwards. Knows no study."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from starlette.datastructures import FormData, UploadFile

from backend.services.studies.files import Source
from backend.web.forms.fields import files


@contextmanager
def uploaded(form: FormData, data_dir: Path) -> Iterator[tuple[list[Source], Source | None]]:
    """(the files of outputs, the file of prompts if there is one), under their own names."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=data_dir) as folder:
        outputs = [kept(file, Path(folder) / f"outputs-{number}") for number, file in enumerate(files(form, "outputs"))]
        prompts = [kept(file, Path(folder) / "prompts") for file in files(form, "prompts")]
        yield outputs, prompts[0] if prompts else None


@contextmanager
def uploaded_one(form: FormData, name: str, data_dir: Path) -> Iterator[Source | None]:
    """The file of this field, under its own name; None where none was chosen."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="upload-", dir=data_dir) as folder:
        yield next((kept(file, Path(folder) / name) for file in files(form, name)), None)


def kept(file: UploadFile, path: Path) -> Source:
    """Copy an upload to a path of our own choosing: its own name is only for messages."""
    with path.open("wb") as target:
        shutil.copyfileobj(file.file, target)
    return Source(path, None, PurePath((file.filename or "upload").replace("\\", "/")).name)
