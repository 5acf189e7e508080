"""What models of raters say beside plain counting: shares of labels by candidate, and a competence by rater.

Shares are means over comparisons, which weigh equally. A model's share is the mean of its posterior: it says how often
a label is the true one, if there is one; it has no interval here, and never replaces the votes.
"""

from dataclasses import dataclass, replace

import numpy as np

from backend.domain.statistics.dawid_skene import DawidSkene
from backend.domain.statistics.glad import Glad
from backend.domain.statistics.ids import dense
from backend.domain.statistics.mace import Mace
from backend.domain.statistics.votes import Floats, Integers


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the labels 0..k-1 among one group's comparisons, by four ways of counting.

    votes: mean of the shares of votes. majority: comparisons of which more than half of the votes say so; the rest is
    split; of the votes there are, so also of a comparison that waits for more. dawid_skene, glad, mace: mean
    posterior; dawid_skene is None where its labels did not keep their names.
    """

    group: int
    comparisons: int
    votes: tuple[float, ...]
    majority: tuple[float, ...]
    split: float
    dawid_skene: tuple[float, ...] | None
    glad: tuple[float, ...]
    mace: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Competence:
    """One rater's competence by three models: 1 perfect, 0 random; dawid_skene as in Shares."""

    rater: int
    ratings: int
    dawid_skene: float | None
    glad: float
    mace: float


def shares(
    unit: Integers,
    label: Integers,
    group: Integers,
    by_dawid_skene: DawidSkene,
    by_glad: Glad,
    by_mace: Mace,
) -> tuple[Shares, ...]:
    """Shares by group (candidate), in ascending order of ids, of the same ratings that the models were fitted to.

    unit, label, group: shape (n,), one row a rating; all ratings of a unit are of one group.
    """
    units, place = dense(unit)
    m, k = len(units), len(by_mace.prevalence)
    counts = np.bincount(label * m + place, minlength=m * k).reshape(k, m)
    total = counts.sum(axis=0)
    majority = (2 * counts > total).astype(np.float64)
    groups, group_place = dense(group)
    of_unit = np.zeros(m, dtype=np.int64)
    of_unit[place] = group_place
    comparisons = np.bincount(of_unit)
    tables = [counts / total, majority, by_dawid_skene.posterior.T, by_glad.posterior.T, by_mace.posterior.T]
    means = [np.stack([np.bincount(of_unit, row) for row in table], axis=1) / comparisons[:, None] for table in tables]
    found = (Shares(int(one), int(comparisons[at]), *row_of(means, at)) for at, one in enumerate(groups))
    return tuple(found) if by_dawid_skene.labels_kept else tuple(replace(one, dawid_skene=None) for one in found)


def row_of(
    means: list[Floats], at: int
) -> tuple[tuple[float, ...], tuple[float, ...], float, tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    """One group's row of every table, with the split beside the majority."""
    votes, majority, *modelled = (tuple(table[at].tolist()) for table in means)
    return votes, majority, max(0.0, 1 - sum(majority)), modelled[0], modelled[1], modelled[2]


def competences(rater: Integers, by_dawid_skene: DawidSkene, by_glad: Glad, by_mace: Mace) -> tuple[Competence, ...]:
    """Every rater by every model, in ascending order of ids. rater: shape (n,), of the ratings they were fitted to."""
    names, place = dense(rater)
    columns = (names, np.bincount(place), by_dawid_skene.competence, by_glad.competence, by_mace.competence)
    found = (Competence(*row) for row in zip(*(column.tolist() for column in columns), strict=True))
    return tuple(found) if by_dawid_skene.labels_kept else tuple(replace(one, dawid_skene=None) for one in found)
