"""Closed formulas between sizes, half-widths and differences that can be found. Knows variances, no designs.

Sources: L. Kish, Survey Sampling (1965), ch. 5 and 8 (design effects); J. L. Fleiss, B. Levin, M. C. Paik,
Statistical Methods for Rates and Proportions, 3rd ed. (2003), ch. 4 (sizes and power).
"""

from math import inf, sqrt

from scipy.special import stdtrit


def student(level: float, freedom: float) -> float:
    """Student's quantile: how many standard errors half an interval is.

    The bare function of SciPy, since its distribution takes a hundred times as long to check what is given.
    """
    return float(stdtrit(freedom, (1 + level) / 2))


def half_width(variance: float, freedom: float = inf, *, level: float = 0.95) -> float:
    """Half of an interval's width; infinite degrees of freedom mean the normal quantile."""
    return student(level, freedom) * sqrt(variance)


def detectable(variance: float, freedom: float = inf, *, level: float = 0.95, power: float = 0.8) -> float:
    """The smallest difference that a two-sided test at `level` finds with this power."""
    return (student(level, freedom) + float(stdtrit(freedom, power))) * sqrt(variance)


def difference_variance(variance: float, pairing: float) -> float:
    """The variance of the difference of two means that have this variance each and this correlation."""
    return 2 * (1 - pairing) * variance


def design_effect(votes_per_rater: float, rater_icc: float) -> float:
    """By how much raters' likeness to themselves inflates the variance (Kish): 1 + (votes a rater − 1) · ICC."""
    return 1 + (votes_per_rater - 1) * rater_icc
