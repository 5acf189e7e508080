"""Dawid and Skene's model: each comparison has one true label, each rater a confusion of true and given labels.

EM from the shares of votes, to convergence of the log-likelihood. Three ways to share strength between raters:
nobody (maximum likelihood, for raters with many votes), everybody (one confusion for all), and in between, the
default: each rater's rows get a Dirichlet prior around the rows of all, so a rater with few votes is like the rest.
With three votes a comparison maximum likelihood believes single votes too much.
Sources: A. P. Dawid, A. M. Skene, Applied Statistics 28 (1979) 20-28; S. Paun et al., TACL 6 (2018) 571-585, for
partial pooling.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import sparse

from backend.domain.statistics.ids import dense
from backend.domain.statistics.tables import kinds_of
from backend.domain.statistics.votes import Floats, Integers

SMALLEST = 1e-300
# Pseudo-ratings in each row of the confusion of all: a touch, so that no row is empty, and the labels keep their names.
POOLED_PRIOR = 1.0


class Pooling(StrEnum):
    """How much raters are taken to be alike."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True)
class DawidSkene:
    """A fit to m comparisons, r raters and k labels.

    unit, rater: ids in ascending order, shapes (m,), (r,). posterior: shape (m, k). prevalence: of true labels, (k,).
    confusion: probability of a given label, shape (r, true label, given label); equal for all under full pooling.
    log_likelihoods: after each maximisation, of the votes alone, without any prior. converged: it stopped by itself.
    labels_kept: ratings of what is truly a label are that label more often than any other. Else the labels have no
    names, as when one of them gathers the comparisons on which raters differ, and no share of them means anything.
    """

    unit: Integers
    rater: Integers
    posterior: Floats
    prevalence: Floats
    confusion: Floats
    log_likelihoods: tuple[float, ...]
    converged: bool
    labels_kept: bool

    @property
    def competence(self) -> Floats:
        """(trace of a rater's confusion - 1) / (k - 1), shape (r,): 1 perfect, 0 blind to the truth.

        W. J. Youden's index (Cancer 3 (1950) 32-35) for k labels; below 0 for somebody who is wrong on purpose.
        """
        k = self.confusion.shape[1]
        found: Floats = (np.trace(self.confusion, axis1=1, axis2=2) - 1) / (k - 1)
        return found


@dataclass(frozen=True)
class Tally:
    """Ratings as two sparse tables, and the prior of the confusions.

    by_unit: ratings of each unit by (rater, given label), shape (m, r·k); by_rater is its transpose. times: how many
    units each row stands for, shape (m,). prior: pseudo-ratings, shape (given, true).
    """

    by_unit: sparse.csr_array
    by_rater: sparse.csr_array
    times: Floats
    prior: Floats


@dataclass(frozen=True)
class Climb:
    """Where EM arrived. posterior: (k, m). confusion: (r, given, true). trace: (objective, log-likelihood) a step."""

    posterior: Floats
    confusion: Floats
    trace: list[tuple[float, float]]
    converged: bool


