"""A copy of the embedded database, made while others write to it. Asks no migration: a copy is of what is there.

The file alone is no copy: what was written last lies in a second one beside it (WAL), hours of ratings among it.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from backend.errors import Unavailable


def copy(source: Path, target: Path) -> int:
    """Copy it whole, or not at all; the number of ratings in the copy. Unavailable where there is nothing to copy."""
    part = target.with_suffix(".part")
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as there,
            closing(sqlite3.connect(part)) as here,
        ):
            there.backup(here)
            ratings = int(here.execute("SELECT count(*) FROM ratings").fetchone()[0])
    except sqlite3.Error as error:
        part.unlink(missing_ok=True)
        raise Unavailable(f"{source} can't be copied: {error}. Nothing was kept.") from None
    part.rename(target)
    return ratings
