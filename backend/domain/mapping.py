"""Which column of somebody's file says what: a mapping, as data that can be kept in a file. Knows no row.

Foreign files of ratings (a crowd's batch results, a survey tool's export) name things in their own way. A mapping says
where the rater, the prompt, the order and the choice stand, and what each value means; nothing in it is code.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TypeVar

from backend.domain.records import Json

Word = TypeVar("Word", bound=StrEnum)
ANY = "*"


class PromptBy(StrEnum):
    """What the prompt's column holds: the prompt's id, or its whole text."""

    ID = "id"
    TEXT = "text"


class OrderBy(StrEnum):
    """How a row says which output was shown first."""

    SYSTEMS = "systems"  # columns name the system that was shown first and the one that was shown second
    OUTPUTS = "outputs"  # columns hold the two texts as they were shown
    COLUMN = "column"  # a column says which came first
    CANDIDATE_FIRST = "candidate first"  # in every row
    BASELINE_FIRST = "baseline first"
    UNKNOWN = "unknown"


class Shown(StrEnum):
    """What a value of the order's column means. The last two speak of the columns for first and second."""

    CANDIDATE_FIRST = "candidate first"
    BASELINE_FIRST = "baseline first"
    UNKNOWN = "unknown"
    AS_LISTED = "as listed"
    REVERSED = "reversed"


class Meaning(StrEnum):
    """What a value of the choice's column means. `system`: the value names the system that was preferred."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    CANDIDATE = "candidate"
    BASELINE = "baseline"
    SYSTEM = "system"
    NONE = "no vote"


@dataclass(frozen=True)
class ColumnMapping:
    """Columns by name, and what their values mean; an empty name is a column that the file does not have.

    choice: one column, or several columns of true and false as a pattern such as `Answer.choice.*`: the values are then
    what stands for the star. systems: a name in the file -> the study's system. counted: the statuses whose rows count.
    leave_out: rows with problems are left out and the others come in; otherwise one problem keeps the whole file out.
    share_time: a submission's time is shared equally among that person's rows.
    """

    rater: str = ""
    prompt: str = ""
    prompt_by: PromptBy = PromptBy.ID
    choice: str = ""
    candidate: str = ""
    order: OrderBy = OrderBy.UNKNOWN
    first: str = ""
    second: str = ""
    order_column: str = ""
    seconds: str = ""
    status: str = ""
    assignment: str = ""
    session: str = ""
    share_time: bool = False
    leave_out: bool = False
    counted: tuple[str, ...] = ()
    systems: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, Shown] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """Plain values, without what is empty; the inverse of `from_json`."""
        plain: dict[str, Json] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if value:
                plain[one.name] = list(value) if isinstance(value, tuple) else value
        return plain | {"prompt_by": str(self.prompt_by), "order": str(self.order)}

    @property
    def lacks(self) -> list[str]:
        """What no import can do without, in words that follow “Nothing says ”."""
        needed = {"who rated": self.rater, "which prompt": self.prompt, "what was chosen": self.choice}
        if self.order == OrderBy.COLUMN:
            needed["which output was shown first"] = self.order_column
        elif self.order in (OrderBy.SYSTEMS, OrderBy.OUTPUTS):
            needed["what was shown first"] = self.first or (self.second if self.order == OrderBy.SYSTEMS else "")
            needed["what was shown second"] = self.second or (self.first if self.order == OrderBy.SYSTEMS else "")
        return [what for what, column in needed.items() if not column]


def from_json(given: Mapping[str, Json]) -> ColumnMapping:
    """A mapping from plain values. Raises ValueError, in words that follow a file's name, for what is none."""
    known = {one.name for one in fields(ColumnMapping)}
    if strange := sorted(set(given) - known):
        raise ValueError(f"has {strange[0]!r}, which is not one of {', '.join(sorted(known))}")
    texts = {
        name: text_of(given, name)
        for name in (
            *("rater", "prompt", "choice", "candidate", "first", "second", "order_column"),
            *("seconds", "status", "assignment", "session"),
        )
    }
    return ColumnMapping(
        **texts,
        prompt_by=one_of(PromptBy, "prompt_by", given.get("prompt_by", PromptBy.ID)),
        order=one_of(OrderBy, "order", given.get("order", OrderBy.UNKNOWN)),
        share_time=truth_of(given, "share_time"),
        leave_out=truth_of(given, "leave_out"),
        counted=listed(given, "counted"),
        systems=table_of(given, "systems"),
        orders={value: one_of(Shown, "orders", word) for value, word in table_of(given, "orders").items()},
        meanings={value: one_of(Meaning, "meanings", word) for value, word in table_of(given, "meanings").items()},
    )


def text_of(given: Mapping[str, Json], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"has a {name} that is no text")
    return value


def truth_of(given: Mapping[str, Json], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"has a {name} that is neither true nor false")
    return value


def listed(given: Mapping[str, Json], name: str) -> tuple[str, ...]:
    values = given.get(name, ())
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ValueError(f"has a {name} that is no list")
    return tuple(str(value) for value in values)


def table_of(given: Mapping[str, Json], name: str) -> dict[str, str]:
    values = given.get(name, {})
    if not isinstance(values, Mapping):
        raise ValueError(f"has {name} that are no table")
    return {value: str(word) for value, word in values.items()}


def one_of(known: type[Word], name: str, given: Json) -> Word:
    if given not in list(known):
        raise ValueError(f"has {given!r} in {name}; it must be one of {', '.join(known)}")
    return known(str(given))


def to_toml(mapping: ColumnMapping) -> str:
    """The mapping as a TOML file that people can edit."""
    plain = mapping.to_json()
    tables = {name: value for name, value in plain.items() if isinstance(value, Mapping)}
    lines = [f"{name} = {quoted(value)}" for name, value in plain.items() if name not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{quoted(key)} = {quoted(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def quoted(value: Json) -> str:
    """A text, a truth value or a list of texts: what JSON writes of these is TOML as well, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
