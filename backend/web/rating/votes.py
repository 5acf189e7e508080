"""Reads what a rater's form says, and names the place that it is about. Knows no database."""

import re
from dataclasses import dataclass
from struct import Struct
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends
from starlette.requests import Request

from backend.db.assignments import SkipReason
from backend.domain.choices import Choice
from backend.domain.settings import StudySettings
from backend.errors import Invalid
from backend.services.rating.ratings import Vote
from backend.services.rating.tasks import Task
from backend.web.deps import House

LONGEST_FORM = 256 * 1024
MOST_FIELDS = 100
ANSWER = "answer."
PACKED = Struct(">q?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rater sits: at a seat, by its assignment, or at a check. Its token looks the same for either."""

    number: int
    is_check: bool


async def the_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, read up to a bound: no rater has a reason to send more."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            raise Invalid("This is longer than can be stored. Please shorten your comment and send it again.")
    try:
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid("This form has more fields than the page. Please reload the page and try again.") from None
    return {name: value.replace("\0", "") for name, value in fields}


Form = Annotated[dict[str, str], Depends(the_form)]


def place_of(house: House, form: dict[str, str]) -> Place:
    """The place that a form is about."""
    return Place(*PACKED.unpack(house.tokens.unseal("assignment", form.get("assignment", ""))))


def token_of(house: House, task: Task) -> str:
    """The name of this task's place: always the same for the same place, and telling nothing of it."""
    return house.tokens.seal("assignment", PACKED.pack(task.assignment_id, task.is_check))


def vote_of(form: dict[str, str], settings: StudySettings) -> Vote:
    """What the form says; Invalid for a choice that this study does not offer."""
    choice = form.get("choice", "")
    if choice not in [option.choice for option in settings.options]:
        raise Invalid("Please press one of the buttons below the outputs; nothing was stored.")
    return Vote(
        Choice(choice),
        comment=form.get("comment", ""),
        active_ms=time_of(form),
        answers=answers_of(form, settings),
    )


def time_of(form: dict[str, str]) -> int | None:
    """The active time that the page's script measured, in ms; None where it is unknown."""
    active_ms = form.get("active_ms", "")
    # Nine digits are eleven days: anything else is no time that somebody spent here, so it stays unknown.
    return int(active_ms) if re.fullmatch(r"[0-9]{1,9}", active_ms) else None


def answers_of(form: dict[str, str], settings: StudySettings) -> dict[str, str]:
    """Answers to the study's further questions, the unanswered left out; Invalid for one that was not offered."""
    given = {question: form.get(ANSWER + question.key, "") for question in settings.questions}
    for question, words in given.items():
        if words and words not in question.answers:
            raise Invalid(f"Please choose one of the answers to “{question.text}”; nothing was stored.")
    return {question.key: words for question, words in given.items() if words}


def reason_of(form: dict[str, str]) -> SkipReason:
    """Why a comparison can't be judged."""
    try:
        return SkipReason(form.get("reason", ""))
    except ValueError:
        raise Invalid("Please say why you can't judge this: press one of the reasons.") from None
