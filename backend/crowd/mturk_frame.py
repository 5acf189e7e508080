"""What Mechanical Turk says in the address of a framed page, and where its last form may go. Asks nothing of anybody.

Ids in an address are what somebody claims. Where the form goes is compared with a list letter by letter and never
understood, so there is no address that a browser could understand otherwise.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from backend.errors import Invalid

VENDOR = ("https://www.mturk.com", "https://workersandbox.mturk.com")
# The site on which raters work frames our page, and takes no form of ours.
FRAMING = ("https://worker.mturk.com",)
PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"
ID, RATER = re.compile(r"[A-Z0-9]{1,64}"), re.compile(r"A[A-Z0-9]{1,63}")
HOST = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
ORIGIN = re.compile(rf"(?:https://{HOST}|http://(?:127\.0\.0\.1|localhost|\[::1\]))(?::[0-9]{{1,5}})?")
AGAIN = "Please open the HIT again from Mechanical Turk."


@dataclass(frozen=True, slots=True)
class Came:
    """A rater who has accepted a HIT, as the address says."""

    assignment: str
    hit: str
    rater: str
    submit_to: str


def origins(extra: str) -> tuple[str, ...]:
    """The sites that last forms may go to: the vendor's own, and those of a setting, between commas.

    Raises Invalid for what is no https://host[:port]; http is for simulators on this machine only.
    """
    more = [one.rstrip("/") for one in re.split(r"[,\s]+", extra) if one]
    if wrong := [one for one in more if not ORIGIN.fullmatch(one)]:
        raise Invalid(
            f"{wrong[0]!r} can't be a place to submit HITs to: write https://host or https://host:port; "
            "http is taken for this machine alone."
        )
    return tuple(dict.fromkeys((*VENDOR, *more)))


def framing(submit_to: Collection[str]) -> tuple[str, ...]:
    """The sites that may frame our page: those that forms go to, and the one where its raters work."""
    return tuple(dict.fromkeys((*submit_to, *FRAMING)))


def came(query: Sequence[tuple[str, str]], allowed: Collection[str]) -> Came | None:
    """Who came with which assignment, or None in a preview, which names nobody. Raises Invalid, for the rater."""
    assignment = the_one(query, "assignmentId")
    if assignment in ("", PREVIEW):
        return None
    return Came(
        assignment=an_id(assignment, ID),
        hit=an_id(the_one(query, "hitId"), ID),
        rater=an_id(the_one(query, "workerId"), RATER),
        submit_to=place(the_one(query, "turkSubmitTo"), allowed),
    )


def the_one(query: Sequence[tuple[str, str]], name: str) -> str:
    """The value of a parameter, empty where it is missing. Raises Invalid for two that differ."""
    given = {value for key, value in query if key == name}
    if len(given) > 1:
        raise Invalid(f"This address says two things of {name}. {AGAIN}")
    return given.pop() if given else ""


def an_id(text: str, shape: re.Pattern[str]) -> str:
    if not shape.fullmatch(text):
        raise Invalid(f"This address lacks what Mechanical Turk puts into it, so you could not be paid. {AGAIN}")
    return text


def place(address: str, allowed: Collection[str]) -> str:
    """The site that the last form goes to. Raises Invalid for all but those of the list, as they are written there."""
    site = address.removesuffix("/")
    if site not in allowed:
        raise Invalid(f"This address would send your work to somebody else than Mechanical Turk. {AGAIN}")
    return site


def submit_address(site: str) -> str:
    """Where the last form goes."""
    return f"{site}/mturk/externalSubmit"
