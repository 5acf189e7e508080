"""Ids of any size as row numbers of tables, orders, and medians by group: what every table of votes starts with."""

import numpy as np
from scipy import sparse

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


def ordered(codes: Integers) -> Integers:
    """The rows by their codes from 0, equal ones as they were: codes[ordered(codes)] ascends; codes, result: (n,).

    The same as a stable argsort, sixteen bits at a time, since a sort of short integers takes no comparisons.
    """
    order = np.argsort(codes.astype(np.uint16), kind="stable")
    for shift in range(16, int(codes.max(initial=0)).bit_length(), 16):
        order = order[np.argsort((codes >> shift)[order].astype(np.uint16), kind="stable")]
    return order


def distinct(row: Integers, column: Integers, *, rows: int, columns: int) -> Integers:
    """How many different columns each row meets; row, column: codes from 0, shape (n,); result (rows,)."""
    table = sparse.csr_array((np.ones(len(row), dtype=np.bool_), (row, column)), shape=(rows, columns))
    return np.diff(table.indptr).astype(np.int64)


def medians(values: Floats, group: Integers, groups: int) -> Floats:
    """The median of the values of each group 0..groups-1, nan where a group has none; nan values are left out.

    values, group: shape (n,). Returns shape (groups,). Groups of about the same size are sorted together, as the rows
    of one table: many short sorts take less time than a long one.
    """
    known = ~np.isnan(values)
    values, group = values[known], group[known]
    values, sizes = values[ordered(group)], np.bincount(group, minlength=groups)
    starts = np.cumsum(sizes) - sizes
    found = np.full(groups, np.nan)
    for digits in range(1, int(sizes.max(initial=0)).bit_length() + 1):
        some = np.flatnonzero(sizes >> (digits - 1) == 1)
        if len(some):
            found[some] = medians_of_slices(values, starts[some], sizes[some])
    return found


def medians_of_slices(values: Floats, starts: Integers, sizes: Integers) -> Floats:
    """The medians of slices of the values, shape (slices,); their sizes, at least 1, should be alike."""
    places, rows = np.arange(sizes.max()), np.arange(len(sizes))
    inside = places < sizes[:, None]
    table = np.full(inside.shape, np.inf)
    table[inside] = values[(starts[:, None] + places)[inside]]
    table.sort(axis=1)
    middle: Floats = (table[rows, (sizes - 1) // 2] + table[rows, sizes // 2]) / 2
    return middle
