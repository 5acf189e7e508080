"""The first rows of a foreign file by columns, and what a column's name hints at. Knows no mapping's parts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.domain.foreign.cells import Cells
from backend.domain.foreign.recognition import Known, bare, word_set, words_in
from backend.domain.mapping import ColumnMapping

# What Mechanical Turk says of every assignment; none of it is a prompt or a choice.
ABOUT = word_set(
    "hitid hittypeid title description keywords reward creationtime maxassignments requesterannotation "
    "assignmentdurationinseconds autoapprovaldelayinseconds expiration numberofsimilarhits lifetimeinseconds "
    "assignmentid workerid assignmentstatus accepttime submittime autoapprovaltime approvaltime rejectiontime "
    "requesterfeedback worktimeinseconds lifetimeapprovalrate last30daysapprovalrate last7daysapprovalrate "
    "approve reject"
)
RANKS = {"first": 1, "second": 2, "left": 1, "right": 2, "a": 1, "b": 2, "one": 1, "two": 2, "x": 1, "y": 2}
EXAMPLES = 3


@dataclass(frozen=True)
class Part:
    """One part of a mapping: what it is, its columns, why these, and the first values in them."""

    name: str
    columns: tuple[str, ...]
    reason: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A mapping so far; what the last look added to it, and in sentences what it did not find or only guessed."""

    mapping: ColumnMapping
    parts: tuple[Part, ...] = ()
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """How often each value of a column occurs, empty cells left out; and the rows."""

    values: Mapping[str, Counter[str]]
    rows: Sequence[Cells]
    known: Known

    def examples(self, column: str) -> tuple[str, ...]:
        return tuple(list(self.values.get(column, ()))[:EXAMPLES])

    def share(self, column: str, holds: Callable[[str], bool]) -> float:
        """The share of this column's filled cells that are so; 0 without any."""
        counts = self.values[column]
        return sum(count for value, count in counts.items() if holds(value)) / (counts.total() or 1)

    def named(self, names: Iterable[str]) -> str:
        """The first filled column that goes by one of these bare names; empty without one."""
        by_name = {own_name(column): column for column in reversed(list(self.values)) if self.values[column]}
        return next((by_name[name] for name in names if name in by_name), "")

    def free(self, mapping: ColumnMapping) -> list[str]:
        """The filled columns that nothing is read from yet, and that are not the crowd's own."""
        taken = {mapping.rater, mapping.prompt, mapping.first, mapping.second, mapping.order_column}
        taken |= {mapping.candidate, mapping.seconds, mapping.status, mapping.assignment, mapping.session}
        return [name for name in self.values if name not in taken and own_name(name) not in ABOUT and self.values[name]]


def sheet(header: Iterable[str], rows: Sequence[Cells], known: Known) -> Sheet:
    """The first rows of a file by columns."""
    return Sheet({name: Counter(filter(None, (row.get(name, "") for row in rows))) for name in header}, rows, known)


def own_name(column: str) -> str:
    """A column's name without Input. and Answer., as bare letters."""
    return bare(column.removeprefix("Input.").removeprefix("Answer."))


def words_of(column: str) -> list[str]:
    """The words of a column's name: Input.modelA_id → model, a, id."""
    return words_in(column.removeprefix("Input.").removeprefix("Answer."))


def rank(column: str) -> int | None:
    """Where a name stands in a pair: model_a before model_b, output1 before output2, left before right."""
    ranks = [int(word) if word.isdecimal() else RANKS[word] for word in words_of(column) if rankable(word)]
    return ranks[-1] if ranks else None


def rankable(word: str) -> bool:
    return word in RANKS or (word.isdecimal() and len(word) < 3)


def in_order(columns: Sequence[str]) -> list[str]:
    """Columns by their rank; as they stand in the file where names say nothing."""
    ranks = [rank(column) for column in columns]
    if None in ranks or len(set(ranks)) < len(ranks):
        return list(columns)
    return sorted(columns, key=lambda column: rank(column) or 0)
