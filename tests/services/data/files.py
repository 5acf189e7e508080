"""Files of dialogues for the tests, written where a test says."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from backend.domain.data.dialogues import Dialogue
from backend.domain.data.kinds import Kind
from backend.domain.records import Json
from backend.services.data import reading
from backend.services.data.reading import Found
from backend.services.studies.files import Source


def source(folder: Path, content: bytes, name: str = "given.jsonl") -> Source:
    """A file with this content."""
    (folder / name).write_bytes(content)
    return of(folder / name)


def of(path: Path) -> Source:
    """A file that lies there."""
    return Source(path, None, path.name)


def lines(rows: Iterable[Json]) -> bytes:
    """JSONL."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def sharegpt(*texts: str, key: str = "a") -> Json:
    """A record of ShareGPT: the user begins."""
    said = [{"from": ("human", "gpt")[at % 2], "value": text} for at, text in enumerate(texts)]
    return {"id": key, "conversations": said}


def looked(sources: Sequence[Source], kind: Kind | None = None) -> list[Found]:
    """The files as what they look like, or are said to be."""
    return [reading.look(one, kind) for one in sources]


def read(found: Sequence[Found]) -> list[Dialogue]:
    """Every dialogue of these files."""
    return list(reading.dialogues(found))
