"""A mean over prompts from few human scores and many of a judge: the judge narrows the interval and can't bias it.

The rated prompts must be a random subset of all, drawn before either score was seen, and the judge must not have been
tuned on them. The judge's score of a comparison is its verdict averaged over both orders. The interval is over prompts:
it holds for the raters who were asked.

Sources: A. N. Angelopoulos, S. Bates, C. Fannjiang, M. I. Jordan, T. Zrnic, Prediction-powered inference, Science 382
(2023) 669-674; A. N. Angelopoulos, J. C. Duchi, T. Zrnic, PPI++: efficient prediction-powered inference (2023),
arXiv:2311.01453.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from backend.domain.statistics.votes import Floats, Integers

# From so many prompts on, Student's quantile and the normal one are the same for every purpose here.
LARGE = 50


@dataclass(frozen=True, slots=True)
class PredictionPowered:
    """A mean with its interval at `level`, from `labelled` prompts with human scores and `unlabelled` without.

    tuning: how far the judge is trusted, 0 (not at all) to 1. effective_size: how many human-rated prompts would have
    given the same variance. degrees_of_freedom: None for the normal quantile.
    """

    mean: float
    low: float
    high: float
    level: float
    tuning: float
    labelled: int
    unlabelled: int
    effective_size: float
    degrees_of_freedom: int | None


def estimate(
    human: Floats,
    judged: Floats,
    unlabelled: Floats,
    *,
    prompt: Integers | None = None,
    unlabelled_prompt: Integers | None = None,
    level: float = 0.95,
    tuning: float | None = None,
    large_sample: bool = False,
) -> PredictionPowered:
    """The prediction-powered mean, tuned by PPI++ unless a `tuning` is given (0: human scores alone, 1: plain PPI).

    human, judged: scores in [0, 1] of the rated prompts, shape (n,). unlabelled: the judge's of the others, shape (N,).
    prompt, unlabelled_prompt: ids, where a prompt has several rows (its mean counts once, so rows on one prompt aren't
    taken for independent). large_sample: variances over n and the normal quantile, as published; otherwise variances
    over n - 1, and Student's quantile under 50 rated prompts. Raises ValueError for fewer than two rated prompts, no
    others, columns of unequal length, or scores that are not finite.
    """
    if prompt is not None:
        human, judged = by_prompt(human, prompt), by_prompt(judged, prompt)
    if unlabelled_prompt is not None:
        unlabelled = by_prompt(unlabelled, unlabelled_prompt)
    check(human, judged, unlabelled)
    trust = best_tuning(human, judged, unlabelled) if tuning is None else tuning
    return combined(human, trust * judged, trust * unlabelled, trust, level, large_sample)


def by_prompt(values: Floats, prompt: Integers) -> Floats:
    """The mean of each prompt's rows, in the order of the prompts' ids. values, prompt: shape (n,)."""
    _, at = np.unique(prompt, return_inverse=True)
    return np.bincount(at, values) / np.bincount(at)


def check(human: Floats, judged: Floats, unlabelled: Floats) -> None:
    """Raises ValueError for what no estimate can be made of."""
    if human.shape != judged.shape:
        raise ValueError("every human score needs the judge's beside it")
    if len(human) < 2 or len(unlabelled) < 1:
        raise ValueError("this needs two prompts with human scores, and one without")
    if not all(np.isfinite(column).all() for column in (human, judged, unlabelled)):
        raise ValueError("a score is missing or not finite")


def best_tuning(human: Floats, judged: Floats, unlabelled: Floats) -> float:
    """The trust that makes the variance smallest, kept in [0, 1]: Cov(human, judged) / ((1 + n/N) Var(judged))."""
    spread = float(np.var(np.concatenate([judged, unlabelled]), ddof=1))
    if spread == 0:
        return 0.0
    covariance = float(np.mean((human - human.mean()) * (judged - judged.mean())))
    return min(1.0, max(0.0, covariance / ((1 + len(human) / len(unlabelled)) * spread)))


def combined(
    human: Floats, judged: Floats, unlabelled: Floats, trust: float, level: float, large_sample: bool
) -> PredictionPowered:
    """mean(judge elsewhere) + mean(human − judge), the judge's scores already times the trust in them."""
    n = len(human)
    ddof = 0 if large_sample else 1
    elsewhere = float(np.var(unlabelled, ddof=min(ddof, len(unlabelled) - 1))) / len(unlabelled)
    variance = elsewhere + float(np.var(human - judged, ddof=ddof)) / n
    freedom = None if large_sample or n >= LARGE else n - 1
    quantile = stats.norm.ppf((1 + level) / 2) if freedom is None else stats.t.ppf((1 + level) / 2, freedom)
    mean, half = float(unlabelled.mean() + (human - judged).mean()), float(quantile) * sqrt(variance)
    return PredictionPowered(
        mean=mean,
        low=max(0.0, mean - half),
        high=min(1.0, mean + half),
        level=level,
        tuning=trust,
        labelled=n,
        unlabelled=len(unlabelled),
        effective_size=float(np.var(human, ddof=ddof)) / variance if variance else float(n),
        degrees_of_freedom=freedom,
    )
