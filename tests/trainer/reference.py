"""Every key of a RUN.toml with its default, as docs/training.md has to list them."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

from trainer.run import Base, Data, Run

NEEDED = "needed"
NOTHING = "–"


def defaults() -> dict[str, str]:
    """Dotted keys, in the order of a file, with what stands in the table's second column."""
    example = Run("", Path(), Data(()), Base(""))
    found = dict(_below(Run, example, ""))
    return {key: found[key] for key in sorted(found, key=lambda key: (key.count(".") > 0,))}


def _below(kind: type, example: object | None, above: str) -> Iterator[tuple[str, str]]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        inner = next((part for part in (hints[field.name], *get_args(hints[field.name])) if is_dataclass(part)), None)
        value = NEEDED if field.default is MISSING and field.default_factory is MISSING else None
        if value is None or inner is not None:
            value = getattr(example, field.name) if example is not None else field.default
        if isinstance(inner, type):
            yield from _below(inner, value if is_dataclass(value) else None, f"{above}{field.name}.")
        else:
            yield f"{above}{field.name}", _shown(value)


def _shown(value: object) -> str:
    if value == NEEDED:
        return NEEDED
    if value is None or value in ("", ()):
        return NOTHING
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f"`{value}`"
