"""How far one rater agrees with the others: the ceiling for any judge of the same comparisons, and each rater's own.

A judge that agrees with raters as often as one rater agrees with the rest can't be told from a rater.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.agreement import Measure, equal_pairs, mean_over_units
from backend.domain.statistics.ids import dense
from backend.domain.statistics.intervals import wilson_bounds
from backend.domain.statistics.tables import Table
from backend.domain.statistics.votes import Flags, Floats, Integers

# With eleven shared comparisons Wilson's 95 % interval of a half is wider than .25 to .75.
FEWEST_SHARED = 12


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The expected agreement of one rater with the others of a comparison, in [0, 1].

    one_other: with another rater drawn at random. majority: with the most frequent label of the others; of labels
    that are equally frequent one is drawn. mean: 1 - distance from the others' mean label / (k - 1).
    """

    one_other: Measure
    majority: Measure
    mean: Measure


@dataclass(frozen=True, slots=True)
class WithRest:
    """One rater and the other ratings of the same comparisons.

    shared: comparisons that somebody else rated too. agreement: mean over them of the share of the others who gave
    the same label, with Wilson's interval on them. chance: the agreement of somebody who gives this rater's labels in
    the same shares, but at random. corrected: (agreement - chance) / (1 - chance).
    None where too_few: fewer shared comparisons than `FEWEST_SHARED`.
    """

    rater: int
    ratings: int
    shared: int
    agreement: float | None
    low: float | None
    high: float | None
    chance: float | None
    corrected: float | None
    too_few: bool


@dataclass(frozen=True)
class Rest:
    """Of each rating, shape (n,): the rater's place, whether the comparison has others, and what they said.

    others: the share of the others that gave each label, one row a label, shape (k, n), 0 where there are none.
    names: the raters' ids in order of place, shape (r,).
    """

    names: Integers
    rater: Integers
    shared: Flags
    others: Floats


def human_ceiling(found: Table, *, level: float = 0.95) -> Ceiling:
    """What one rater reaches against the others, over comparisons with two ratings or more; intervals by cluster."""
    paired = found.pairable()
    ratings, steps = paired.ratings, np.arange(len(paired.counts), dtype=np.float64)
    summed = steps @ paired.counts
    majority, mean = np.zeros(len(ratings)), np.zeros(len(ratings))
    for label, given in enumerate(paired.counts):
        others = paired.counts.copy()
        others[label] -= 1
        leading = others == others.max(axis=0)
        majority += given / ratings * leading[label] / leading.sum(axis=0)
        mean += given / ratings * (1 - np.abs(label - (summed - label) / (ratings - 1)) / steps[-1])
    return Ceiling(
        one_other=mean_over_units(equal_pairs(paired), paired, level),
        majority=mean_over_units(majority, paired, level),
        mean=mean_over_units(mean, paired, level),
    )


def per_rater(
    unit: Integers,
    rater: Integers,
    label: Integers,
    *,
    categories: int,
    compared: Flags | None = None,
    level: float = 0.95,
) -> tuple[WithRest, ...]:
    """Each rater against the rest, in ascending order of ids. unit, rater, label: shape (n,), labels 0..k-1.

    compared: as for `rest_of`.
    """
    return with_others(rest_of(unit, rater, label, categories=categories, compared=compared), label, level=level)


def with_others(rest: Rest, label: Integers, *, level: float = 0.95) -> tuple[WithRest, ...]:
    """`per_rater` from what the others said of each rating; label: shape (n,)."""
    raters = len(rest.names)
    shared = np.bincount(rest.rater[rest.shared], minlength=raters)
    agreed = np.bincount(rest.rater, rest.others[label, np.arange(len(label))], minlength=raters)
    own, met = shares_by_rater(rest, label)
    chance = (own * met).sum(axis=0)
    low, high = wilson_bounds(agreed, shared, level=level)
    ratings = np.bincount(rest.rater, minlength=raters)
    return tuple(
        with_rest(*row)
        for row in zip(
            *(column.tolist() for column in (rest.names, ratings, shared, agreed, low, high, chance)), strict=True
        )
    )


def with_rest(rater: int, ratings: int, shared: int, agreed: float, low: float, high: float, chance: float) -> WithRest:
    """One row of the table; a rater whose labels are all one that all others give too has nothing beyond chance."""
    if shared < FEWEST_SHARED:
        return WithRest(rater, ratings, shared, None, None, None, None, None, True)
    share = agreed / shared
    corrected = (share - chance) / (1 - chance) if chance < 1 - 1e-12 else None
    return WithRest(rater, ratings, shared, share, low, high, chance, corrected, False)


def rest_of(
    unit: Integers, rater: Integers, label: Integers, *, categories: int, compared: Flags | None = None
) -> Rest:
    """What the others said of each rating's comparison. unit, rater, label: shape (n,), labels 0..categories-1.

    compared: shape (n,), the ratings that are held against each other, None for all; the others share with nobody.
    """
    names, place = dense(rater)
    units, index = dense(unit)
    m = len(units)
    used = np.ones(len(label), dtype=np.bool_) if compared is None else compared
    counts = np.bincount((label * m + index)[used], minlength=m * categories).reshape(categories, m)
    others = counts.astype(np.float64)[:, index] * used
    others[label, np.arange(len(label))] -= used
    beside = others.sum(axis=0)
    return Rest(names, place, beside > 0, others / np.maximum(beside, 1))


def shares_by_rater(rest: Rest, label: Integers) -> tuple[Floats, Floats]:
    """(each rater's own shares of labels, the mean of the others' shares) over shared ratings; each of shape (k, r)."""
    raters, kept = len(rest.names), rest.shared
    shared = np.maximum(np.bincount(rest.rater[kept], minlength=raters), 1)
    own = np.stack(
        [np.bincount(rest.rater[kept & (label == code)], minlength=raters) for code in range(len(rest.others))]
    )
    met = np.stack([np.bincount(rest.rater, row, minlength=raters) for row in rest.others])
    return own / shared, met / shared
