"""Looks for what was shown first and second, and which systems those were. Proposes, never decides."""

from collections.abc import Iterable
from dataclasses import replace

from backend.domain.foreign.recognition import bare, fingerprint, system_of, word_set
from backend.domain.foreign.sheet import Part, Sheet, Step, in_order, rank, words_of
from backend.domain.foreign.words import orders_of
from backend.domain.mapping import ColumnMapping, Meaning, OrderBy

CHOICE_WORDS = word_set(
    "choice chosen choose preference preferred prefer winner win better best vote verdict judgment judgement label "
    "rating selected selection which pick"
)
ORDER_WORDS = word_set("order flipped flip swapped swap reversed reverse position switched shuffled")
SYSTEM_WORDS = word_set("model system")
MOST_NAMES, MOST_ORDERS, ENOUGH = 40, 6, 0.5


def which_order(table: Sheet, mapping: ColumnMapping) -> Step:
    """Two columns of systems, else two of outputs, else a column that says the order; else nobody knows it."""
    step = from_systems(table, mapping) or from_outputs(table, mapping)
    flag = order_column(table, step.mapping if step else mapping)
    if step and flag:
        return Step(flag.mapping, (*step.parts, *flag.parts), (*step.unsure, *flag.unsure))
    if found := step or flag:
        return found
    return Step(mapping, (), ("No column says what was shown first, so the order is unknown.",))


def from_systems(table: Sheet, mapping: ColumnMapping) -> Step | None:
    """Two columns that name systems, or one whose name says its place and whose values are now one, now the other."""
    named = [name for name in asked(table, mapping) if names_systems(table, name)]
    pair = in_order(named if len(named) < 3 else [name for name in named if SYSTEM_WORDS & set(words_of(name))])[:2]
    if len(pair) == 2:
        found = replace(mapping, order=OrderBy.SYSTEMS, first=pair[0], second=pair[1])
        reason = "they name the systems; which is first is said by their names or their place"
        return Step(found, (Part("Shown first and second", tuple(pair), reason, examples(table, pair)),))
    if len(pair) == 1 and rank(pair[0]) in (1, 2) and table.share(pair[0], lambda name: is_baseline(table, name)):
        place = "first" if rank(pair[0]) == 1 else "second"
        found = (
            replace(mapping, order=OrderBy.SYSTEMS, first=pair[0])
            if place == "first"
            else replace(mapping, order=OrderBy.SYSTEMS, second=pair[0])
        )
        return Step(found, (Part(f"Shown {place}", (pair[0],), "it names the system", table.examples(pair[0])),))
    return None


def asked(table: Sheet, mapping: ColumnMapping) -> list[str]:
    """Columns that may say what was shown: not what a rater answered."""
    return [
        name
        for name in table.free(mapping)
        if not name.startswith("Answer.") and not CHOICE_WORDS & set(words_of(name))
    ]


def names_systems(table: Sheet, column: str) -> bool:
    """Whether most values are systems of the batch, or the name says so and there is a name like it for its pair."""
    if len(table.values[column]) > MOST_NAMES:
        return False
    if table.share(column, lambda name: system_of(name, table.known) is not None) >= ENOUGH:
        return True
    return bool(SYSTEM_WORDS & set(words_of(column))) and rank(column) in (1, 2)


def is_baseline(table: Sheet, name: str) -> bool:
    return system_of(name, table.known) == table.known.baseline


def from_outputs(table: Sheet, mapping: ColumnMapping) -> Step | None:
    """Two columns whose texts are the study's outputs."""
    texts = {digest for _, digest in table.known.outputs}
    shares = {name: table.share(name, lambda text: fingerprint(text) in texts) for name in asked(table, mapping)}
    pair = in_order([name for name, share in shares.items() if share >= ENOUGH])[:2]
    if len(pair) < 2:
        return None
    reason = f"{min(shares[name] for name in pair):.0%} of their texts are outputs of this study"
    found = replace(mapping, order=OrderBy.OUTPUTS, first=pair[0], second=pair[1])
    return Step(found, (Part("Shown first and second", tuple(pair), reason, examples(table, pair)),))


def examples(table: Sheet, columns: Iterable[str]) -> tuple[str, ...]:
    """The first row's values in these columns."""
    return tuple(value[0] for column in columns if (value := table.examples(column)))


def order_column(table: Sheet, mapping: ColumnMapping) -> Step | None:
    """A column of few values whose name speaks of an order, such as `flipped`; it may turn two columns round."""
    listed = mapping.order in (OrderBy.SYSTEMS, OrderBy.OUTPUTS)
    for column in table.free(mapping):
        values = table.values[column]
        if not ORDER_WORDS & set(words_of(column)) or len(values) > MOST_ORDERS:
            continue
        orders = orders_of(values, listed=listed)
        if not orders:
            continue
        found = replace(mapping, order_column=column, orders=orders)
        found = found if listed else replace(found, order=OrderBy.COLUMN)
        said = ", ".join(f"{value} is {shown}" for value, shown in orders.items())
        unsure = (f"That {said} in {column} is a guess from its name.",)
        strange = tuple(f"What {value!r} in {column} means is not known." for value in values if value not in orders)
        return Step(found, (Part("Order", (column,), "by its name", table.examples(column)),), unsure + strange)
    return None


def which_candidate(table: Sheet, mapping: ColumnMapping) -> Step:
    """The column that names the candidate, where the pair does not."""
    known = table.known
    if mapping.order in (OrderBy.SYSTEMS, OrderBy.OUTPUTS) and (mapping.first and mapping.second):
        return Step(mapping)
    for column in asked(table, mapping):
        if table.share(column, lambda name: system_of(name, known) in known.candidates) >= ENOUGH:
            part = Part("Candidate", (column,), "its values are candidates of this batch", table.examples(column))
            return Step(replace(mapping, candidate=column), (part,))
    if len(known.candidates) == 1:
        return Step(mapping, (Part("Candidate", (), f"{known.candidates[0]} is the only one of this batch"),))
    if Meaning.SYSTEM in mapping.meanings.values():
        return Step(mapping, (), ("No column names the candidate; rows that prefer the baseline can’t be placed.",))
    return Step(mapping, (), (f"No column names the candidate, and the batch has {', '.join(known.candidates)}.",))


def which_systems(table: Sheet, mapping: ColumnMapping) -> Step:
    """What the file calls the systems."""
    columns = [mapping.candidate]
    if mapping.order == OrderBy.SYSTEMS:
        columns += [mapping.first, mapping.second]
    names = list(dict.fromkeys(name for column in columns if column for name in table.values[column]))
    names += [value for value, meaning in mapping.meanings.items() if meaning == Meaning.SYSTEM and value not in names]
    found = {name: system_of(name, table.known) or "" for name in names[:MOST_NAMES]}
    alike = [
        f"That {name} is {system} is a guess from its name." for name, system in found.items() if is_guess(name, system)
    ]
    strange = [f"No system of this batch is called {name!r}." for name, system in found.items() if not system]
    return Step(replace(mapping, systems=found), (), (*alike, *strange))


def is_guess(name: str, system: str) -> bool:
    return bool(system) and bare(name) != bare(system)
