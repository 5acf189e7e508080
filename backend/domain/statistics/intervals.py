"""Intervals for shares and for means over prompts whose votes share prompts and raters.

The estimand is the mean over prompts of the mean over raters: prompts weigh equally, however many votes each has.
Votes on one prompt are alike, and so are votes of one rater; an interval that takes votes for independent is too
narrow. The default one estimates three variances by moments, for prompts, raters and the rest, with Satterthwaite's
degrees of freedom.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

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
    z = float(stats.norm.ppf((1 + level) / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def over_prompts(scores: Floats, prompt: Integers, rater: Integers, *, level: float = 0.95) -> Interval:
    """The default interval for the mean over prompts of the mean over raters of scores in [0, 1].

    scores, prompt, rater: shape (n,), one row a vote. Two votes of one rater on one prompt can't happen in a batch.
    With fewer than 5 raters only the fixed-panel interval is given. Without any variation it is Wilson's on prompts.
    """
    if len(scores) == 0:
        return Interval(None, None, None, level, "no votes", 0, 0)
    _, prompts = np.unique(prompt, return_inverse=True)
    _, raters = np.unique(rater, return_inverse=True)
    n_prompts, n_raters = int(prompts.max()) + 1, int(raters.max()) + 1
    means = np.bincount(prompts, scores) / np.bincount(prompts)
    if n_prompts < 2 or np.ptp(scores) == 0:
        return on_prompts_alone(means, level, n_raters)
    if n_raters < FEWEST_RATERS:
        return over_means(means, level=level, method="fixed panel", raters=n_raters)
    return crossed(scores, prompts, raters, float(means.mean()), level)


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


def crossed(scores: Floats, prompts: Integers, raters: Integers, mean: float, level: float) -> Interval:
    """Prompt, rater and residual variances by moments, then Satterthwaite.

    Model: score = mean + prompt effect + rater effect + rest, the three independent. With weights w of votes
    (1 / (prompts x votes on its prompt)) the estimate's variance is
        V = s2_p Sum_p w_p.^2 + s2_r Sum_r w_.r^2 + s2_e Sum w^2.
    The components solve Henderson's method I: expected sums of squares of prompts, of raters and in all.
    Sources: S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992), ch. 5; F. E. Satterthwaite,
    Biometrics Bulletin 2 (1946) 110-114.
    """
    n = len(scores)
    per_prompt, per_rater = np.bincount(prompts), np.bincount(raters)
    weights = 1.0 / (len(per_prompt) * per_prompt[prompts])
    mixed = overlap(prompts, raters, per_prompt, per_rater)
    sums = sums_of_squares(scores, prompts, raters, per_prompt, per_rater)
    expected = np.array(
        [
            [n - square(per_prompt) / n, mixed[0] - square(per_rater) / n, len(per_prompt) - 1],
            [mixed[1] - square(per_prompt) / n, n - square(per_rater) / n, len(per_rater) - 1],
            [n - square(per_prompt) / n, n - square(per_rater) / n, n - 1],
        ]
    )
    components = np.maximum(np.linalg.lstsq(expected, sums, rcond=None)[0], 0.0)
    shares = components * np.array(
        [square(np.bincount(prompts, weights)), square(np.bincount(raters, weights)), float(weights @ weights)]
    )
    variance = float(shares.sum())
    if variance <= 0.0:
        means = np.bincount(prompts, scores) / per_prompt
        return over_means(means, level=level, method="fixed panel", raters=len(per_rater))
    effective_raters = 1.0 / square(np.bincount(raters, weights))
    freedoms = np.array(
        [len(per_prompt) - 1, max(effective_raters - 1, 1.0), max(n - len(per_prompt) - len(per_rater) + 1, 1)]
    )
    freedom = variance**2 / float((shares**2 / freedoms).sum())
    few = ", few raters" if len(per_rater) < FEW_RATERS else ""
    return student(mean, variance, freedom, level, f"prompts × raters{few}", len(per_prompt), len(per_rater))


def square(values: Floats | Integers) -> float:
    """The sum of squares of an array of any shape (k,)."""
    return float((values.astype(np.float64) ** 2).sum())


def overlap(prompts: Integers, raters: Integers, per_prompt: Integers, per_rater: Integers) -> tuple[float, float]:
    """(Sum over prompts of Sum_r n_pr^2 / n_p., the same over raters of Sum_p n_pr^2 / n_.r), cells counted once."""
    cells, counts = np.unique(np.stack([prompts, raters]), axis=1, return_counts=True)
    squared = counts.astype(np.float64) ** 2
    return float((squared / per_prompt[cells[0]]).sum()), float((squared / per_rater[cells[1]]).sum())


def sums_of_squares(
    scores: Floats, prompts: Integers, raters: Integers, per_prompt: Integers, per_rater: Integers
) -> Floats:
    """Sums of squares about the grand mean: between prompts, between raters, in all; shape (3,)."""
    centred = scores - scores.mean()
    of_prompts = np.bincount(prompts, centred) ** 2 / per_prompt
    of_raters = np.bincount(raters, centred) ** 2 / per_rater
    return np.array([of_prompts.sum(), of_raters.sum(), float(centred @ centred)])


def student(
    mean: float, variance: float, freedom: float, level: float, method: str, prompts: int, raters: int | None
) -> Interval:
    """mean ± t · √variance, kept inside [0, 1]."""
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * sqrt(variance)
    return Interval(mean, max(0.0, mean - half), min(1.0, mean + half), level, method, prompts, raters, freedom)
