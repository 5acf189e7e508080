"""Reads posted forms: texts, numbers and files. Knows no form in particular."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from backend.db.base import LARGEST_NUMBER
from backend.errors import Invalid

MOST_FILES = 20
Word = TypeVar("Word", bound=StrEnum)


async def posted(request: Request) -> AsyncIterator[FormData]:
    """The form of this request; files wait on disk, not in memory, and are gone with the request."""
    async with request.form(max_files=MOST_FILES) as form:
        yield form


def text(form: FormData, name: str) -> str:
    """The text of a field, trimmed and without NUL, which PostgreSQL can't hold; empty where it is missing."""
    value = form.get(name)
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """Every value of a field that may stand several times."""
    return [value for value in form.getlist(name) if isinstance(value, str) and value]


def number(form: FormData, name: str) -> int | None:
    """The whole number in a field, None where it is empty; Invalid where it is something else."""
    given = text(form, name)
    if not given:
        return None
    try:
        value = int(given)
    except ValueError:
        raise Invalid(f"{name.replace('_', ' ')} must be a whole number, not {given[:40]!r}.") from None
    if abs(value) > LARGEST_NUMBER:
        raise Invalid(f"{name.replace('_', ' ')} must be at most {LARGEST_NUMBER:,}.")
    return value


def word(form: FormData, name: str, words: type[Word]) -> Word:
    """One of the words that a select offers; Invalid for any other text."""
    try:
        return words(text(form, name))
    except ValueError:
        raise Invalid(f"{name.capitalize()} must be one of the list, not {text(form, name)[:40]!r}.") from None


def word_or_none(form: FormData, name: str, words: type[Word]) -> Word | None:
    """As `word`; None where the field is empty or missing."""
    return word(form, name, words) if text(form, name) else None


def files(form: FormData, name: str) -> list[UploadFile]:
    """The files of a field; an empty file field sends one without a name."""
    return [value for value in form.getlist(name) if isinstance(value, UploadFile) and value.filename]
