"""A dialogue as all work with data knows it, whatever record it came from. Knows no file and no step of cleaning."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend.domain.records import Json, Row, RowProblem, Turn

ROLES = ("system", "user", "assistant")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
ID_LENGTH = 16
LONGEST_EXCERPT = 100


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Who said what in turn. source: the kind of record it was read from. meta: what else the record said."""

    id: str
    source: str
    turns: tuple[Turn, ...]
    meta: Mapping[str, Json] = field(default_factory=dict)

    def but(self, turns: Sequence[Turn]) -> "Dialogue":
        """The same dialogue with other turns."""
        return Dialogue(self.id, self.source, tuple(turns), self.meta)

    @property
    def characters(self) -> int:
        """Of all turns together."""
        return sum(len(turn.text) for turn in self.turns)


def to_line(dialogue: Dialogue) -> str:
    """The dialogue as a line of JSON, without its line break; the same text for the same dialogue."""
    turns = [{"role": turn.role, "text": turn.text} for turn in dialogue.turns]
    plain = {"id": dialogue.id, "source": dialogue.source, "turns": turns, "meta": dialogue.meta}
    return mended(json.dumps(plain, ensure_ascii=False, sort_keys=True))


def from_row(row: Row, source: str = "") -> list[Dialogue]:
    """A row that `to_line` wrote, read again; where it names no source, `source`. Raises RowProblem."""
    turns, meta, named = row.fields.get("turns"), row.fields.get("meta", {}), row.fields.get("source", source)
    if not isinstance(turns, list) or not isinstance(meta, Mapping) or not isinstance(named, str):
        raise RowProblem("is no dialogue: it has a list of turns, a source that is text, and a table meta")
    said = tuple(turn_of(turn, place) for place, turn in enumerate(turns, start=1))
    return [Dialogue(id_of(row.fields, said), mended(named), said, meta)]


def turn_of(turn: Json, place: int) -> Turn:
    if isinstance(turn, Mapping):
        role, text = turn.get("role"), turn.get("text")
        if isinstance(role, str) and isinstance(text, str) and role in ROLES:
            return Turn(role, mended(text))
    raise RowProblem(f"has a turn {place} without a text and a role ({', '.join(ROLES)})")


def id_of(fields: Mapping[str, Json], turns: Sequence[Turn]) -> str:
    """The record's own id, or one made from what is said: never from its place, which another order would change."""
    given = fields.get("id")
    if isinstance(given, str | int) and not isinstance(given, bool) and str(given).strip():
        return mended(str(given).strip())
    return content_id(turns)


def content_id(turns: Sequence[Turn]) -> str:
    """An id that says what is said, 16 hexadecimal digits of a sha256."""
    return hashlib.sha256(json.dumps([[turn.role, turn.text] for turn in turns]).encode()).hexdigest()[:ID_LENGTH]


def mended(text: str) -> str:
    """Text that UTF-8 can hold: halves of surrogate pairs are joined where they meet, and replaced where they are lone.

    NUL, which databases refuse, is replaced too.
    """
    if not UNSTORABLE.search(text):
        return text
    whole = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def excerpt(text: str) -> str:
    """How a text begins, on one line."""
    words = " ".join(text[: 4 * LONGEST_EXCERPT].split())
    return words if len(words) <= LONGEST_EXCERPT else words[: LONGEST_EXCERPT - 1] + "…"
