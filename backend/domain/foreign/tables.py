"""The tables of a mapping, for a person who has chosen other columns: which values want a meaning. Knows no form."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from backend.domain.foreign.choosing import grouped, is_truth, trues
from backend.domain.foreign.ordering import MOST_NAMES
from backend.domain.foreign.recognition import plain, system_of
from backend.domain.foreign.sheet import Sheet, own_name
from backend.domain.foreign.words import orders_of, understanding
from backend.domain.mapping import ANY, ColumnMapping, Meaning, OrderBy


@dataclass(frozen=True)
class Asked:
    """value -> how many rows have it: the choices, the names of systems, the orders and the statuses of a mapping."""

    choices: Mapping[str, int]
    systems: Mapping[str, int]
    orders: Mapping[str, int]
    statuses: Mapping[str, int]


def asked(table: Sheet, mapping: ColumnMapping) -> Asked:
    """The values that stand in the columns which the mapping names; of many, the commonest."""
    choices = trues(table, mapping.choice) if ANY in mapping.choice else counted(table, mapping.choice)
    names = [mapping.candidate, *((mapping.first, mapping.second) if mapping.order == OrderBy.SYSTEMS else ())]
    systems: dict[str, int] = {}
    for column in filter(None, names):
        for name, count in counted(table, column).items():
            systems[name] = systems.get(name, 0) + count
    named = {value: count for value, count in choices.items() if mapping.meanings.get(value) == Meaning.SYSTEM}
    return Asked(choices, named | systems, counted(table, mapping.order_column), counted(table, mapping.status))


def counted(table: Sheet, column: str) -> dict[str, int]:
    return dict(table.values[column].most_common(MOST_NAMES)) if column in table.values else {}


def choice_columns(table: Sheet) -> list[str]:
    """What can be chosen as the choice: the groups of true and false, then each column."""
    truths = [name for name in table.values if table.values[name] and is_truth(table, name)]
    return [*grouped(truths), *columns(table)]


def columns(table: Sheet) -> list[str]:
    """The filled columns, those that the crowd's form was given or gave back before the crowd's own."""
    filled = [name for name in table.values if table.values[name]]
    return sorted(filled, key=lambda name: not name.startswith(("Input.", "Answer.")) and own_name(name) not in FIRST)


FIRST = frozenset({"workerid", "assignmentstatus", "worktimeinseconds", "assignmentid"})


def with_meanings(table: Sheet, mapping: ColumnMapping) -> ColumnMapping:
    """The mapping, with what the values of a newly chosen choice mean as far as they are understood."""
    values = asked(table, mapping).choices
    return replace(mapping, meanings=understanding(values, table.known).meanings)


def with_orders(table: Sheet, mapping: ColumnMapping) -> ColumnMapping:
    """The mapping, with what the values of a newly chosen order mean as far as they are understood."""
    listed = mapping.order in (OrderBy.SYSTEMS, OrderBy.OUTPUTS)
    return replace(mapping, orders=orders_of(asked(table, mapping).orders, listed=listed))


def with_systems(table: Sheet, mapping: ColumnMapping) -> ColumnMapping:
    """The mapping, with the systems that names mean which it does not speak of yet."""
    said = {plain(name) for name in mapping.systems}
    found = {
        name: system_of(name, table.known) or "" for name in asked(table, mapping).systems if plain(name) not in said
    }
    return replace(mapping, systems={**mapping.systems, **found})
