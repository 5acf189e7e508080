"""Files that are there whole or not at all: written beside their place, and moved there once they are done."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from backend.errors import Invalid


@contextmanager
def whole_file(path: Path) -> Iterator[IO[str]]:
    """A file to write; it takes the place of `path` when the block ends, and is gone if the block fails."""
    try:
        file = NamedTemporaryFile(  # noqa: SIM115  closed below, before it is moved
            "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
        )
    except OSError as error:
        raise Invalid(f"{path} can't be written: {error.strerror}.") from None
    part = Path(file.name)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
