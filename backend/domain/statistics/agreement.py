"""How far raters agree: percent, Krippendorff's α, Fleiss' κ and Gwet's AC1, each with an interval.

The unit is a comparison, the label what a rater said of it, coded 0..categories-1. Units may have any number of
ratings. It knows nothing of seats: the caller chooses whose ratings count. Comparisons of one prompt are alike, so
the interval is clustered: each coefficient is linearised to one number a unit (Gwet), and these are summed by cluster.
Sources: K. Krippendorff, Content Analysis (2004), ch. 11; J. L. Fleiss, Psychological Bulletin 76 (1971) 378-382;
K. L. Gwet, Handbook of Inter-Rater Reliability (2014), ch. 2-5, whose variances the R package irrCAC computes.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

import numpy as np

from backend.domain.statistics.intervals import wilson
from backend.domain.statistics.sample_sizes import half_width
from backend.domain.statistics.tables import Table, table
from backend.domain.statistics.votes import Floats, Integers

NO_VARIATION = 1e-24
NO_PAIRS = "no comparison has two ratings"
ONE_CATEGORY = "only one category was used"


class Scale(StrEnum):
    """How far apart two categories are."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of agreement with its interval at `level`; None where nothing can be said, and `method` says why.

    chance: the agreement expected by chance that was taken off; None where none was. units: comparisons that count.
    """

    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    chance: float | None
    units: int
    clusters: int
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Every measure of the same ratings."""

    percent: Measure
    alpha_nominal: Measure
    alpha_ordinal: Measure
    alpha_interval: Measure
    fleiss: Measure
    ac1: Measure


def agreement(
    unit: Integers, label: Integers, *, categories: int, cluster: Integers | None = None, level: float = 0.95
) -> Agreement:
    """Every measure for labels 0..categories-1, a step apart on the interval scale.

    unit, label, cluster: shape (n,), one row a rating. Raises what `table` raises.
    """
    found = table(unit, label, categories=categories, cluster=cluster)
    return Agreement(
        percent=percent(found, level=level),
        alpha_nominal=krippendorff(found, Scale.NOMINAL, level=level),
        alpha_ordinal=krippendorff(found, Scale.ORDINAL, level=level),
        alpha_interval=krippendorff(found, Scale.INTERVAL, level=level),
        fleiss=fleiss(found, level=level),
        ac1=gwet_ac1(found, level=level),
    )


def percent(found: Table, *, level: float = 0.95) -> Measure:
    """The mean over units of the share of equal pairs among the pairs of their ratings."""
    paired = found.pairable()
    return mean_over_units(equal_pairs(paired), paired, level)


def mean_over_units(each: Floats, found: Table, level: float) -> Measure:
    """The mean of one number in [0, 1] a unit, by kind, shape (p,), with its clustered interval."""
    if len(each) == 0:
        return nothing(NO_PAIRS, level)
    mean = found.mean(each)
    return with_interval(mean, each, found, observed=mean, chance=None, level=level)


def fleiss(found: Table, *, level: float = 0.95) -> Measure:
    """Fleiss' κ for any number of ratings a unit (Gwet 2014, eq. 2.22): chance is Σ π², π the mean over units."""
    shares = found.counts / found.ratings
    prevalence = shares @ (found.units / max(len(found.kind), 1))
    return chance_corrected(found, float(prevalence @ prevalence), prevalence @ shares, level)


def gwet_ac1(found: Table, *, level: float = 0.95) -> Measure:
    """Gwet's AC1 for any number of ratings a unit: chance is Σ π(1 - π) / (k - 1). It stands where κ breaks down."""
    shares = found.counts / found.ratings
    prevalence = shares @ (found.units / max(len(found.kind), 1))
    rest = (1 - prevalence) / (len(shares) - 1)
    return chance_corrected(found, float(prevalence @ rest), rest @ shares, level)


def chance_corrected(found: Table, chance: float, chance_each: Floats, level: float) -> Measure:
    """(observed - chance) / (1 - chance), linearised over units with one rating too: they inform the chance."""
    paired = found.ratings >= 2
    if not paired.any():
        return nothing(NO_PAIRS, level)
    if 1 - chance < 1e-12:
        return nothing(ONE_CATEGORY, level)
    weight = paired * (found.units.sum() / found.units[paired].sum())
    agreed = equal_pairs(found)
    observed = found.mean(weight * agreed)
    value = (observed - chance) / (1 - chance)
    each = (weight * (agreed - chance) - 2 * (1 - value) * (chance_each - chance)) / (1 - chance)
    return with_interval(value, each, found, observed=observed, chance=chance, level=level)


