"""Gold pairs from files: with verdicts they say how far a judge can be trusted, without they become a study for it."""

import json
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from backend.db.studies import Study
from backend.domain.judging.gold import GoldPair, gold_pair
from backend.errors import Invalid
from backend.services.studies import imports, studies
from backend.services.studies.files import Source, rows

RIGHT, WRONG = "right", "wrong"


def read(sources: Sequence[Source]) -> list[GoldPair]:
    """Every pair of the files. Invalid, with file and line."""
    found = []
    for source in sources:
        for row in rows(source):
            try:
                found.append(gold_pair(row))
            except ValueError as error:
                raise Invalid(f"{source.label}, line {row.line}: this row {error}.") from None
    return found


def study(session: Session, pairs: Sequence[GoldPair], *, name: str, preset: str, now: datetime) -> Study:
    """A study of two systems, the right outputs and the wrong ones, that a judge can be asked about as about any."""
    with tempfile.TemporaryDirectory() as folder:
        sources = [
            source(Path(folder) / f"{system}.jsonl", system, pairs, [getattr(pair, system) for pair in pairs])
            for system in (RIGHT, WRONG)
        ]
        inspected = imports.inspect(sources, prompts=None, baseline=WRONG)
        return imports.store(session, inspected, name=name, settings=studies.preset(preset), now=now)


def source(path: Path, system: str, pairs: Sequence[GoldPair], outputs: Sequence[str]) -> Source:
    """One system's outputs as a file that can be imported."""
    lines = [
        json.dumps({"id": number, "prompt": pair.prompt, "output": output}) + "\n"
        for number, (pair, output) in enumerate(zip(pairs, outputs, strict=True), start=1)
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return Source(path, system, path.name)
