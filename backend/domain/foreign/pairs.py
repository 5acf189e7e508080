"""What a row of a foreign file compared, and which of the two was shown first. Knows no choice."""

from dataclasses import dataclass

from backend.domain.foreign.cells import Cells
from backend.domain.foreign.lens import Lens, Problem, short
from backend.domain.foreign.recognition import fingerprint, plain
from backend.domain.mapping import OrderBy, Shown


@dataclass(frozen=True)
class Pair:
    """What was compared: the candidate, if the row says which, and whether it was shown second, if that is known."""

    candidate: str | None
    flipped: bool | None


def pair_of(lens: Lens, row: Cells, prompt: str) -> Pair:
    """The candidate and the order, as far as the row says them."""
    mapping = lens.mapping
    named = system_named(lens, row[mapping.candidate]) if row.get(mapping.candidate) else None
    if named == lens.known.baseline:
        raise Problem("The systems are not a pair of this batch", f"{named} is the baseline, not a candidate")
    if mapping.order == OrderBy.SYSTEMS:
        found = pair_of_systems(lens, row)
    elif mapping.order == OrderBy.OUTPUTS:
        found = pair_of_outputs(lens, row, prompt, named)
    else:
        found = Pair(named, flipped_in_column(lens, row))
    shown = shown_as(lens, row) if mapping.order_column else None
    if shown == Shown.REVERSED and found.flipped is not None:
        found = Pair(found.candidate, not found.flipped)
    if shown == Shown.UNKNOWN:
        found = Pair(found.candidate, None)
    return Pair(found.candidate or named or only(lens.known.candidates), found.flipped)


def only(candidates: tuple[str, ...]) -> str | None:
    return candidates[0] if len(candidates) == 1 else None


def system_named(lens: Lens, name: str) -> str:
    system = lens.systems.get(plain(name), "")
    if system not in lens.known.systems:
        raise Problem("A system is not in this batch", f"system {short(name)} is not in this batch")
    return system


def pair_of_systems(lens: Lens, row: Cells) -> Pair:
    """From the names of what was shown first and second, of which one may be left out."""
    first, second = (
        system_named(lens, row[column]) if row.get(column) else None
        for column in (lens.mapping.first, lens.mapping.second)
    )
    baseline = lens.known.baseline
    if first is None and second is None:
        raise Problem("What was shown is missing", f"has no system ({lens.mapping.first}, {lens.mapping.second})")
    if first is not None and second is not None and (first == second or baseline not in (first, second)):
        raise Problem("The systems are not a pair of this batch", f"{first} and {second} are no pair of this batch")
    candidate = next((one for one in (first, second) if one not in (None, baseline)), None)
    return Pair(candidate, flipped=first == baseline if first else second != baseline)


def pair_of_outputs(lens: Lens, row: Cells, prompt: str, named: str | None) -> Pair:
    """From the texts that were shown. Two equal texts tell nobody which was which."""
    columns = (lens.mapping.first, lens.mapping.second)
    first, second = (
        lens.known.outputs.get((prompt, fingerprint(row.get(column, ""))), frozenset()) for column in columns
    )
    for column, systems in zip(columns, (first, second), strict=True):
        if not systems:
            text = short(row.get(column, ""))
            raise Problem("An output is not the study’s", f"{column} is no output to prompt {prompt}: {text}")
    able = [named] if named else lens.known.candidates
    baseline = lens.known.baseline
    found = [Pair(one, False) for one in able if one in first and baseline in second]
    found += [Pair(one, True) for one in able if baseline in first and one in second]
    if not found:
        raise Problem(
            "The systems are not a pair of this batch",
            f"the outputs are of {' or '.join(sorted(first))} and {' or '.join(sorted(second))}",
        )
    candidates = {one.candidate for one in found}
    if len(candidates) > 1:
        raise Problem(
            "Two candidates have the same output",
            f"the output may be that of {' or '.join(sorted(map(str, candidates)))}",
        )
    return found[0] if len(found) == 1 else Pair(found[0].candidate, None)


def flipped_in_column(lens: Lens, row: Cells) -> bool | None:
    order = lens.mapping.order
    if order == OrderBy.COLUMN:
        shown = shown_as(lens, row)
        return {Shown.CANDIDATE_FIRST: False, Shown.BASELINE_FIRST: True}.get(shown)
    return {OrderBy.CANDIDATE_FIRST: False, OrderBy.BASELINE_FIRST: True}.get(order)


def shown_as(lens: Lens, row: Cells) -> Shown:
    given = row.get(lens.mapping.order_column, "")
    if not given:
        return Shown.UNKNOWN
    if plain(given) not in lens.orders:
        raise Problem("The order is not understood", f"order {short(given)} has no meaning in the mapping")
    return lens.orders[plain(given)]
