"""From a fit and its covariance to ratings, ranks and coefficients with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.preference_fit import Fit
from backend.domain.statistics.sample_sizes import student
from backend.domain.statistics.votes import Floats, Integers

ORDER = "order"
DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Coefficient:
    """The log-odds of win against loss that go with one unit of a covariate, the others being equal.

    One unit of order is from unknown to first; one unit of a style difference is its root mean square.
    """

    name: str
    estimate: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True)
class Numbers:
    """Of the systems that are rated, the baseline first: rating, standard error and half an interval, each (m,).

    ranks: (m, 3): the rank, and its interval's ends.
    """

    rating: Floats
    error: Floats
    half: Floats
    ranks: Integers


def numbers_of(fit: Fit, spread: Floats, freedom: float, *, level: float, seed: int) -> Numbers:
    """spread: the covariance of the fit's theta, (k, k), on so many degrees of freedom."""
    m = fit.design.incidence.shape[1]
    ratings = np.concatenate([[0.0], fit.theta[:m]])
    errors = np.concatenate([[0.0], standard_errors(spread)[:m]])
    return Numbers(ratings, errors, errors * student(level, freedom), ranked(ratings, spread[:m, :m], level, seed))


def coefficients(
    fit: Fit, spread: Floats, names: Sequence[str], freedom: float, *, level: float
) -> tuple[Coefficient, ...]:
    """One for each of the covariates' names."""
    m, t = fit.design.incidence.shape[1], student(level, freedom)
    at = slice(m, m + len(names))
    pairs = zip(names, fit.theta[at].tolist(), standard_errors(spread)[at].tolist(), strict=True)
    return tuple(Coefficient(name, value, error, value - t * error, value + t * error) for name, value, error in pairs)


def standard_errors(spread: Floats) -> Floats:
    """Of estimates with this covariance, shape (k,); a variance that falls short of nothing does so by rounding."""
    return np.sqrt(np.maximum(np.diag(spread), 0.0))


def ranked(ratings: Floats, spread: Floats, level: float, seed: int) -> Integers:
    """Rank, and the quantiles of the rank over normal draws of all ratings together; shape (m, 3).

    spread: of the ratings but the first, the baseline's 0, (m - 1, m - 1). Its symmetric square root makes the draws
    the same whatever signs its eigenvectors come with.
    """
    values, vectors = np.linalg.eigh(spread)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    moved = np.random.default_rng(seed).standard_normal((DRAWS, len(root))) @ root
    drawn = ratings + np.concatenate([np.zeros((DRAWS, 1)), moved], axis=1)
    low, high = np.quantile(places(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    return np.stack([places(ratings[None, :])[0], low, high], axis=1).astype(np.int64)


def places(ratings: Floats) -> Integers:
    """Within each row the place of each rating from the highest down, from 1; shape as given, (draws, m)."""
    return np.asarray(np.argsort(np.argsort(-ratings, axis=1, kind="stable"), axis=1) + 1)
