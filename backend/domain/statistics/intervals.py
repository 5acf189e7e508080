"""Intervals for shares and for means over prompts whose votes share prompts and raters.

The estimand is the mean over prompts of the mean over raters: prompts weigh equally, however many votes each has.
Votes on one prompt are alike, and so are votes of one rater; an interval that takes votes for independent is too
narrow. The default one estimates three variances by moments, for prompts, raters and the rest, with Satterthwaite's
degrees of freedom.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np
from scipy import stats

from backend.domain.statistics.sample_sizes import half_width
from backend.domain.statistics.variance import Crossing, by_moments, crossing, prompt_means
from backend.domain.statistics.votes import Floats, Integers

FEWEST_RATERS = 5
FEW_RATERS = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval at `level`. `method` says what it rests on; None where nothing can be said.

    Crossed intervals hold for new prompts and new raters, fixed-panel ones for new prompts and these raters.
    """

    mean: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    prompts: int
    raters: int | None
    degrees_of_freedom: float | None = None


def wilson(successes: float, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share; successes may be fractional. Raises ValueError outside 0..trials.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError("a share needs trials, and no more successes than trials")
    low, high = wilson_bounds(np.array([successes]), np.array([trials]), level=level)
    return float(low[0]), float(high[0])


def wilson_bounds(successes: Floats | Integers, trials: Integers, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """`wilson` for arrays of any one shape; nan where there are no trials."""
    z = float(stats.norm.ppf((1 + level) / 2))
    n = np.where(trials > 0, trials, np.nan)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)


def over_prompts(
    scores: Floats, prompt: Integers, rater: Integers, *, level: float = 0.95, known: Crossing | None = None
) -> Interval:
    """The default interval for the mean over prompts of the mean over raters of scores in [0, 1].

    scores, prompt, rater: shape (n,), one row a vote. Two votes of one rater on one prompt can't happen in a batch.
    known: the crossing of these prompts and raters, where several scores of the same votes share it.
    With fewer than 5 raters only the fixed-panel interval is given. Without any variation it is Wilson's on prompts.
    """
    if len(scores) == 0:
        return Interval(None, None, None, level, "no votes", 0, 0)
    found = known or crossing(prompt, rater)
    alone = without_raters(scores, found, level)
    if alone is not None:
        return alone
    variance, freedom = by_moments(scores, found)
    return crossed(scores, found, variance, freedom, level, "prompts × raters")


def without_raters(scores: Floats, found: Crossing, level: float) -> Interval | None:
    """What is left to say where raters can't be generalised to: one prompt, no variation, or too few raters."""
    means, n_raters = prompt_means(scores, found), len(found.per_rater)
    if len(means) < 2 or np.ptp(scores) == 0:
        return on_prompts_alone(means, level, n_raters)
    if n_raters < FEWEST_RATERS:
        return over_means(means, level=level, method="fixed panel", raters=n_raters)
    return None


def on_prompts_alone(means: Floats, level: float, raters: int | None) -> Interval:
    """Wilson's interval with prompts as trials: what is left to say when nothing varies."""
    low, high = wilson(float(means.sum()), len(means), level=level)
    return Interval(float(means.mean()), low, high, level, "Wilson on prompts", len(means), raters)


def over_means(means: Floats, *, level: float = 0.95, method: str, raters: int | None) -> Interval:
    """Student's interval for the mean of one number a prompt; nothing about raters is in it, and `method` must say so.

    means: shape (prompts,). Falls back to Wilson on prompts when there is one prompt or no variation.
    """
    if len(means) == 0:
        return Interval(None, None, None, level, "no votes", 0, raters)
    if len(means) < 2 or np.ptp(means) == 0:
        return on_prompts_alone(means, level, raters)
    variance = float(means.var(ddof=1)) / len(means)
    return student(float(means.mean()), variance, len(means) - 1.0, level, method, len(means), raters)


def crossed(scores: Floats, found: Crossing, variance: float, freedom: float, level: float, method: str) -> Interval:
    """Student's interval for new prompts and new raters; what prompts alone say where the variance vanishes."""
    means, n_raters = prompt_means(scores, found), len(found.per_rater)
    if variance <= 0.0:
        return over_means(means, level=level, method="fixed panel", raters=n_raters)
    few = ", few raters" if n_raters < FEW_RATERS else ""
    return student(float(means.mean()), variance, freedom, level, method + few, len(means), n_raters)


def student(
    mean: float, variance: float, freedom: float, level: float, method: str, prompts: int, raters: int | None
) -> Interval:
    """mean ± t · √variance, kept inside [0, 1]. With infinite freedom the quantile is the normal one."""
    half = half_width(variance, freedom, level=level)
    low, high, finite = max(0.0, mean - half), min(1.0, mean + half), freedom if isfinite(freedom) else None
    return Interval(mean, low, high, level, method, prompts, raters, finite)
