"""Boundaries that hold at every moment, by averaging over how large an effect might be.

Each is a supermartingale of a running sum: it rarely ever exceeds 1/alpha while there is no effect. Knows sums and
their variances; knows no prompts.

Sources: S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic confidence
sequences, Ann. Stat. 49 (2021) 1055-1080 (the mixtures); H. Robbins, Ann. Math. Stat. 41 (1970) 1397-1409.
"""

from math import log

import numpy as np
from scipy import optimize, special

from backend.domain.statistics.betting import ConfidenceSequence, check, mended
from backend.domain.statistics.votes import Floats

SMALLEST_SHARE = 1e-12


def best_rho(variance: float, alpha: float) -> float:
    """The mixing precision that makes the two-sided normal bound nearly the tightest at this variance."""
    return variance / (2 * log(1 / alpha) + log(1 + 2 * log(1 / alpha)))


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
