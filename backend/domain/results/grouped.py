"""Counts and shares by group, for arrays of any length. Knows no vote."""

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
