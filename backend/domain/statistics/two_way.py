"""Other intervals for the mean over prompts of the mean over raters, to stand beside the default one.

None of them is better: the cluster-robust one asks for no model of the variances but for more raters, the pigeonhole
bootstrap is too wide where seats are few, and the naive one is there to show what ignoring prompts and raters does.
Where raters can't be generalised to, each says what the default says there.
"""

from math import inf

import numpy as np
from scipy import sparse

from backend.domain.statistics.intervals import FEW_RATERS, Interval, crossed, over_prompts, without_raters
from backend.domain.statistics.variance import Crossing, crossing, prompt_means, square
from backend.domain.statistics.votes import Floats, Integers

BLOCK = 1_000_000  # numbers in one table of a block of bootstrap rounds: 8 MB


def comparison_table(
    scores: Floats,
    prompt: Integers,
    rater: Integers,
    *,
    level: float = 0.95,
    seed: int,
    rounds: int,
    known: Crossing | None = None,
) -> dict[str, Interval]:
    """The intervals side by side: moments (the default), cluster_robust, pigeonhole, naive.

    scores in [0, 1], prompt, rater: shape (n,). rounds: of the bootstrap; 0 leaves the pigeonhole out. known: as for
    `over_prompts`.
    """
    known = known or (crossing(prompt, rater) if len(scores) else None)
    table = {
        "moments": over_prompts(scores, prompt, rater, level=level, known=known),
        "cluster_robust": cluster_robust(scores, prompt, rater, level=level, known=known),
    }
    if rounds:
        table["pigeonhole"] = pigeonhole(scores, prompt, rater, level=level, seed=seed, rounds=rounds, known=known)
    return {**table, "naive": naive(scores, prompt, rater, level=level, known=known)}


def cluster_robust(
    scores: Floats, prompt: Integers, rater: Integers, *, level: float = 0.95, known: Crossing | None = None
) -> Interval:
    """V_prompt + V_rater − V_cell, with t on the smaller number of clusters less one.

    Each part carries its own G / (G − 1). With little or negative correlation the sum can fall to zero or below; then
    the larger of the one-way variances stands in, and `method` says so.
    Source: A. C. Cameron, J. B. Gelbach, D. L. Miller, J. Business & Economic Statistics 29 (2011) 238-249.
    """
    found = crossing_or_other(scores, prompt, rater, level, known)
    if isinstance(found, Interval):
        return found
    means = prompt_means(scores, found)
    influence = found.weights * (scores - means.mean())
    of_prompts, of_raters = clustered(influence, found.prompts), clustered(influence, found.raters)
    variance, method = of_prompts + of_raters - clustered(influence, found.cells), "cluster-robust (CGM)"
    if variance <= 0.0:
        variance, method = max(of_prompts, of_raters), "cluster-robust, negative two-way variance: larger one-way"
    return crossed(scores, found, variance, smaller(found) - 1.0, level, method)


def clustered(influence: Floats, clusters: Integers) -> float:
    """G / (G − 1) · Σ over G clusters of the square of the sum of influence in it; both of shape (n,)."""
    sums = np.bincount(clusters, influence)
    return square(sums) * len(sums) / (len(sums) - 1)


def smaller(found: Crossing) -> int:
    """The number of prompts or of raters, whichever is smaller."""
    return min(len(found.per_prompt), len(found.per_rater))


def pigeonhole(
    scores: Floats,
    prompt: Integers,
    rater: Integers,
    *,
    level: float = 0.95,
    seed: int,
    rounds: int = 1000,
    known: Crossing | None = None,
) -> Interval:
    """Prompts and raters drawn anew, independently, with replacement; a vote weighs the product of both multiplicities.

    Mean ± z · standard deviation over the rounds. A prompt none of whose raters were drawn drops out of its round.
    Conservative in what prompts and raters leave over, which it counts about three times: that matters at three seats.
    Not so where few raters differ much: z knows no degrees of freedom, and there it covers too little.
    At least 2 rounds, or ValueError. Memory: a few tables of `BLOCK` numbers, however many votes and rounds.
    Source: A. B. Owen, Annals of Applied Statistics 1 (2007) 386-411.
    """
    if rounds < 2:
        raise ValueError("a bootstrap needs at least two rounds")
    found = crossing_or_other(scores, prompt, rater, level, known)
    if isinstance(found, Interval):
        return found
    estimates = resampled(scores, found, np.random.default_rng(seed), rounds)
    variance = float(np.nanvar(estimates, ddof=1))
    method = "pigeonhole bootstrap" + ("" if len(found.per_rater) < FEW_RATERS else " (conservative)")
    return crossed(scores, found, variance, inf, level, method)


def resampled(scores: Floats, found: Crossing, generator: np.random.Generator, rounds: int) -> Floats:
    """The mean over prompts in each round, shape (rounds,); nan for a round that drew no vote at all."""
    n_prompts, n_raters = len(found.per_prompt), len(found.per_rater)
    totals, votes = table(scores, found), table(np.ones(len(scores)), found)
    estimates, block = np.empty(rounds), max(1, BLOCK // (n_prompts + n_raters))
    for start in range(0, rounds, block):
        size = min(block, rounds - start)
        of_prompts, of_raters = multiplicities(generator, n_prompts, size), multiplicities(generator, n_raters, size)
        drawn: Floats = votes.dot(of_raters)
        summed: Floats = totals.dot(of_raters)
        of_prompts[drawn == 0] = 0.0
        means = summed / np.maximum(drawn, 1.0)
        weight = of_prompts.sum(axis=0)
        estimates[start : start + size] = np.where(
            weight > 0, (of_prompts * means).sum(axis=0) / np.maximum(weight, 1.0), np.nan
        )
    return estimates


def table(values: Floats, found: Crossing) -> sparse.csr_array:
    """Sums of the values of votes, prompts down and raters across."""
    shape = (len(found.per_prompt), len(found.per_rater))
    return sparse.csr_array((values, (found.prompts, found.raters)), shape=shape)


def multiplicities(generator: np.random.Generator, clusters: int, rounds: int) -> Floats:
    """How often each cluster is drawn in each round; shape (clusters, rounds), columns add up to `clusters`."""
    drawn = generator.integers(clusters, size=(clusters, rounds)) * rounds + np.arange(rounds)
    return np.bincount(drawn.ravel(), minlength=clusters * rounds).reshape(clusters, rounds).astype(np.float64)


def naive(
    scores: Floats, prompt: Integers, rater: Integers, *, level: float = 0.95, known: Crossing | None = None
) -> Interval:
    """Votes as if they were independent: the same mean, and a normal interval from the variance of single votes."""
    found = crossing_or_other(scores, prompt, rater, level, known)
    if isinstance(found, Interval):
        return found
    variance = float(scores.var(ddof=1)) * square(found.weights)
    return crossed(scores, found, variance, inf, level, "naive: votes as if independent")


def crossing_or_other(
    scores: Floats, prompt: Integers, rater: Integers, level: float, known: Crossing | None
) -> Crossing | Interval:
    """The crossing of the votes, or the interval that takes the place of a crossed one."""
    if len(scores) == 0:
        return over_prompts(scores, prompt, rater, level=level)
    found = known or crossing(prompt, rater)
    return without_raters(scores, found, level) or found
