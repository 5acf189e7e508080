"""Reads posted forms: texts, numbers, and the settings of a study. Knows no database."""

from collections.abc import AsyncIterator

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.web.deps import LARGEST_NUMBER

MOST_FILES = 20
LABELS = {"tie": "About the same", "both_bad": "Both are bad"}


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


def files(form: FormData, name: str) -> list[UploadFile]:
    """The files of a field; an empty file field sends one without a name."""
    return [value for value in form.getlist(name) if isinstance(value, UploadFile) and value.filename]


def settings(form: FormData, before: StudySettings) -> StudySettings:
    """The settings with what the form says instead. Raises Invalid with a sentence."""
    try:
        return before.but(
            title=text(form, "title"),
            question=text(form, "question"),
            instructions=text(form, "instructions"),
            seats=number(form, "seats"),
            split_rule=text(form, "split_rule"),
            session_size=number(form, "session_size"),
            rater_cap=number(form, "rater_cap"),
            lease_minutes=number(form, "lease_minutes"),
            options=options(form, before),
        )
    except ValueError as error:
        raise Invalid(f"These settings can't be used: {error}.") from None


def options(form: FormData, before: StudySettings) -> list[dict[str, str]]:
    """First and second always; tie and both bad where they are ticked, under the words that they had."""
    labels = LABELS | {str(option.choice): option.label for option in before.options}
    chosen = ["first", "second", *(choice for choice in LABELS if text(form, choice))]
    return [{"choice": choice, "label": labels[choice]} for choice in chosen]
