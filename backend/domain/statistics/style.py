"""How much of a candidate's lead is associated with style, and how much is left between outputs of equal style.

By g-computation from Davidson's model with order and style as covariates: Δ = mean of P(win) - P(loss) over the votes
and over both orders, once at the styles that raters saw (raw) and once at equal styles (adjusted). Coefficients of
nested logistic models can't be compared, these can. Nothing here is causal: raters may like long outputs, or good
outputs may be long; only outputs rewritten in another style could tell.
Source: J. M. Robins, Math. Modelling 7 (1986) 1393-1512 (g-computation).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from backend.domain.statistics.influence import Clusters, clusters, covariance, interval, no_interval
from backend.domain.statistics.intervals import Interval
from backend.domain.statistics.preference_design import designed
from backend.domain.statistics.preference_estimates import ORDER, Coefficient, coefficients
from backend.domain.statistics.preference_fit import Fit, NoMaximumError, influence, maximise
from backend.domain.statistics.preference_fit import covariance as theta_covariance
from backend.domain.statistics.preference_likelihood import PreferenceModel, davidson_probabilities
from backend.domain.statistics.sample_sizes import student
from backend.domain.statistics.votes import Floats, Votes

POINTS = 100.0
UNBOUNDED = "the interval of the raw difference holds 0, so the share has no bounds"


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Differences of win and loss in points: at observed styles, at equal styles, and the first less the second.

    associated_share: 1 - adjusted / raw, with Fieller's interval, never clipped: it may lie below 0 or above 1. None
    where the raw difference's interval holds 0, and then share_withheld says so. problem: why there are no numbers.
    """

    raw_points: Interval
    adjusted_points: Interval
    associated_points: Interval
    associated_share: Interval | None
    share_withheld: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class StyleResult:
    """One candidate against the baseline; coefficients of order and of each style difference that varied."""

    decomposition: Decomposition
    coefficients: tuple[Coefficient, ...]
    votes: int


@dataclass(frozen=True)
class StyleFit:
    """Davidson's model of n votes, prompts weighing equally. names: of its covariates, order first where it varied.

    weight: what each vote counts, shape (n,), in all 1.
    """

    fit: Fit
    names: tuple[str, ...]
    weight: Floats


@dataclass(frozen=True)
class Deltas:
    """Raw and adjusted Δ as shares, shape (2,), each vote's influence on them, (n, 2), and the votes' clusters."""

    estimates: Floats
    influence: Floats
    clusters: Clusters


def decompose(votes: Votes, style: Floats, names: Sequence[str], *, level: float = 0.95) -> StyleResult:
    """The decomposition for the votes on one candidate.

    style: scaled differences, candidate less baseline, shape (n, p), one row a vote. Prompts weigh equally, in the fit
    too. Votes of unknown order are used and tell nothing about order.
    """
    found = clusters(votes.prompt, votes.rater)
    try:
        fitted = fit_style(votes, style, names, found)
    except NoMaximumError as problem:
        return StyleResult(undecomposed(found, str(problem), level), (), len(votes))
    spread = theta_covariance(fitted.fit, found)
    effects = coefficients(fitted.fit, spread, fitted.names, found.degrees_of_freedom, level=level)
    return StyleResult(decomposed(deltas(fitted, found), level), effects, len(votes))


def gain(
    candidate: Votes, candidate_style: Floats, base: Votes, base_style: Floats, *, level: float = 0.95
) -> Decomposition:
    """The candidate's Δ less its base's, both against the same baseline: what training added, at observed and at equal
    styles. For a ladder this is what is decomposed, not the lead over the baseline.

    Each has its own model; prompts and raters that they share are in the interval. style: as for `decompose`.
    """
    both = []
    for votes, style in ((candidate, candidate_style), (base, base_style)):
        found = clusters(votes.prompt, votes.rater)
        try:
            both.append(deltas(fit_style(votes, style, [str(at) for at in range(style.shape[1])], found), found))
        except NoMaximumError as problem:
            return undecomposed(found, str(problem), level)
    above, below = both
    return decomposed(
        Deltas(
            above.estimates - below.estimates,
            np.concatenate([above.influence, -below.influence]),
            clusters(np.concatenate([candidate.prompt, base.prompt]), np.concatenate([candidate.rater, base.rater])),
        ),
        level,
    )


