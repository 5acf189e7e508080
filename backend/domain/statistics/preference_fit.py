"""Maximum likelihood for preference models with covariates, by Newton's method, without a penalty.

The log-likelihood is concave, so there is one maximum or none; where there is none the fit says so. A vote's
difference is d = rating of one system - rating of the other + covariates · coefficients. Knows no names and no words.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.influence import Clusters, two_way
from backend.domain.statistics.preference_design import Design
from backend.domain.statistics.preference_likelihood import PreferenceModel, Slopes, first_tie_parameter, slopes
from backend.domain.statistics.votes import Floats, Integers

# Newton's steps halve their error at least once they are near; away from a maximum at infinity they never shrink.
MOST_STEPS = 40
SMALL_STEP = 1e-8
MOST_HALVINGS = 30
SINGULAR = 1e-10
SEPARATED = "the votes are separated: some estimate grows without bound"


class NoMaximumError(ValueError):
    """The likelihood has no maximum, or not just one; the message says why."""


@dataclass(frozen=True)
class Fit:
    """theta: ratings, coefficients and, where `has_tie`, the tie parameter; shape (k,). information: (k, k)."""

    model: PreferenceModel
    design: Design
    theta: Floats
    has_tie: bool
    information: Floats
    log_likelihood: float

    @property
    def tie(self) -> float | None:
        """The tie parameter, None where no tie was to be explained."""
        return float(self.theta[-1]) if self.has_tie else None


def maximise(design: Design, model: PreferenceModel) -> Fit:
    """The maximum likelihood fit. Raises NoMaximumError where there is none, or where it isn't the only one."""
    has_tie = model.has_tie_parameter and bool(design.counts[:, 1].any())
    theta = start(design, model, has_tie)
    found = at(design, model, theta, has_tie)
    inside = information(design, found.dd, found.dt, found.tt, has_tie)
    if independence(inside) < SINGULAR:
        raise NoMaximumError(
            "its parts can't be told apart: a system, a style or an order always goes with another one in these votes"
        )
    for _ in range(MOST_STEPS):
        step = solved(inside, gradient(design, found, has_tie))
        theta, found = climbed(design, model, theta, step, found, has_tie)
        inside = information(design, found.dd, found.dt, found.tt, has_tie)
        if np.abs(step).max(initial=0.0) < SMALL_STEP:
            # steps towards infinity may end in rounding too, where nothing is known any more of some direction
            if independence(inside) < SINGULAR:
                raise NoMaximumError(SEPARATED)
            return Fit(model, design, theta, has_tie, inside, found.log_likelihood)
    raise NoMaximumError(SEPARATED)


def start(design: Design, model: PreferenceModel, has_tie: bool) -> Floats:
    theta = np.zeros(design.parameters + has_tie)
    if has_tie:
        if not design.counts[:, [0, 2]].any():
            raise NoMaximumError("every vote is a tie")
        theta[-1] = first_tie_parameter(model, float(design.counts[:, 1].sum() / design.counts.sum()))
    return theta


def at(design: Design, model: PreferenceModel, theta: Floats, has_tie: bool) -> Slopes:
    return slopes(model, design.differences(theta), float(theta[-1]) if has_tie else None, design.counts)


def climbed(
    design: Design, model: PreferenceModel, theta: Floats, step: Floats, before: Slopes, has_tie: bool
) -> tuple[Floats, Slopes]:
    """A step that doesn't lose likelihood: the whole one, or a half of a half of it."""
    slack = 1e-12 * abs(before.log_likelihood)
    for _ in range(MOST_HALVINGS):
        if not (has_tie and model == PreferenceModel.RAO_KUPPER and theta[-1] + step[-1] <= 0):
            found = at(design, model, theta + step, has_tie)
            if found.log_likelihood >= before.log_likelihood - slack:
                return theta + step, found
        step = step / 2
    raise NoMaximumError("the votes are separated: no step raises the likelihood")


def gradient(design: Design, found: Slopes, has_tie: bool) -> Floats:
    by_pair = np.bincount(design.pair, found.d, len(design.incidence))
    tie = [float(found.t.sum())] if has_tie else []
    return np.concatenate([design.incidence.T @ by_pair, design.covariates.T @ found.d, tie])


