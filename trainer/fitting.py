"""Tables of TOML fitted to frozen dataclasses by the types of their fields. Knows no key by name but the paths that
need not be there, and looks at files only to see whether they are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import get_args, get_origin, get_type_hints

from trainer import rules
from trainer.rules import Problem
from trainer.run import Run

MADE = ("out",)  # paths that a run makes; all others have to be there
NONE = "none"  # a value left out on purpose, where leaving out the key means another one: TOML has no null
FOLDERS = ("model.base", "model.tokenizer")  # a folder, or a name on the hub


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its dotted key, the folder that paths are relative to, and the problems so far."""

    key: str
    folder: Path
    found: list[Problem]

    def at(self, name: str) -> "Place":
        return Place(f"{self.key}.{name}".lstrip("."), self.folder, self.found)

    def wrong(self, words: str) -> None:
        self.found.append(Problem(self.key, words))


def fit(kind: type, tables: Mapping[str, object], folder: Path, found: list[Problem]) -> object | None:
    """A dataclass from a table, its tables within; None, with the problems in `found`, where something doesn't fit."""
    return _table(kind, tables, Place("", folder, found))


def keys(kind: type = Run, within: str = "") -> Iterator[str]:
    """Every dotted key that a declaration may have, tables included."""
    for name, hint in get_type_hints(kind).items():
        yield f"{within}{name}"
        inner = _present(hint)
        if is_dataclass(inner) and isinstance(inner, type):
            yield from keys(inner, f"{within}{name}.")


def _table(kind: type, given: object, place: Place) -> object | None:
    if not isinstance(given, Mapping):
        place.wrong("has to be a table")
        return None
    hints = get_type_hints(kind)
    before = len(place.found)
    for name in given:
        if name not in hints:
            place.at(name).wrong(f"there is no such key{_suggestion(name, place.key, tuple(hints))}")
    values = {name: _value(hint, given[name], place.at(name)) for name, hint in hints.items() if name in given}
    for field in fields(kind):
        if field.name not in given and field.default is MISSING and field.default_factory is MISSING:
            place.at(field.name).wrong("is missing, and has no default")
    make: Callable[..., object] = kind
    return make(**values) if len(place.found) == before else None


def _suggestion(name: str, table: str, here: tuple[str, ...]) -> str:
    elsewhere = [key for key in keys() if key.rpartition(".")[2] == name]
    if elsewhere:
        return f", but there is {' and '.join(elsewhere)}"
    near = get_close_matches(name, here, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; {f'[{table}]' if table else 'a run'} has {', '.join(here)}"


def _value(hint: object, given: object, place: Place) -> object | None:
    kind = _present(hint)
    if given == NONE and kind is not hint:
        return None
    if is_dataclass(kind) and isinstance(kind, type):
        return _table(kind, given, place)
    if get_origin(kind) is tuple:
        return _many(get_args(kind), given, place)
    return _one(kind, given, place)


def _present(hint: object) -> object:
    """The type behind an optional one."""
    return next(kind for kind in get_args(hint) if kind is not NoneType) if isinstance(hint, UnionType) else hint


def _many(kinds: tuple[object, ...], given: object, place: Place) -> tuple[object, ...] | None:
    values = given if isinstance(given, list) else [given]
    if kinds[-1] is not Ellipsis and len(values) != len(kinds):
        place.wrong(f"has {len(values)} values; it takes {len(kinds)}, in square brackets")
        return None
    return tuple(_one(kinds[0], value, place) for value in values)


def _one(kind: object, given: object, place: Place) -> object | None:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(kind, given, place)
    if kind is Path:
        return _path(given, place)
    if kind is int or kind is float:
        return _number(kind, given, place)
    if kind is bool and not isinstance(given, bool):
        place.wrong(f"is {_shown(given)}; write true or false, without quotes")
    if kind is str and not isinstance(given, str):
        place.wrong(f"is {_shown(given)}; write a text, in quotes")
    if place.key in FOLDERS and isinstance(given, str):
        return _folder_or_name(given, place)
    return given


def _choice(kind: type[StrEnum], given: object, place: Place) -> StrEnum | None:
    names = [member.value for member in kind]
    if isinstance(given, str) and given in names:
        return kind(given)
    near = get_close_matches(str(given), names, n=1)
    place.wrong(f"is {_shown(given)}; {f'did you mean {near[0]}? It' if near else 'it'} is one of {', '.join(names)}")
    return None


def _number(kind: object, given: object, place: Place) -> float | None:
    whole = kind is int
    if isinstance(given, bool) or not isinstance(given, int if whole else (int, float)):
        place.wrong(f"is {_shown(given)}; write a {'whole ' if whole else ''}number, without quotes")
        return None
    limits = rules.RANGES.get(place.key)
    if limits is not None and not limits.holds(given):
        place.wrong(f"is {given}; it has to be {limits}")
    return given if whole else float(given)


def _path(given: object, place: Place) -> Path | None:
    if not isinstance(given, str) or not given.strip():
        place.wrong(f"is {_shown(given)}; write a path, in quotes")
        return None
    path = (place.folder / Path(given).expanduser()).resolve()
    if place.key in MADE:
        if path.exists() and not path.is_dir():
            place.wrong(f"{path} is a file; name a folder")
    elif not path.is_file():
        place.wrong(f"{path} is {'a folder; name a file in it' if path.is_dir() else 'not there'}")
    return path


def _folder_or_name(given: str, place: Place) -> str:
    folder = (place.folder / Path(given).expanduser()).resolve()
    if given.strip() and folder.is_dir():
        return str(folder)
    if given.startswith((".", "/", "~")):
        place.wrong(f"{folder} is no folder that is there")
    return given


def _shown(given: object) -> str:
    if isinstance(given, Mapping):
        return "a table"
    return f'"{given}"' if isinstance(given, str) else str(given).lower() if isinstance(given, bool) else str(given)