def krippendorff(
    found: Table, scale: Scale = Scale.NOMINAL, *, values: Floats | None = None, level: float = 0.95
) -> Measure:
    """Krippendorff's α = 1 - observed / expected disagreement; units with one rating don't count.

    values: what the categories stand for on the interval and ratio scales, shape (k,), 0..k-1 if None.
    The variance takes the distances as given (Gwet 2014, ch. 5), though the ordinal ones come from the ratings.
    """
    paired = found.pairable()
    if len(paired.kind) == 0:
        return nothing(NO_PAIRS, level)
    ratings, total = paired.ratings, paired.counts @ paired.units
    prevalence, mean_ratings = total / total.sum(), paired.mean(ratings)
    weights = closeness(scale, total, np.arange(len(total), dtype=np.float64) if values is None else values)
    chance = float(prevalence @ weights @ prevalence)
    if 1 - chance < 1e-12:
        return nothing(ONE_CATEGORY, level)
    agreed = close_pairs(paired.counts, weights) / (mean_ratings * (ratings - 1))
    plain = (paired.mean(agreed) - chance) / (1 - chance)
    finite = 1 / float(total.sum())
    observed = paired.mean(agreed) * (1 - finite) + finite
    value = (observed - chance) / (1 - chance)
    uneven = (ratings - mean_ratings) / mean_ratings
    chance_each = weights @ prevalence @ paired.counts / mean_ratings - chance * uneven
    each = (agreed - observed * uneven - chance - 2 * (1 - plain) * (chance_each - chance)) / (1 - chance)
    return with_interval(value, each - plain + value, paired, observed=observed, chance=chance, level=level)


def closeness(scale: Scale, total: Floats, values: Floats) -> Floats:
    """1 - distance / the largest distance, of every two categories; shape (k, k). total: ratings of each, shape (k,).

    Ordinal distances are interval ones between midranks. Raises ValueError for a negative value on the ratio scale.
    """
    if scale == Scale.NOMINAL:
        return np.eye(len(total))
    if scale == Scale.RATIO and values.min() < 0:
        raise ValueError("a ratio scale has no negative values")
    at = np.cumsum(total) - total / 2 if scale == Scale.ORDINAL else values
    apart = np.abs(at[:, None] - at)
    if scale == Scale.RATIO:
        apart = apart / np.maximum(at[:, None] + at, np.finfo(np.float64).tiny)
    return 1 - apart**2 / max(float(apart.max()) ** 2, np.finfo(np.float64).tiny)


def equal_pairs(found: Table) -> Floats:
    """The share of equal pairs among the pairs of a unit's ratings, 0 where there is no pair; by kind, shape (p,)."""
    ratings = found.ratings
    return close_pairs(found.counts, np.eye(len(found.counts))) / np.maximum(ratings * (ratings - 1), 1)


def close_pairs(counts: Floats, weights: Floats) -> Floats:
    """The summed closeness of the ordered pairs of a unit's ratings; by kind, shape (p,)."""
    found: Floats = (counts * (weights @ counts - 1)).sum(axis=0)
    return found


def with_interval(
    value: float, each: Floats, found: Table, *, observed: float, chance: float | None, level: float
) -> Measure:
    """value ± t · clustered standard error, kept inside [-1, 1].

    each: the linearised values by kind, shape (p,), whose mean is `value`. Where nothing varies, Wilson's interval of
    the observed agreement with clusters as trials goes through the chance correction: all agreeing is not certainty.
    """
    sums, units = np.bincount(found.cluster, (each - value)[found.kind]), len(found.kind)
    clusters = int(np.count_nonzero(np.bincount(found.cluster)))
    if clusters < 2:
        return Measure(value, None, None, None, chance, units, clusters, level, "one cluster, no interval")
    variance = float(sums @ sums) * clusters / (clusters - 1) / units**2
    if variance < NO_VARIATION:
        base, bounds = chance or 0.0, wilson(min(1.0, observed) * clusters, clusters, level=level)
        low, high = ((bound - base) / (1 - base) for bound in bounds)
        return Measure(value, 0.0, low, high, chance, units, clusters, level, "Wilson on clusters")
    error, half = sqrt(variance), half_width(variance, clusters - 1, level=level)
    low, high = max(-1.0, value - half), min(1.0, value + half)
    return Measure(value, error, low, high, chance, units, clusters, level, "linearised, by cluster")


def nothing(reason: str, level: float) -> Measure:
    return Measure(None, None, None, None, None, 0, 0, level, reason)
