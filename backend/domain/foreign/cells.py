"""A row's cells as text, whatever its file. Knows no mapping."""

import json
from collections.abc import Iterator, Mapping

from backend.domain.records import Json, Row

Cells = Mapping[str, str]


def cells(row: Row) -> dict[str, str]:
    """A row's cells as text. What a crowd's form keeps as JSON in one cell (`Answer.taskAnswers`) becomes columns."""
    found: dict[str, str] = {}
    for name, value in row.fields.items():
        head, _, last = name.rpartition(".")
        if last == "taskAnswers" and isinstance(value, str) and (answers := answered(value)):
            found |= {f"{head}.{inner}" if head else inner: text for inner, text in answers.items()}
        else:
            found[name] = as_cell(value)
    return found


def answered(text: str) -> dict[str, str]:
    """The answers in a cell of JSON, a list of one object, under dotted names; none where it is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    only = value[0] if isinstance(value, list) and len(value) == 1 else None
    return dict(leaves(only, "")) if isinstance(only, Mapping) else {}


def leaves(value: Mapping[str, Json], name: str) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if isinstance(inner, Mapping):
            yield from leaves(inner, f"{name}{key}.")
        else:
            yield f"{name}{key}", as_cell(inner)


def as_cell(value: Json) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else json.dumps(value)
