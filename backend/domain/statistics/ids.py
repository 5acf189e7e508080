"""Ids of any size as row numbers of tables, and medians by group: what every table of votes starts with."""

import numpy as np

from backend.domain.statistics.votes import Floats, Integers


def dense(ids: Integers) -> tuple[Integers, Integers]:
    """(the distinct ids in ascending order, shape (m,); the place of each row's id among them, shape (n,)).

    The same as numpy.unique with its inverse, without a sort where the ids lie close together, as a database's do.
    """
    if len(ids) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    lowest = int(ids.min())
    span = int(ids.max()) - lowest + 1
    if span > 4 * len(ids) + 1_000:
        names, index = np.unique(ids, return_inverse=True)
        return names.astype(np.int64), index.astype(np.int64)
    offset = ids - lowest
    present = np.zeros(span, dtype=np.bool_)
    present[offset] = True
    places = np.cumsum(present, dtype=np.int64) - 1
    return np.flatnonzero(present).astype(np.int64) + lowest, places[offset]


def medians(values: Floats, group: Integers, groups: int) -> Floats:
    """The median of the values of each group 0..groups-1, nan where a group has none; nan values are left out.

    values, group: shape (n,). Returns shape (groups,).
    """
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    by_value = np.argsort(values)
    # a stable sort of short integers takes no comparisons
    by_group = np.argsort(group[by_value].astype(np.uint16 if groups <= 2**16 else np.int64), kind="stable")
    values = values[by_value][by_group]
    sizes = np.bincount(group, minlength=groups)
    starts = np.cumsum(sizes) - sizes
    found = np.full(groups, np.nan)
    some = sizes > 0
    lower, upper = (starts + (sizes - 1) // 2)[some], (starts + sizes // 2)[some]
    found[some] = (values[lower] + values[upper]) / 2
    return found
