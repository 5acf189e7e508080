"""How far one party's labels agree with another's on the same units: percent, Cohen's κ and Gwet's AC1, with intervals.

The one party has a label a unit, the other shares of labels: a single label, or the votes of several raters, of whom
one is then drawn at random. Intervals are linearised and summed by cluster, as in `agreement`.
Sources: J. Cohen, Educ. Psychol. Meas. 20 (1960) 37-46; K. L. Gwet, Handbook of Inter-Rater Reliability
(2014), ch. 2-5.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.agreement import NO_PAIRS, ONE_CATEGORY, Measure, nothing, with_interval
from backend.domain.statistics.ids import dense
from backend.domain.statistics.tables import Table
from backend.domain.statistics.votes import Floats, Integers


@dataclass(frozen=True, slots=True)
class Paired:
    """Agreement of two parties; κ takes chance from each party's own labels, AC1 from both together."""

    percent: Measure
    kappa: Measure
    ac1: Measure


def paired(label: Integers, shares: Floats, cluster: Integers, *, level: float = 0.95) -> Paired:
    """Agreement over m units.

    label: 0..k-1, shape (m,). shares: of the other party's labels, shape (k, m), columns add up to 1. cluster: ids,
    shape (m,). Raises ValueError when shapes differ, for fewer than two categories or another label.
    """
    categories, units = shares.shape
    if label.shape != (units,) or cluster.shape != (units,) or categories < 2:
        raise ValueError("every unit needs a label, a cluster and shares of at least two categories")
    if units == 0:
        return Paired(*(nothing(NO_PAIRS, level),) * 3)
    if not 0 <= label.min() <= label.max() < categories:
        raise ValueError("labels are 0 to categories - 1")
    own: Floats = (np.arange(categories)[:, None] == label).astype(np.float64)
    agreed: Floats = (own * shares).sum(axis=0)
    found = Table(own + shares, np.ones(units), np.arange(units), dense(cluster)[1])
    observed = float(agreed.mean())
    first, second = own.mean(axis=1), shares.mean(axis=1)
    both = (first + second) / 2
    rest = (1 - both) / (categories - 1)
    return Paired(
        percent=with_interval(observed, agreed, found, observed=observed, chance=None, level=level),
        kappa=corrected(found, agreed, float(first @ second), second @ own + first @ shares, level),
        ac1=corrected(found, agreed, float(both @ rest), rest @ (own + shares), level),
    )


def corrected(found: Table, agreed: Floats, chance: float, chance_each: Floats, level: float) -> Measure:
    """(observed - chance) / (1 - chance). chance_each: how each unit moves the chance, shape (m,), mean 2 chance."""
    if 1 - chance < 1e-12:
        return nothing(ONE_CATEGORY, level)
    observed = float(agreed.mean())
    value = (observed - chance) / (1 - chance)
    each = (agreed - chance - (1 - value) * (chance_each - 2 * chance)) / (1 - chance)
    return with_interval(value, each, found, observed=observed, chance=chance, level=level)
