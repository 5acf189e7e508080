"""Boundaries that hold at every moment, by averaging over how large an effect might be.

Each is a supermartingale of a running sum: it rarely ever exceeds 1/alpha while there is no effect. Knows sums, signs
and their variances; knows no prompts.

Sources: S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic confidence
sequences, Ann. Stat. 49 (2021) 1055-1080 (the mixtures); H. Robbins, Ann. Math. Stat. 41 (1970) 1397-1409.
"""

from math import log, sqrt

import numpy as np
from scipy import optimize, special

from backend.domain.statistics.betting import ConfidenceSequence, check, mended
from backend.domain.statistics.votes import Floats, Integers

SMALLEST_SHARE = 1e-12


def e_values(signs: Integers, *, wins: float = 1.0, losses: float = 1.0) -> Floats:
    """Logarithms of the evidence against an even chance after each sign, shape (n,); stop at log(1/alpha).

    signs: +1, -1, or 0 where a prompt was not decisive, in the order in which they came. The chance of +1 among the
    decisive ones is Beta(wins, losses) a priori: E = B(wins + s, losses + f) / B(wins, losses) · 2^(s + f).
    Raises ValueError for other signs, or a prior that is not positive.
    """
    if not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError("signs are coded -1, 0, 1")
    if wins <= 0 or losses <= 0:
        raise ValueError("a Beta prior has two positive parameters")
    won, lost = np.cumsum(signs == 1), np.cumsum(signs == -1)
    evidence: Floats = special.betaln(wins + won, losses + lost) - special.betaln(wins, losses) + (won + lost) * log(2)
    return evidence


def best_rho(variance: float, alpha: float) -> float:
    """The mixing precision that makes the two-sided normal bound nearly the tightest at this variance."""
    return variance / (2 * log(1 / alpha) + log(1 + 2 * log(1 / alpha)))


def normal_log_mixture(
    total: float, variance: float, *, best_at: float, alpha: float = 0.05, one_sided: bool = False
) -> float:
    """The logarithm of the normal mixture at a sum of centred values and its variance.

    best_at: the variance at which the boundary is to be tightest, for this alpha. One-sided: only large sums count.
    """
    rho = best_rho(best_at, 2 * alpha if one_sided else alpha)
    grown = 0.5 * log(rho / (variance + rho)) + total**2 / (2 * (variance + rho))
    return grown + log(2) + float(special.log_ndtr(total / sqrt(variance + rho))) if one_sided else grown


def normal_bound(variance: float, *, best_at: float, alpha: float = 0.05, one_sided: bool = False) -> float:
    """The sum that is ever passed with chance at most alpha, at this variance."""
    rho = best_rho(best_at, 2 * alpha if one_sided else alpha)
    two_sided = sqrt((variance + rho) * (log(1 + variance / rho) + 2 * log(1 / alpha)))
    if not one_sided:
        return two_sided

    def excess(total: float) -> float:
        return normal_log_mixture(total, variance, best_at=best_at, alpha=alpha, one_sided=True) - log(1 / alpha)

    return float(optimize.brentq(excess, 0.0, 2 * two_sided + 1, xtol=1e-10))


def beta_binomial_log_mixture(
    total: float, variance: float, *, best_at: float, below: float, above: float, alpha: float = 0.05
) -> float:
    """The logarithm of the two-sided beta-binomial mixture at a sum of centred values and its variance.

    below, above: how far a value may lie under and over its mean. variance: below · above for each value so far.
    """
    width = below + above
    prior = max(best_rho(best_at, alpha) - below * above, 1e-3 * below * above)
    return float(
        variance / (below * above) * log(width)
        - (variance + above * total) / (above * width) * log(below)
        - (variance - below * total) / (below * width) * log(above)
        + special.betaln(
            (prior + variance - below * total) / (below * width), (prior + variance + above * total) / (above * width)
        )
        - special.betaln(prior / (below * width), prior / (above * width))
    )


def beta_binomial_bound(variance: float, *, best_at: float, below: float, above: float, alpha: float = 0.05) -> float:
    """The sum that is ever passed, up or down, with chance at most alpha; at most variance / below, what can be."""
    threshold = log(1 / alpha)

    def excess(total: float) -> float:
        mixture = beta_binomial_log_mixture(total, variance, best_at=best_at, below=below, above=above, alpha=alpha)
        return mixture - threshold

    most = variance / below
    return most if excess(most) < 0 else float(optimize.brentq(excess, 0.0, most, xtol=1e-10))


def share(successes: int, trials: int, *, alpha: float = 0.05, best_at: float) -> tuple[float, float]:
    """The always-valid interval of a share, by the beta-binomial mixture; best_at: trials at which it is tightest.

    Raises ValueError without trials or with successes outside 0..trials.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError("a share needs trials, and no more successes than trials")
    observed = successes / trials

    def excess(chance: float) -> float:
        spread = chance * (1 - chance)
        return beta_binomial_log_mixture(
            successes - trials * chance, trials * spread, best_at=best_at * spread, below=chance, above=1 - chance
        ) - log(1 / alpha)

    # One trial refuses no chance at all, however small: then nothing lies beyond the threshold, and the end is 0 or 1.
    least, most = SMALLEST_SHARE, 1 - SMALLEST_SHARE
    inside = min(max(observed, least), most)
    low = float(optimize.brentq(excess, least, inside, xtol=1e-12)) if successes and excess(least) > 0 else 0.0
    high = float(optimize.brentq(excess, inside, most, xtol=1e-12)) if successes < trials and excess(most) > 0 else 1.0
    return low, high


def normal_sequence(values: Floats, *, alpha: float = 0.05, best_at: int = 100) -> ConfidenceSequence:
    """The normal-mixture sequence for the mean of values in [0, 1] of shape (n,), with running intersection.

    Such values vary at most like a fair coin (Hoeffding), so their sum's variance is at most n / 4. It is cheap and
    simple; the betting sequence, which learns the variance, is narrower wherever there are ties or a clear winner.
    """
    check(values, alpha)
    seen = np.arange(1, len(values) + 1)
    means, variances = np.cumsum(values) / seen, seen / 4
    rho = best_rho(best_at / 4, alpha)
    half = np.sqrt((variances + rho) * (np.log1p(variances / rho) + 2 * log(1 / alpha))) / seen
    low = np.maximum.accumulate(np.maximum(0.0, means - half))
    high = np.minimum.accumulate(np.minimum(1.0, means + half))
    return mended(low, high, low > high, 1 - alpha)
