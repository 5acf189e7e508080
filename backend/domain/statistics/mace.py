"""Competence of raters: with some probability a rater knows the true label, and otherwise clicks without looking.

Each rater has a competence and a strategy, the shares of labels when clicking; true labels are equally likely before
any vote. Fitted by variational EM from the shares of votes, without random restarts: the same votes always give the
same answer.
Source: D. Hovy et al., Learning Whom to Trust with MACE, NAACL 2013.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Floats, Integers

# Priors of the paper's program: Beta(½, ½) for competence; ten pseudo-clicks on each label, so that a strategy is even
# until many clicks say otherwise.
COMPETENCE_PRIOR = 0.5
STRATEGY_PRIOR = 10.0


@dataclass(frozen=True)
class Mace:
    """A fit to m comparisons, r raters and k labels.

    unit, rater: ids in ascending order. posterior: shape (m, k); prevalence: its mean, shape (k,). competence: the
    probability that a rater's label comes from looking, shape (r,): 1 perfect, 0 random. strategy: labels when not,
    shape (r, k).
    """

    unit: Integers
    rater: Integers
    posterior: Floats
    prevalence: Floats
    competence: Floats
    strategy: Floats
    converged: bool


@dataclass(frozen=True)
class Coded:
    """n ratings: `cell` = label · m + unit and `habit` = label · r + rater of each, shape (n,).

    each: a rater's ratings, shape (r,), and their expected logarithm `weight`; given: by label, shape (k · r,).
    """

    cell: Integers
    habit: Integers
    each: Integers
    weight: Floats
    given: Integers
    m: int
    k: int


def mace(
    unit: Integers,
    rater: Integers,
    label: Integers,
    *,
    categories: int,
    tolerance: float = 1e-7,
    most_iterations: int = 500,
) -> Mace:
    """Fits the model; unit, rater, label: shape (n,), one row a rating, labels 0..categories-1.

    tolerance: the change of the log-likelihood, relative to it, that counts as none.
    Raises ValueError without ratings or with other labels. Memory: O(n + r·k).
    """
    if len(label) == 0 or not 0 <= label.min() <= label.max() < categories:
        raise ValueError("the model needs ratings with labels 0 to categories - 1")
    units, unit_place = dense(unit)
    raters, rater_place = dense(rater)
    m, k = len(units), categories
    coded = coded_as(unit_place, rater_place, label, m, k)
    counts = np.bincount(coded.cell, minlength=m * k).reshape(k, m)
    posterior = counts / counts.sum(axis=0)
    knowing = posterior.ravel()[coded.cell]
    likelihood, converged = -np.inf, False
    for _ in range(most_iterations):
        known, clicked = tallied(coded, knowing)
        look, click = responsibilities(known, clicked, coded.weight)
        posterior, knowing, found = expected(coded, look, click)
        converged = abs(found - likelihood) <= tolerance * abs(found)
        likelihood = found
        if converged:
            break
    known, clicked = tallied(coded, knowing)
    competence = (known + COMPETENCE_PRIOR) / (coded.each + 2 * COMPETENCE_PRIOR)
    strategy = ((clicked + STRATEGY_PRIOR) / (clicked + STRATEGY_PRIOR).sum(axis=0)).T
    prevalence = posterior.mean(axis=1)
    return Mace(units, raters, posterior.T, prevalence, competence, strategy, converged)


def coded_as(unit: Integers, rater: Integers, label: Integers, m: int, k: int) -> Coded:
    """What stays the same from step to step; unit, rater: places, shape (n,)."""
    each = np.bincount(rater)
    habit = label * len(each) + rater
    weight = digamma(each + 2 * COMPETENCE_PRIOR)
    return Coded(label * m + unit, habit, each, weight, np.bincount(habit, minlength=k * len(each)), m, k)


def tallied(coded: Coded, knowing: Floats) -> tuple[Floats, Floats]:
    """(each rater's expected labels from looking, shape (r,); expected clicks by label, shape (k, r))."""
    clicked = np.bincount(coded.habit, 1 - knowing, minlength=len(coded.given)).reshape(coded.k, -1)
    return np.maximum(coded.each - clicked.sum(axis=0), 0.0), np.maximum(clicked, 0.0)


def responsibilities(known: Floats, clicked: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """(weight of looking, shape (r,); of clicking this label, shape (k, r)): exp of the expected logarithms."""
    look = np.exp(digamma(known + COMPETENCE_PRIOR) - weight)
    idle = np.exp(digamma(clicked.sum(axis=0) + COMPETENCE_PRIOR) - weight)
    pseudo = clicked + STRATEGY_PRIOR
    return look, idle * np.exp(digamma(pseudo) - digamma(pseudo.sum(axis=0)))


def expected(coded: Coded, look: Floats, click: Floats) -> tuple[Floats, Floats, float]:
    """(posterior, shape (k, m); probability that each rating came from looking, shape (n,); log-likelihood)."""
    right = np.log1p(look / click).ravel()[coded.habit]
    joint = np.bincount(coded.cell, right, minlength=coded.m * coded.k).reshape(coded.k, coded.m)
    highest = joint.max(axis=0)
    weight = np.exp(joint - highest)
    total = weight.sum(axis=0)
    posterior = weight / total
    share = (look / (look + click)).ravel()
    knowing = posterior.ravel()[coded.cell] * share[coded.habit]
    idle = np.log(click).ravel() @ coded.given
    return posterior, knowing, float((highest + np.log(total / coded.k)).sum() + idle)
