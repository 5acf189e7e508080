"""What Prolific says in the address of somebody who comes from there. Asks nothing of anybody."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from backend.crowd.panel import UNFILLED
from backend.errors import Invalid

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
AGAIN = "Please open the study again from Prolific."


@dataclass(frozen=True, slots=True)
class Came:
    """Who came, as the address says. session: the submission's id at the vendor, which only its rater is told."""

    rater: str
    study: str
    session: str


def came(query: Sequence[tuple[str, str]]) -> Came:
    """The three ids of an address. Raises Invalid, in words for the rater."""
    return Came(an_id(query, "PROLIFIC_PID"), an_id(query, "STUDY_ID"), an_id(query, "SESSION_ID"))


def an_id(query: Sequence[tuple[str, str]], name: str) -> str:
    """The one value of a parameter."""
    given = {value.strip() for key, value in query if key == name}
    if len(given) > 1:
        raise Invalid(f"This address holds two different ids ({name}). {AGAIN}")
    value = given.pop() if given else ""
    if not value:
        raise Invalid(f"This address lacks an id ({name}), so you could not be paid. {AGAIN}")
    if UNFILLED.match(value):
        raise Invalid(
            f"Prolific has not filled an id into this address ({name}), so you could not be paid. {AGAIN} "
            "If that does not help, tell the researcher: the study's address is not set up right."
        )
    if not ID.fullmatch(value):
        raise Invalid(f"This address holds an id that Prolific does not give ({name}). {AGAIN}")
    return value
