"""Sums, shares and medians by group, for arrays of any length. Knows no vote."""

import numpy as np

from backend.domain.statistics.votes import Flags, Floats, Integers


def counts(group: Integers, mask: Flags, groups: int) -> Integers:
    """How many rows of each group the mask is true for; group, mask: shape (n,); result (groups,)."""
    return np.bincount(group[mask], minlength=groups)


def shares(group: Integers, part: Flags, whole: Flags, groups: int) -> tuple[Floats, Integers]:
    """(share of `part` among `whole` in each group, nan where `whole` is nowhere true; rows of `whole`)."""
    total = counts(group, whole, groups)
    some = counts(group, part & whole, groups)
    return np.divide(some, total, out=np.full(groups, np.nan), where=total > 0), total


def medians(group: Integers, values: Floats, groups: int) -> tuple[Floats, Integers]:
    """(median of the known values of each group, nan where there is none; how many are known). nan is unknown."""
    known = ~np.isnan(values)
    group, values = group[known], values[known]
    order = np.lexsort((values, group))
    ordered = values[order]
    total = np.bincount(group, minlength=groups)
    start = np.cumsum(total) - total
    some = total > 0
    low, high = start[some] + (total[some] - 1) // 2, start[some] + total[some] // 2
    found = np.full(groups, np.nan)
    found[some] = (ordered[low] + ordered[high]) / 2
    return found, total
