"""Looks for the choice: one column of words, or several of true and false. Proposes, never decides."""

from collections import defaultdict
from dataclasses import dataclass, replace

from backend.domain.foreign.ordering import CHOICE_WORDS
from backend.domain.foreign.reading import is_true, spread
from backend.domain.foreign.recognition import plain
from backend.domain.foreign.sheet import Part, Sheet, Step, words_of
from backend.domain.foreign.words import Understanding, understanding
from backend.domain.mapping import ANY, ColumnMapping, Meaning

TRUTHS = frozenset({"true", "false"})
MOST_VALUES = 12
ENOUGH = 0.5


@dataclass(frozen=True)
class Found:
    """A column (or pattern) that may be the choice, what its values mean, and how much speaks for it."""

    column: str
    counts: dict[str, int]
    understood: Understanding
    weight: tuple[float, ...]


def which_choice(table: Sheet, mapping: ColumnMapping) -> Step:
    """The column whose values are best understood as choices; of equals, the one whose name speaks of a choice."""
    found = [*columns(table, mapping), *patterns(table, mapping)]
    if not found:
        return Step(
            mapping, (), ("No column holds choices that are understood; choose it, and say what its values mean.",)
        )
    best = max(found, key=lambda one: one.weight)
    understood = best.understood
    examples = tuple(f"{value} ×{count:,}" for value, count in best.counts.items())
    part = Part("Choice", (best.column,), "its values are those of a choice between two", examples)
    guessed = [f"That {value!r} means {understood.meanings[value]} is a guess." for value in understood.guessed]
    strange = [
        f"What the choice {value!r} means is not known." for value in best.counts if value not in understood.meanings
    ]
    return Step(replace(mapping, choice=best.column, meanings=understood.meanings), (part,), (*guessed, *strange))


def columns(table: Sheet, mapping: ColumnMapping) -> list[Found]:
    """Single columns of few values, most of which are understood."""
    free = [name for name in table.free(mapping) if not name.startswith("Input.")]
    return [
        one
        for name in free
        if len(table.values[name]) <= MOST_VALUES and not set(map(plain, table.values[name])) <= TRUTHS
        if (one := weighed(table, name, dict(table.values[name].most_common())))
    ]


def patterns(table: Sheet, mapping: ColumnMapping) -> list[Found]:
    """Groups of columns that hold true and false, such as Answer.choice.A and Answer.choice.B."""
    return [
        one
        for pattern in grouped([name for name in table.free(mapping) if is_truth(table, name)])
        if (one := weighed(table, pattern, trues(table, pattern)))
    ]


def is_truth(table: Sheet, column: str) -> bool:
    return set(map(plain, table.values[column])) <= TRUTHS


def grouped(names: list[str]) -> list[str]:
    """The patterns that two or more of these names follow: their last part differs, but for “.on” behind it."""
    groups: dict[str, int] = defaultdict(int)
    for name in names:
        inner, _, last = name.rpartition(".")
        if last == "on" and inner:
            groups[f"{inner.rpartition('.')[0]}.{ANY}.on".removeprefix(".")] += 1
        elif inner:
            groups[f"{inner}.{ANY}"] += 1
    return [pattern for pattern, count in groups.items() if count > 1]


def trues(table: Sheet, pattern: str) -> dict[str, int]:
    """How often each of the pattern's columns is true."""
    counts = dict.fromkeys(spread(pattern, dict.fromkeys(table.values, "")), 0)
    for row in table.rows:
        for name, value in spread(pattern, row).items():
            counts[name] += is_true(value)
    return counts


def weighed(table: Sheet, column: str, counts: dict[str, int]) -> Found | None:
    """How much of this column is understood as choices; None where that is too little, or no side is among them."""
    understood = understanding(counts, table.known)
    total = sum(counts.values())
    known = sum(count for value, count in counts.items() if value in understood.meanings)
    if not total or known / total < ENOUGH or set(understood.meanings.values()) <= {Meaning.TIE, Meaning.BOTH_BAD}:
        return None
    named = bool(CHOICE_WORDS & set(words_of(column)))
    return Found(column, counts, understood, (named, known / total, column.startswith("Answer."), len(counts)))
