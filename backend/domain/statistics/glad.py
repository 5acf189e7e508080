"""Ability of raters and difficulty of comparisons: a label is right with probability σ(ability · ease).

Wrong labels are equally likely, and so are true ones before any vote: with their prevalence free, hard comparisons
become those of the commonest label. Fitted by EM from the shares of votes; each maximisation is one scoring step for
the abilities and one for the eases, which raises the objective without reaching its top.
Source: J. Whitehill et al., Whose Vote Should Count More, NIPS 2009.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Floats, Integers

LONGEST_STEP = 1.0


@dataclass(frozen=True)
class Glad:
    """A fit to m comparisons, r raters and k labels.

    unit, rater: ids in ascending order. posterior: shape (m, k); prevalence: its mean, shape (k,). ability: log-odds
    of a right label on a comparison of ease 1, shape (r,), prior Normal(1, 1). ease: shape (m,), its logarithm
    Normal(0, 1). objectives: log-likelihood and log-prior after each maximisation.
    """

    unit: Integers
    rater: Integers
    posterior: Floats
    prevalence: Floats
    ability: Floats
    ease: Floats
    objectives: tuple[float, ...]
    converged: bool

    @property
    def competence(self) -> Floats:
        """The share of right labels at ease 1 beyond chance, shape (r,): 1 perfect, 0 random."""
        k = len(self.prevalence)
        found: Floats = (k * expit(self.ability) - 1) / (k - 1)
        return found


@dataclass(frozen=True)
class Coded:
    """n ratings: place of the unit, of the rater, and `cell` = label · m + unit of each, shape (n,)."""

    unit: Integers
    rater: Integers
    cell: Integers
    m: int
    r: int
    k: int


def glad(
    unit: Integers,
    rater: Integers,
    label: Integers,
    *,
    categories: int,
    tolerance: float = 1e-6,
    most_iterations: int = 500,
) -> Glad:
    """Fits the model; unit, rater, label: shape (n,), one row a rating, labels 0..categories-1.

    tolerance: the change of the objective, log-likelihood and log-prior, relative to it, that counts as none.
    Raises ValueError without ratings or with other labels. Memory: O(n).
    """
    if len(label) == 0 or not 0 <= label.min() <= label.max() < categories:
        raise ValueError("the model needs ratings with labels 0 to categories - 1")
    units, unit_place = dense(unit)
    raters, rater_place = dense(rater)
    m = len(units)
    coded = Coded(unit_place, rater_place, label * m + unit_place, m, len(raters), categories)
    counts = np.bincount(coded.cell, minlength=m * categories).reshape(categories, m)
    posterior = counts / counts.sum(axis=0)
    ability, log_ease = np.ones(coded.r), np.zeros(m)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < most_iterations:
        right = posterior.ravel()[coded.cell]
        ability = ability + ability_step(coded, right, ability, log_ease)
        log_ease = log_ease + ease_step(coded, right, ability, log_ease)
        posterior, likelihood = expected(coded, ability, log_ease)
        trace.append(likelihood - float(((ability - 1) ** 2).sum() + (log_ease**2).sum()) / 2)
        converged = len(trace) > 1 and abs(trace[-1] - trace[-2]) <= tolerance * abs(trace[-1])
    prevalence = posterior.mean(axis=1)
    return Glad(units, raters, posterior.T, prevalence, ability, np.exp(log_ease), tuple(trace), converged)


def ability_step(coded: Coded, right: Floats, ability: Floats, log_ease: Floats) -> Floats:
    """One scoring step of every ability; right: the probability that each rating is right, shape (n,)."""
    ease = np.exp(log_ease)[coded.unit]
    share = expit(ability[coded.rater] * ease)
    slope = np.bincount(coded.rater, (right - share) * ease, minlength=coded.r) - (ability - 1)
    information = np.bincount(coded.rater, share * (1 - share) * ease**2, minlength=coded.r) + 1
    return np.clip(slope / information, -LONGEST_STEP, LONGEST_STEP)


def ease_step(coded: Coded, right: Floats, ability: Floats, log_ease: Floats) -> Floats:
    """One scoring step of the logarithm of every ease."""
    odds = ability[coded.rater] * np.exp(log_ease)[coded.unit]
    share = expit(odds)
    slope = np.bincount(coded.unit, (right - share) * odds, minlength=coded.m) - log_ease
    information = np.bincount(coded.unit, share * (1 - share) * odds**2, minlength=coded.m) + 1
    return np.clip(slope / information, -LONGEST_STEP, LONGEST_STEP)


def expected(coded: Coded, ability: Floats, log_ease: Floats) -> tuple[Floats, float]:
    """(posterior of shape (k, m), log-likelihood): the odds of a label are those of the ratings that gave it."""
    odds = ability[coded.rater] * np.exp(log_ease)[coded.unit]
    joint = np.bincount(coded.cell, odds + np.log(coded.k - 1), minlength=coded.m * coded.k).reshape(coded.k, coded.m)
    highest = joint.max(axis=0)
    weight = np.exp(joint - highest)
    total = weight.sum(axis=0)
    wrong = -np.logaddexp(0, odds) - np.log(coded.k - 1)
    return weight / total, float((highest + np.log(total / coded.k)).sum() + wrong.sum())
