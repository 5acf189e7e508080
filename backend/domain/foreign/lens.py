"""A mapping on a batch, ready to read rows with; and the two ways in which a row is no rating."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.domain.foreign.cells import Cells
from backend.domain.foreign.recognition import Known, plain
from backend.domain.foreign.submissions import Submissions
from backend.domain.mapping import ColumnMapping, Meaning, Shown


class KeptOut(Exception):
    """A row that does not count, by a rule of the mapping; the message is the reason, the same for every such row."""


class Problem(Exception):
    """A row that can't be understood: its kind, the same for every such row, and what is wrong with this one."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


@dataclass(frozen=True)
class Lens:
    """A mapping on a batch: what values are looked up in. `rows_of`: rater (or session) -> rows, to share out time."""

    mapping: ColumnMapping
    known: Known
    submissions: Submissions | None = None
    rows_of: Mapping[str, int] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(init=False)
    orders: Mapping[str, Shown] = field(init=False)
    systems: Mapping[str, str] = field(init=False)
    counted: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        mapping = self.mapping
        own = {plain(name): name for name in self.known.systems}
        object.__setattr__(self, "meanings", {plain(value): word for value, word in mapping.meanings.items()})
        object.__setattr__(self, "orders", {plain(value): word for value, word in mapping.orders.items()})
        object.__setattr__(self, "systems", own | {plain(name): system for name, system in mapping.systems.items()})
        object.__setattr__(self, "counted", frozenset(map(plain, mapping.counted)))


def cell(row: Cells, column: str, what: str) -> str:
    value = row.get(column, "")
    if not value:
        raise Problem(f"The {what} is missing", f"has no {what} ({column})")
    return value


def short(text: str, most: int = 60) -> str:
    """The beginning of a text, on one line and quoted."""
    line = " ".join(text.split())
    return repr(line if len(line) <= most else line[: most - 1] + "…")
