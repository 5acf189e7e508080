"""Closed formulas between sizes, half-widths and differences that can be found. Knows variances, no designs.

Sources: L. Kish, Survey Sampling (1965), ch. 5 and 8 (design effects); J. L. Fleiss, B. Levin, M. C. Paik,
Statistical Methods for Rates and Proportions, 3rd ed. (2003), ch. 4 (sizes and power).
"""

from math import ceil, inf, sqrt

from scipy import stats
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


def prompts_for(
    difference: float, variance: float, *, design_effect: float = 1.0, level: float = 0.95, power: float = 0.8
) -> int:
    """How many prompts find a difference with this power: (z + z')² · variance / difference² · design effect.

    variance: of one prompt's score, or of one prompt's difference of two scores. Raises ValueError at no difference.
    """
    if difference <= 0:
        raise ValueError("a difference that is to be found is larger than nothing")
    return ceil((detectable(variance * design_effect, level=level, power=power) / difference) ** 2)


def design_effect(votes_per_rater: float, rater_icc: float) -> float:
    """By how much raters' likeness to themselves inflates the variance (Kish): 1 + (votes a rater − 1) · ICC."""
    return 1 + (votes_per_rater - 1) * rater_icc


def decisive_votes(share: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """How many decisive votes tell a share from one half, by the normal approximation (Fleiss, ch. 4)."""
    edge = abs(share - 0.5)
    if not 0 < edge < 0.5:
        raise ValueError("a share that is told from one half lies between 0 and 1, and is not one half")
    z, z_power = float(stats.norm.ppf((1 + level) / 2)), float(stats.norm.ppf(power))
    return ceil(((z * 0.5 + z_power * sqrt(share * (1 - share))) / edge) ** 2)
