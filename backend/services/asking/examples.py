"""Seeds and evaluation texts out of people's files. Knows no synthesis."""

from collections.abc import Sequence
from pathlib import Path

from backend.domain.data.dialogues import from_row
from backend.domain.records import Record, Row, RowProblem, Turn, prompt_record
from backend.domain.synthesis.methods import Seed
from backend.errors import Invalid
from backend.services.studies import files
from backend.services.studies.files import Source


def texts(paths: Sequence[Path]) -> tuple[str, ...]:
    """What users say in these files' prompts or dialogues, each text once. Invalid with file and line."""
    said = (turn.text for path in paths for _, turns in records(path) for turn in turns if turn.role == "user")
    return tuple(dict.fromkeys(said))


def seeds(path: Path) -> tuple[Seed, ...]:
    """The first turn of each row, and what answers it where that is there."""
    return tuple(
        Seed(record.key or f"line {record.line}", turns[0].text, answer_in(turns)) for record, turns in records(path)
    )


def answer_in(turns: Sequence[Turn]) -> str | None:
    return next((turn.text for turn in turns[1:2] if turn.role == "assistant"), None)


def records(path: Path) -> list[tuple[Record, Sequence[Turn]]]:
    source = Source(path, None, path.name)
    try:
        return [read(row, source) for row in files.rows(source)]
    except OSError as error:
        raise Invalid(f"{path.name} can't be read: {error.strerror}.") from None


def read(row: Row, source: Source) -> tuple[Record, Sequence[Turn]]:
    try:
        if "turns" in row.fields:
            (dialogue,) = from_row(row)
            return Record(row.line, dialogue.id, dialogue.turns, None, None, None), dialogue.turns
        record = prompt_record(row)
    except RowProblem as problem:
        raise Invalid(f"{source.label}, line {row.line}: {problem}.") from None
    return record, record.dialogue or ()