def information(design: Design, dd: Floats, dt: Floats, tt: Floats, has_tie: bool) -> Floats:
    """Sum over rows of [x, 1] [[dd, dt], [dt, tt]] [x, 1]^T, with x the row's incidence and covariates; (k, k).

    Rows of a pair share their incidence, so ratings cost one sum a pair and covariate, however many rows there are.
    """
    pairs, ratings, k = len(design.incidence), design.incidence.shape[1], design.parameters
    whole = np.zeros((k + has_tie, k + has_tie))
    by_pair = np.bincount(design.pair, dd, pairs)
    whole[:ratings, :ratings] = (design.incidence.T * by_pair) @ design.incidence
    weighted = design.covariates * dd[:, None]
    for column in range(k - ratings):
        cross = design.incidence.T @ np.bincount(design.pair, weighted[:, column], pairs)
        whole[:ratings, ratings + column] = whole[ratings + column, :ratings] = cross
    whole[ratings:k, ratings:k] = design.covariates.T @ weighted
    if has_tie:
        cross = design.incidence.T @ np.bincount(design.pair, dt, pairs)
        whole[:k, k] = whole[k, :k] = np.concatenate([cross, design.covariates.T @ dt])
        whole[k, k] = tt.sum()
    return whole


def independence(matrix: Floats) -> float:
    """The smallest eigenvalue of a symmetric matrix scaled to a unit diagonal; 0 where its diagonal isn't positive."""
    size = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not size.all():
        return 0.0
    return float(np.linalg.eigvalsh(matrix / np.outer(size, size)).min(initial=1.0))


def solved(matrix: Floats, right: Floats) -> Floats:
    """matrix^-1 right, for a positive definite matrix; right of shape (k,) or (k, m)."""
    size = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not size.all():
        raise NoMaximumError(SEPARATED)
    scale = size if right.ndim == 1 else size[:, None]
    try:
        return np.asarray(np.linalg.solve(matrix / np.outer(size, size), right / scale) / scale)
    except np.linalg.LinAlgError:
        raise NoMaximumError(SEPARATED) from None


def vote_slopes(fit: Fit) -> Slopes:
    """The slopes of one vote of each row, shape (r,)."""
    one = fit.design.counts / fit.design.votes[:, None]
    return slopes(fit.model, fit.design.differences(fit.theta), fit.tie, one)


def influence(fit: Fit, targets: Floats) -> Floats:
    """How each vote moves quantities with gradients `targets` (k, m) by theta; shape (n, m)."""
    design, found = fit.design, vote_slopes(fit)
    ways = solved(fit.information, targets)
    ratings, k = design.incidence.shape[1], design.parameters
    along = (design.incidence @ ways[:ratings])[design.pair] + design.covariates @ ways[ratings:k]
    moved = along * found.d[:, None]
    if fit.has_tie:
        moved = moved + np.outer(found.t, ways[k])
    return np.asarray(moved[design.row])


def covariance(fit: Fit, found: Clusters) -> Floats:
    """The covariance of theta over new prompts and new raters: the sandwich of `influence.two_way`; shape (k, k)."""
    inverse = solved(fit.information, np.eye(len(fit.theta)))
    meat = two_way(score_gram(fit), found)
    return np.asarray(inverse @ meat @ inverse.T)


def score_gram(fit: Fit) -> Callable[[Integers | None, int], Floats]:
    """Sums over clusters of the outer products of the votes' scores."""
    design, one = fit.design, vote_slopes(fit)
    pairs, pair = len(design.incidence), design.pair[design.row]
    of_vote = one.d[design.row]
    others = [(column * one.d)[design.row] for column in design.covariates.T]
    others += [one.t[design.row]] if fit.has_tie else []

    def gram(codes: Integers | None, groups: int) -> Floats:
        if codes is None:
            along = design.votes * one.d
            return information(design, along * one.d, along * one.t, design.votes * one.t**2, fit.has_tie)
        by_pair = np.bincount(codes * pairs + pair, of_vote, groups * pairs).reshape(groups, pairs)
        rest = [np.bincount(codes, column, groups) for column in others]
        sums = np.concatenate([by_pair @ design.incidence, np.array(rest).reshape(-1, groups).T], axis=1)
        return np.asarray(sums.T @ sums)

    return gram
