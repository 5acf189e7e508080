"""Reads plain data (a preset file, a form, a JSON column) key by key; a ValueError names the key that is wrong."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


def text(plain: Mapping[str, object], key: str) -> str:
    """A text that is not blank."""
    value = plain.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text")
    return value


def word(plain: Mapping[str, object], key: str, known: type[Word]) -> Word:
    """One of a few known words."""
    value = text(plain, key)
    if value not in list(known):
        raise ValueError(f"{key} must be one of {', '.join(known)}, not {value!r}")
    return known(value)


def number(plain: Mapping[str, object], key: str) -> int:
    """A whole number; true and false are none."""
    value = plain.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} must be a whole number")
    return value


def real(plain: Mapping[str, object], key: str) -> float:
    """Any number, but not infinity or “no number”, which files can hold too."""
    value = plain.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{key} must be a number")
    return float(value)


def flag(plain: Mapping[str, object], key: str) -> bool:
    """True or false."""
    value = plain.get(key)
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false")
    return value


def table(plain: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A table of further keys; an empty one where the key is missing."""
    value = plain.get(key, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{key} must be a table")
    return value


def rows(plain: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """A list of tables; an empty one where the key is missing."""
    value = plain.get(key, [])
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError(f"{key} must be a list of tables")
    return list(value)


def words(plain: Mapping[str, object], key: str) -> tuple[str, ...]:
    """A list of texts with at least one."""
    value = plain.get(key)
    if not isinstance(value, list | tuple) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError(f"{key} must be a list of texts")
    return tuple(value)


def no_others(plain: Mapping[str, object], known: set[str], what: str) -> None:
    """Refuses keys that nobody would read, so that a misspelt rule is never silently off."""
    if unknown := sorted(set(plain) - known):
        raise ValueError(f"unknown {what} {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
