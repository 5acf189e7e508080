"""Reads what is trained on: a dialogue a line, or a text a line. Knows no token.

A dialogue is {"id", "source", "turns": [{"role", "text"}], "meta"}, as `assay data` writes it: what the system says
comes first, then user and assistant take turns, as in EasyLM's data (human_0, gpt_1, human_2, …). A dialogue in which
one speaks twice in a row is refused, not joined: joined turns would teach an answer that nobody gave. Several turns
of the system at the beginning are one, with a blank line between them: nothing of them is taught.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from trainer.errors import BadRun

SYSTEM, USER, ASSISTANT = ROLES = ("system", "user", "assistant")
SURROGATE = re.compile("[\ud800-\udfff]")
ID_LENGTH = 16  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of the three said."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Who said what in turn."""

    id: str
    turns: tuple[Turn, ...]

    @property
    def taught(self) -> tuple[Turn, ...]:
        """The turns to the last answer. A query after it teaches nothing, because only answers are taught."""
        last = max((place for place, turn in enumerate(self.turns) if turn.role == ASSISTANT), default=-1)
        return self.turns[: last + 1]

    @property
    def opening(self) -> int:
        """A number of 64 bits that says how it begins, to the first query: the same in any file, order and process."""
        end = next((place for place, turn in enumerate(self.turns) if turn.role != SYSTEM), 0) + 1
        return int(content_id(self.turns[:end]), 16)


def read(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a file, one at a time. BadRun, with file and line, at the first that can't be trained on."""
    for place, record in records(path):
        yield dialogue(record, place)


def read_texts(path: Path) -> Iterator[str]:
    """The texts of a file with {"text": …} a line. BadRun, with file and line, where one is missing or empty."""
    for place, record in records(path):
        if not isinstance(said := record.get("text"), str) or not said:
            raise BadRun(f'{place}: has no text. A line is {{"text": "…"}}.')
        yield whole(said, place)


def records(path: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(file and line, the table there) for each line that is not blank. BadRun where there is none."""
    found = False
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    found, place = True, f"{path}:{number}"
                    yield place, table(line, place)
    except OSError as error:
        raise BadRun(f"{path} can't be read: {error.strerror}.") from None
    if not found:
        raise BadRun(f"{path} is empty.")


def table(line: bytes, place: str) -> Mapping[str, object]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadRun(f"{place}: is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise BadRun(f"{place}: is not JSON. A file has one record a line.") from None
    if not isinstance(record, dict):
        raise BadRun(f"{place}: is JSON, but no table in {{}}.")
    return record


def dialogue(record: Mapping[str, object], place: str) -> Dialogue:
    turns = record.get("turns")
    if not isinstance(turns, list) or not turns:
        raise BadRun(f"{place}: has no turns. `assay data` writes dialogues as they are read here.")
    said = with_one_system([turn_of(turn, f"{place}: turn {number}") for number, turn in enumerate(turns, start=1)])
    check_order(said, place)
    given = record.get("id")
    return Dialogue(whole(given, place) if isinstance(given, str) and given else content_id(said), tuple(said))


def turn_of(turn: object, place: str) -> Turn:
    if not isinstance(turn, dict) or not isinstance(role := turn.get("role"), str):
        raise BadRun(f"{place} has no role ({', '.join(ROLES)}).")
    if role not in ROLES:
        raise BadRun(f"{place} has the role {role!r}, which is none of {', '.join(ROLES)}.")
    if not isinstance(text := turn.get("text"), str):
        raise BadRun(f"{place} has no text.")
    return Turn(role, whole(text, place))


def whole(text: str, place: str) -> str:
    if SURROGATE.search(text):
        raise BadRun(f"{place}: has half of a surrogate pair, which is no character and can't be written as UTF-8.")
    return text


def with_one_system(turns: Sequence[Turn]) -> list[Turn]:
    start = next((place for place, turn in enumerate(turns) if turn.role != SYSTEM), len(turns))
    rules = [Turn(SYSTEM, "\n\n".join(turn.text for turn in turns[:start]))] if start else []
    return [*rules, *turns[start:]]


def check_order(turns: Sequence[Turn], place: str) -> None:
    for before, turn in pairwise(turns):
        if turn.role == SYSTEM:
            raise BadRun(f"{place}: the system speaks in the middle. The cleaning step `alternation` drops such a one.")
        if turn.role == before.role:
            raise BadRun(
                f"{place}: the {turn.role} speaks twice in a row. The cleaning step `alternation` drops such a one."
            )


def content_id(turns: Sequence[Turn]) -> str:
    said = json.dumps([[turn.role, turn.text] for turn in turns])
    return hashlib.sha256(said.encode()).hexdigest()[:ID_LENGTH]