def fit_style(votes: Votes, style: Floats, names: Sequence[str], found: Clusters) -> StyleFit:
    """Davidson's model with order, where it varied, and the styles that ever differed. Raises NoMaximumError."""
    if found.prompts < 2:
        raise NoMaximumError("one prompt says nothing about others")
    order = np.where(votes.flipped < 0, 0, 1 - 2 * votes.flipped)
    ordered = bool(np.ptp(order))
    varied = [bool(column.any()) for column in style.T]
    weight = 1.0 / (found.prompts * np.bincount(found.prompt)[found.prompt])
    design = designed(
        np.ones(len(votes), dtype=np.int64),
        np.zeros(len(votes), dtype=np.int64),
        votes.preference + 1,
        np.concatenate([order[:, None].astype(np.float64)[:, : int(ordered)], style[:, varied]], axis=1),
        systems=2,
        weight=weight * len(votes),
    )
    kept = tuple(name for name, one in zip(names, varied, strict=True) if one)
    return StyleFit(maximise(design, PreferenceModel.DAVIDSON), (ORDER, *kept) if ordered else kept, weight)


def deltas(fitted: StyleFit, found: Clusters) -> Deltas:
    """Both Δ with influences: through the styles that the votes happened to have, and through the fit."""
    covariates = fitted.fit.design.covariates
    raw, raw_slope = contrast(fitted, covariates)
    adjusted, adjusted_slope = contrast(fitted, np.zeros((1, covariates.shape[1])))
    weight = fitted.weight
    estimates = np.array([float(weight @ raw), float(adjusted[0])])
    moved = influence(fitted.fit, np.stack([weight @ raw_slope, adjusted_slope[0]], axis=1))
    moved[:, 0] += weight * (raw - estimates[0])
    return Deltas(estimates, moved, found)


def contrast(fitted: StyleFit, covariates: Floats) -> tuple[Floats, Floats]:
    """P(win) - P(loss) in the mean over both orders, (m,), and its slopes by theta, (m, k). covariates: (m, p)."""
    fit, ordered = fitted.fit, ORDER in fitted.names
    value, slope = np.zeros(len(covariates)), np.zeros((len(covariates), len(fit.theta)))
    orders = (1.0, -1.0) if ordered else (0.0,)
    for order in orders:
        columns = np.ones((len(covariates), 1 + covariates.shape[1]), order="F")
        columns[:, 1:] = covariates
        if ordered:
            columns[:, 1] = order
        loss, even, win = davidson_probabilities(
            columns @ fit.theta[: columns.shape[1]], -inf if fit.tie is None else fit.tie
        )
        lead = win - loss
        value += lead / len(orders)
        slope[:, : columns.shape[1]] += columns * ((win + loss - lead**2) / (2 * len(orders)))[:, None]
        if fit.has_tie:
            slope[:, -1] -= even * lead / len(orders)
    return value, slope


def decomposed(parts: Deltas, level: float) -> Decomposition:
    """Both Δ, their difference and its share, with intervals over the prompts and raters behind the influences."""
    found = parts.clusters
    raw, adjusted = parts.estimates.tolist()
    moved = np.column_stack([parts.influence, parts.influence[:, 0] - parts.influence[:, 1]])
    spread = covariance(moved, found)
    of_raw, of_adjusted, of_difference = (
        interval(value, float(spread[at, at]), found, level=level, unit=POINTS)
        for at, value in enumerate((raw, adjusted, raw - adjusted))
    )
    if of_raw.low is None or of_raw.high is None or of_raw.low <= 0 <= of_raw.high:
        return Decomposition(of_raw, of_adjusted, of_difference, None, UNBOUNDED, None)
    at = np.ix_([2, 0], [2, 0])
    return Decomposition(
        of_raw, of_adjusted, of_difference, share(raw - adjusted, raw, spread[at], found, level), None, None
    )


def share(part: float, whole: float, spread: Floats, found: Clusters, level: float) -> Interval:
    """part / whole with Fieller's interval, which is bounded since the whole's interval excludes 0.

    spread: covariance of part and whole, (2, 2). The bounds are where (part - x whole)² = t² Var(part - x whole).
    Source: E. C. Fieller, J. R. Stat. Soc. B 16 (1954) 175-185.
    """
    t = student(level, found.degrees_of_freedom)
    a, b, c = (
        value * other - t**2 * float(variance)
        for value, other, variance in (
            (whole, whole, spread[1, 1]),
            (part, whole, spread[0, 1]),
            (part, part, spread[0, 0]),
        )
    )
    root = sqrt(max(b * b - a * c, 0.0))
    low, high = (b - root) / a, (b + root) / a
    return Interval(
        part / whole,
        low,
        high,
        level,
        f"Fieller, {found.method}",
        found.prompts,
        found.raters,
        found.degrees_of_freedom,
    )


def undecomposed(found: Clusters, problem: str, level: float) -> Decomposition:
    unknown = no_interval(found, "no estimate", level=level)
    return Decomposition(unknown, unknown, unknown, None, None, problem)
