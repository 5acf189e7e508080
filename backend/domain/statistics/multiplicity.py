"""False discoveries among many tests. Knows no test: p-values in, q-values out.

Sources: Y. Benjamini, Y. Hochberg, J. R. Stat. Soc. B 57 (1995) 289-300; Y. Benjamini, D. Yekutieli, Annals of
Statistics 29 (2001) 1165-1188.
"""

import numpy as np
from scipy.special import digamma

from backend.domain.statistics.votes import Floats


def q_values(p_values: Floats, *, tests: int, any_dependence: bool = False) -> Floats:
    """The smallest false-discovery rate at which each test is a discovery; nan stays nan and is no test.

    p_values: shape (n,). tests: how many were made; where it is more than are given, the missing p-values are larger
    than these, and q-values hold up to the smallest missing p-value. Without any_dependence the tests must be
    independent or positively dependent (Benjamini-Hochberg); with it, anything goes (Benjamini-Yekutieli).
    """
    found = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if len(known) == 0:
        return found
    order = known[np.argsort(p_values[known], kind="stable")]
    harmonic = float(digamma(tests + 1) - digamma(1)) if any_dependence else 1.0
    steps = p_values[order] * tests * harmonic / np.arange(1, len(order) + 1)
    found[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return found
