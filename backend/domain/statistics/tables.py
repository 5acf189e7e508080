"""Ratings counted by unit and category: what measures of agreement are computed from. Who rated is not in it."""

from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Floats, Integers


@dataclass(frozen=True)
class Table:
    """m units with at least one rating. Units with equal counts are exchangeable, and there are few kinds of them.

    counts: ratings by category, one column a kind of unit, shape (k, p). units: how many are of each kind, shape (p,).
    kind, cluster: of each unit, numbered from 0, shape (m,).
    """

    counts: Floats
    units: Floats
    kind: Integers
    cluster: Integers

    @property
    def ratings(self) -> Floats:
        """Ratings of a unit of each kind; shape (p,)."""
        found: Floats = self.counts.sum(axis=0)
        return found

    def pairable(self) -> "Table":
        """The units with two ratings or more."""
        kept = self.ratings >= 2
        if kept.all():
            return self
        places, of_unit = np.cumsum(kept) - 1, kept[self.kind]
        return Table(self.counts[:, kept], self.units[kept], places[self.kind[of_unit]], self.cluster[of_unit])

    def mean(self, each: Floats) -> float:
        """The mean over units of a number that each kind of unit has, shape (p,)."""
        return float(each @ self.units / self.units.sum())


def table(unit: Integers, label: Integers, *, categories: int, cluster: Integers | None = None) -> Table:
    """Ratings counted by unit and category.

    unit, label, cluster: shape (n,), one row a rating; labels are 0..categories-1. Without clusters each unit is one.
    Raises ValueError for another label, for fewer than two categories, or when a unit lies in two clusters.
    """
    if categories < 2 or (len(label) and not 0 <= label.min() <= label.max() < categories):
        raise ValueError("labels are 0 to categories - 1, of at least two categories")
    names, index = dense(unit)
    m = len(names)
    counts = np.bincount(label * m + index, minlength=m * categories).reshape(categories, m)
    of_unit = np.arange(m)
    if cluster is not None:
        _, number = dense(cluster)
        of_unit[index] = number
        if (of_unit[index] != number).any():
            raise ValueError("all ratings of a unit lie in one cluster")
    kinds, kind = kinds_of(counts)
    return Table(
        kinds.astype(np.float64), np.bincount(kind, minlength=kinds.shape[1]).astype(np.float64), kind, of_unit
    )


def kinds_of(counts: Integers) -> tuple[Integers, Integers]:
    """(the distinct columns of counts, shape (k, p); which of them each column is, shape (m,))."""
    base = int(counts.max(initial=0)) + 1
    if base ** len(counts) >= 2**62:
        kinds, kind = np.unique(counts, axis=1, return_inverse=True)
        return kinds, kind
    code = np.zeros(counts.shape[1], dtype=np.int64)
    for row in counts:
        code = code * base + row
    codes, kind = dense(code)
    digits = [codes // base**place % base for place in reversed(range(len(counts)))]
    return np.array(digits, dtype=np.int64), kind
