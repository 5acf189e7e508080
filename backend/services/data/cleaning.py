"""Cleans files of dialogues in a stream, step by step: in memory is one of them, and a hash of each that has passed.

Where doubled queries are taken out, what came so far lies in a temporary file and is gone through a second time. The
same dialogues in another order leave the same ones, and the report's counts are the same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryFile

from backend.domain.data.cleaning import Cleaning, Step
from backend.domain.data.dialogues import Dialogue, from_row, to_line
from backend.domain.data.outcomes import Apply, Tally, dropped, kept
from backend.domain.data.queries import Mode, Seen
from backend.domain.data.reports import ReportKind
from backend.domain.records import Json, Row
from backend.services.data import reading
from backend.services.data.reading import Found
from backend.services.data.writing import whole_file
from backend.services.studies.files import OnBytes


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What cleaning did. digest: sha256 of the file that was written."""

    cleaning: Cleaning
    found: Sequence[Found]
    tallies: Sequence[Tally]
    left: int
    digest: str

    @property
    def came(self) -> int:
        """Dialogues that were read."""
        return sum(one.dialogues for one in self.found)

    def to_json(self) -> dict[str, Json]:
        """The report as plain data."""
        return {
            "report": str(ReportKind.CLEANING),
            "preset": self.cleaning.name,
            "files": [one.to_json() for one in self.found],
            "steps": [tally.to_json() for tally in self.tallies],
            "came": self.came,
            "left": self.left,
            "sha256": self.digest,
        }


def clean(found: Sequence[Found], cleaning: Cleaning, target: Path, *, on_bytes: OnBytes | None = None) -> Cleaned:
    """Write what is left of these files to `target`, a dialogue a line, and the report beside it.

    Invalid, with nothing written, where a file can't be read or holds no dialogue.
    """
    tallies = [Tally(step.name) for step in cleaning.steps]
    passing = reading.dialogues(found, on_bytes=on_bytes)
    for step, tally in zip(cleaning.steps, tallies, strict=True):
        passing = passed(passing, step, tally, target.parent)
    left = 0
    with whole_file(target) as file:
        for dialogue in passing:
            file.write(to_line(dialogue) + "\n")
            left += 1
    with target.open("rb") as written:
        digest = file_digest(written, "sha256").hexdigest()
    cleaned = Cleaned(cleaning, found, tallies, left, digest)
    with whole_file(report_of(target)) as file:
        json.dump(cleaned.to_json(), file, indent=2, ensure_ascii=False)
    return cleaned


def report_of(target: Path) -> Path:
    """Where the report on a file lies."""
    return target.with_name(target.name + ".report.json")


def passed(dialogues: Iterator[Dialogue], step: Step, tally: Tally, folder: Path) -> Iterator[Dialogue]:
    """What a step leaves of these dialogues; the tally is right once all have passed."""
    if isinstance(step.does, Mode):
        return once_each(dialogues, step, step.does, tally, folder)
    return one_by_one(dialogues, step, step.does, tally)


def one_by_one(dialogues: Iterator[Dialogue], step: Step, apply: Apply, tally: Tally) -> Iterator[Dialogue]:
    """Each dialogue through a step that looks at no other."""
    for dialogue in dialogues:
        outcome = apply(dialogue) if step.concerns(dialogue) else kept(dialogue)
        tally.count(dialogue, outcome)
        yield from outcome.dialogues


def once_each(dialogues: Iterator[Dialogue], step: Step, mode: Mode, tally: Tally, folder: Path) -> Iterator[Dialogue]:
    """One of each that are the same: all lie in a nameless file of `folder` until the last has been seen."""
    seen = Seen(mode)
    with TemporaryFile("w+", encoding="utf-8", newline="\n", dir=folder) as file:
        for dialogue in dialogues:
            seen.see(dialogue, concerned=step.concerns(dialogue))
            file.write(to_line(dialogue) + "\n")
        file.seek(0)
        for line, stays in zip(file, seen.winners(), strict=True):
            (dialogue,) = from_row(Row(0, json.loads(line)))
            outcome = kept(dialogue) if stays else dropped(f"the same {mode}", asked(dialogue, mode))
            tally.count(dialogue, outcome)
            yield from outcome.dialogues


def asked(dialogue: Dialogue, mode: Mode) -> str:
    """What a dialogue shares with a longer one, as far as a line shows it."""
    if mode == Mode.ID:
        return dialogue.id
    return next((turn.text for turn in dialogue.turns if turn.role == "user"), "")
