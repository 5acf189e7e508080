"""Candidates beside each other: intervals that hold together, paired differences, equivalence, a ladder's slope.

The family was declared before the launch: all candidates against the baseline; with a ladder its neighbouring rungs,
else all pairs of candidates.
"""

from dataclasses import dataclass
from math import log10

import numpy as np

from backend.domain.results.material import Material
from backend.domain.statistics.contrasts import (
    AgainstEven,
    Difference,
    Equivalence,
    Pair,
    adjacent_rungs,
    against_even,
    all_pairs,
    differences,
    equivalences,
)
from backend.domain.statistics.joint import Joint, joint
from backend.domain.statistics.ladder import Slope, slope
from backend.domain.statistics.votes import Floats, Integers

MOST_PAIRS = 200


@dataclass(frozen=True, slots=True)
class NamedDifference:
    """The first candidate's win rate less the second's, paired by prompt, and whether they are the same."""

    first: str
    second: str
    difference: Difference
    equivalence: Equivalence


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs from the smallest amount to the largest, with the slope on log10 of the amount."""

    systems: tuple[str, ...]
    amounts: tuple[float, ...]
    slope: Slope


@dataclass(frozen=True, slots=True)
class Family:
    """margin: the largest difference that counts as none, declared before the launch. primary: the candidate that the
    study asks about. together: each candidate's win rate at the level at which all hold. left_out: pairs beyond the
    most that are compared.
    """

    primary: str | None
    margin: float
    together: dict[str, AgainstEven]
    differences: tuple[NamedDifference, ...]
    left_out: int
    ladder: Ladder | None


def family(material: Material) -> Family:
    """Everything that compares candidates with each other."""
    declared, names = material.settings.analysis, list(material.candidates)
    columns = votes_of(material)
    pairs, beyond = pairs_of(material)
    found = joint(*columns, candidates=len(names))
    together = against_even(*columns, candidates=len(names), seed=material.seed, known=found)
    return Family(
        primary=declared.primary if declared.primary in names else (names[0] if names else None),
        margin=declared.margin,
        together=dict(zip(names, together, strict=True)),
        differences=named(material, columns, pairs, found),
        left_out=beyond,
        ladder=ladder(material, columns),
    )


Columns = tuple[Floats, Integers, Integers, Integers]


def votes_of(material: Material) -> Columns:
    """Win scores, prompts, raters and candidates of the votes in the seats that open at first."""
    votes = material.opening_votes
    return votes.win_scores, votes.prompt, votes.rater, votes.candidate


def rungs(material: Material) -> list[tuple[int, float]]:
    """(candidate's code, amount) of the ladder's systems that are candidates here, from the smallest amount."""
    codes = {name: code for code, name in enumerate(material.candidates)}
    known = [(codes[rung.system], rung.amount) for rung in material.settings.analysis.ladder if rung.system in codes]
    return sorted(known, key=lambda rung: rung[1])


def pairs_of(material: Material) -> tuple[list[Pair], int]:
    """The declared pairs, and how many are left out because there are too many."""
    steps = rungs(material)
    if len(steps) > 1:
        return [(steps[later][0], steps[earlier][0]) for later, earlier in adjacent_rungs(len(steps))], 0
    pairs = all_pairs(len(material.candidates))
    return pairs[:MOST_PAIRS], max(len(pairs) - MOST_PAIRS, 0)


def named(material: Material, columns: Columns, pairs: list[Pair], known: Joint) -> tuple[NamedDifference, ...]:
    if not pairs:
        return ()
    found = differences(*columns, family=pairs, seed=material.seed, known=known)
    tests = equivalences(*columns, pairs=pairs, margin=material.settings.analysis.margin, known=known)
    return tuple(
        NamedDifference(material.candidates[pair[0]], material.candidates[pair[1]], one, test)
        for pair, one, test in zip(pairs, found, tests, strict=True)
    )


def ladder(material: Material, columns: Columns) -> Ladder | None:
    """The slope over the declared ladder; None with fewer than two rungs here."""
    steps = rungs(material)
    if len({amount for _, amount in steps}) < 2:
        return None
    place = np.full(len(material.candidates), -1, dtype=np.int64)
    place[[code for code, _ in steps]] = np.arange(len(steps))
    scores, prompt, rater, candidate = columns
    on_it = place[candidate] >= 0
    found = slope(
        scores[on_it],
        prompt[on_it],
        rater[on_it],
        place[candidate[on_it]],
        amounts=[log10(amount) for _, amount in steps],
        margin=material.settings.analysis.margin,
    )
    return Ladder(tuple(material.candidates[code] for code, _ in steps), tuple(amount for _, amount in steps), found)