def dawid_skene(
    unit: Integers,
    rater: Integers,
    label: Integers,
    *,
    categories: int,
    pooling: Pooling = Pooling.PARTIAL,
    strength: float = 10.0,
    tolerance: float = 1e-8,
    most_iterations: int = 1_000,
) -> DawidSkene:
    """Fits the model; unit, rater, label: shape (n,), one row a rating, labels 0..categories-1.

    strength: of partial pooling, how many of a rater's own ratings of a true label the row of all is worth.
    tolerance: the change of the objective, relative to it, that counts as none. A rater may rate a unit several times.
    Raises ValueError without ratings or with other labels. Memory: O(n + r·k²).
    """
    if len(label) == 0 or not 0 <= label.min() <= label.max() < categories:
        raise ValueError("the model needs ratings with labels 0 to categories - 1")
    units, unit_place = dense(unit)
    raters, rater_place = dense(rater)
    m, r, k = len(units), len(raters), categories
    counts = np.bincount(label * m + unit_place, minlength=m * k).reshape(k, m)
    start = counts / counts.sum(axis=0)
    nothing = np.zeros((k, k))
    if pooling != Pooling.NONE:
        kinds, kind = kinds_of(counts)
        found = climb(of_everybody(kinds, kind), kinds / kinds.sum(axis=0), tolerance / 100, most_iterations)
        start, prior = found.posterior[:, kind], strength * found.confusion[0]
    if pooling != Pooling.FULL:
        table = sparse.csr_array((np.ones(len(label)), (unit_place, rater_place * k + label)), shape=(m, r * k))
        own = Tally(table, table.T.tocsr(), np.ones(m), nothing if pooling == Pooling.NONE else prior)
        found = climb(own, start, tolerance, most_iterations)
        start = found.posterior
    confusion = np.broadcast_to(np.swapaxes(found.confusion, 1, 2), (r, k, k))
    likelihoods = tuple(likelihood for _, likelihood in found.trace)
    kept = named(counts, start)
    return DawidSkene(units, raters, start.T, start.mean(axis=1), confusion, likelihoods, found.converged, kept)


def named(counts: Integers, posterior: Floats) -> bool:
    """Whether each true label is the one that its ratings say most often. Both of shape (k, m); a label that is
    expected of less than one rating has no say."""
    given = counts @ posterior.T
    met = given.sum(axis=0) >= 1
    return bool(np.all((np.diagonal(given) >= given.max(axis=0) - 1e-9)[met]))


def of_everybody(kinds: Integers, kind: Integers) -> Tally:
    """All ratings as those of one rater: units with equal counts, kinds of shape (k, p), are then one row."""
    k = len(kinds)
    table = sparse.csr_array(kinds.T.astype(np.float64))
    times = np.bincount(kind).astype(np.float64)
    return Tally(table, table.T.tocsr(), times, POOLED_PRIOR * (np.full((k, k), 1 / k) + np.eye(k)))


def climb(tally: Tally, posterior: Floats, tolerance: float, most: int) -> Climb:
    """EM from a posterior of shape (k, m) until the objective, log-likelihood and log-prior, stands still."""
    trace: list[tuple[float, float]] = []
    while True:
        prevalence = posterior @ (tally.times / tally.times.sum())
        confusion = maximised(tally, posterior)
        logs = np.log(np.maximum(confusion, SMALLEST))
        posterior, likelihood = expected(tally, prevalence, logs)
        trace.append((likelihood + float((tally.prior * logs).sum()), likelihood))
        still = len(trace) > 1 and abs(trace[-1][0] - trace[-2][0]) <= tolerance * abs(trace[-1][0])
        if still or len(trace) >= most:
            return Climb(posterior, confusion, trace, still)


def maximised(tally: Tally, posterior: Floats) -> Floats:
    """The confusions that fit the posterior best, shape (r, given, true).

    Without a prior, a true label that a rater is not expected to have met keeps probability nought, as in 1979.
    """
    k = len(posterior)
    met = (tally.by_rater @ (posterior * tally.times).T).reshape(-1, k, k) + tally.prior
    total = met.sum(axis=1, keepdims=True)
    found: Floats = met / np.where(total > 0, total, 1.0)
    return found


def expected(tally: Tally, prevalence: Floats, logs: Floats) -> tuple[Floats, float]:
    """(posterior of shape (k, m), log-likelihood of the ratings) at these parameters."""
    k = len(prevalence)
    joint = np.ascontiguousarray((tally.by_unit @ logs.reshape(-1, k)).T)
    joint += np.log(np.maximum(prevalence, SMALLEST))[:, None]
    highest = joint.max(axis=0)
    weight = np.exp(joint - highest)
    total = weight.sum(axis=0)
    return weight / total, float((highest + np.log(total)) @ tally.times)
