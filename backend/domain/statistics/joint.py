"""The means of several candidates together: their covariance over the prompts and the raters that they share.

With weights w of votes in their candidate's mean, a vote's influence is w · (score − that mean). Influences summed by
prompt, by rater and by cell give three matrices of products; prompts + raters − cells is the covariance of the means
over new prompts and new raters.
Source: A. C. Cameron, J. B. Gelbach, D. L. Miller, J. Business & Economic Statistics 29 (2011) 238-249.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, stats

from backend.domain.statistics.ids import dense
from backend.domain.statistics.intervals import FEW_RATERS, FEWEST_RATERS
from backend.domain.statistics.sample_sizes import half_width
from backend.domain.statistics.variance import cells_of
from backend.domain.statistics.votes import Flags, Floats, Integers

DRAWS, BLOCK = 100_000, 2_000  # of the critical value, and how many at a time
NOTHING = 1e-20  # a variance below this is rounding: one half vote in a million makes 1e-13


@dataclass(frozen=True)
class Spread:
    """A weighted sum of candidates' means: estimate, variance and degrees of freedom, and what they rest on."""

    estimate: float | None
    variance: float | None
    freedom: float | None
    prompts: int
    raters: int
    method: str

    def interval(self, level: float) -> tuple[float | None, float | None]:
        """estimate ± t · √variance, not clipped; None where there is no variance."""
        if self.estimate is None or self.variance is None or self.freedom is None:
            return None, None
        half = half_width(self.variance, self.freedom, level=level)
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True)
class Joint:
    """Means of k candidates and votes behind them, shape (k,), nan without votes; and the three products, (k, k).

    answered: (prompts, k), rated: (raters, k): where there are votes.
    """

    means: Floats
    votes: Integers
    by_prompt: Floats
    by_rater: Floats
    by_cell: Floats
    answered: Flags
    rated: Flags

    def spread(self, weights: Floats) -> Spread:
        """Of the means weighted by `weights`, shape (k,); candidates with weight 0 take no part."""
        part = weights != 0
        answered, raters = self.answered[:, part], int(self.rated[:, part].any(axis=1).sum())
        shared, prompts = int(answered.all(axis=1).sum()), int(answered.any(axis=1).sum())
        if not self.votes[part].all():
            return Spread(None, None, None, shared, raters, "no votes")
        estimate = float(weights[part] @ self.means[part])
        if prompts < 2:
            return Spread(estimate, None, None, shared, raters, "one prompt")
        variance, freedom, method = self.variance(weights, prompts, raters)
        if variance <= NOTHING:
            return Spread(estimate, None, None, shared, raters, "no variation")
        return Spread(estimate, variance, freedom, shared, raters, method)

    def variance(self, weights: Floats, prompts: int, raters: int) -> tuple[float, float, str]:
        """(variance, degrees of freedom, method): G / (G − 1) in each part, t with the smaller G − 1.

        With fewer than 5 raters prompts alone count. Where the sum falls to zero or below, the larger one-way variance
        stands in.
        """
        of_prompts = float(weights @ self.by_prompt @ weights) * prompts / (prompts - 1)
        if raters < FEWEST_RATERS:
            return of_prompts, prompts - 1.0, "fixed panel"
        of_raters = float(weights @ self.by_rater @ weights) * raters / (raters - 1)
        votes = int(self.votes[weights != 0].sum())
        both = of_prompts + of_raters - float(weights @ self.by_cell @ weights) * votes / (votes - 1)
        method = "cluster-robust (CGM)"
        if both <= NOTHING:
            both, method = max(of_prompts, of_raters), "cluster-robust, negative two-way variance: larger one-way"
        return both, min(prompts, raters) - 1.0, method + (", few raters" if raters < FEW_RATERS else "")

    def directions(self, weights: Floats) -> Floats:
        """Unit vectors whose products are the correlations of m weighted sums that vary; weights and result (m, k).

        From prompts + raters − cells, made positive semidefinite; with fewer than 5 raters from prompts alone, and from
        prompts + raters where a sum has nothing left.
        """
        few = len(self.rated) < FEWEST_RATERS
        rows = weights @ root(self.by_prompt if few else self.by_prompt + self.by_rater - self.by_cell)
        if not ((rows**2).sum(axis=1) > NOTHING).all():
            rows = weights @ root(self.by_prompt + self.by_rater)
        return np.asarray(rows / np.sqrt((rows**2).sum(axis=1, keepdims=True)))


def joint(scores: Floats, prompt: Integers, rater: Integers, candidate: Integers, *, candidates: int) -> Joint:
    """scores, prompt, rater (any ids), candidate: shape (n,).

    Raises ValueError when a candidate is not one of 0 … candidates − 1.
    """
    if not ((candidate >= 0) & (candidate < candidates)).all():
        raise ValueError("candidates are coded from 0, each below their number")
    prompts, raters = dense(prompt)[1], dense(rater)[1]
    shape = (int(prompts.max(initial=-1)) + 1, candidates)
    at = prompts * candidates + candidate
    counts = np.bincount(at, minlength=shape[0] * shape[1])
    answered = (counts > 0).reshape(shape)
    n_prompts = np.maximum(answered.sum(axis=0), 1)
    weights = 1.0 / (n_prompts[candidate] * counts[at])
    means = np.bincount(candidate, weights * scores, candidates)
    influence = weights * (scores - means[candidate])
    votes = np.bincount(candidate, minlength=candidates)
    n_raters = int(raters.max(initial=-1)) + 1
    return Joint(
        means=np.where(votes > 0, means, np.nan),
        votes=votes,
        by_prompt=products(influence, prompts, candidate, candidates),
        by_rater=products(influence, raters, candidate, candidates),
        by_cell=of_cells(influence, cells_of(prompts, raters, n_raters)[0], candidate, candidates),
        answered=answered,
        rated=np.bincount(raters * candidates + candidate, minlength=n_raters * candidates).reshape(-1, candidates) > 0,
    )


def products(influence: Floats, clusters: Integers, candidate: Integers, candidates: int) -> Floats:
    """Σ over clusters of the outer product of the candidates' sums of influence; shape (candidates, candidates)."""
    size = int(clusters.max(initial=-1)) + 1
    sums = np.bincount(clusters * candidates + candidate, influence, size * candidates).reshape(size, candidates)
    return np.asarray(sums.T @ sums)


def of_cells(influence: Floats, cells: Integers, candidate: Integers, candidates: int) -> Floats:
    """The same over cells, of which there are nearly as many as votes; where each is one vote, a diagonal."""
    size = int(cells.max(initial=-1)) + 1
    if size == len(cells):
        return np.diag(np.bincount(candidate, influence**2, candidates))
    sums = sparse.csr_array((influence, (cells, candidate)), shape=(size, candidates))
    found: Floats = sums.T.dot(sums).toarray()
    return found


def root(covariance: Floats) -> Floats:
    """The symmetric square root of what is positive in a symmetric matrix; same shape."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def adjusted_level(directions: Floats, *, level: float, seed: int) -> float:
    """The level at which each of m intervals has to be taken for all to hold together at `level` (max-|t|).

    directions: unit vectors whose products are the correlations, shape (m, k). The quantile c of the largest |Z| of a
    normal vector with these correlations, by seeded Monte Carlo; then 2Φ(c) − 1, at which each interval takes its own
    quantile, whatever its degrees of freedom. With few of them that is a little wider than a common multivariate t.
    Source: T. Hothorn, F. Bretz, P. Westfall, Biometrical Journal 50 (2008) 346-363.
    """
    if len(directions) < 2:
        return level
    generator, largest = np.random.default_rng(seed), np.empty(DRAWS)
    for start in range(0, DRAWS, BLOCK):
        drawn = generator.standard_normal((BLOCK, directions.shape[1])) @ directions.T
        largest[start : start + BLOCK] = np.abs(drawn, out=drawn).max(axis=1)
    return float(2 * stats.norm.cdf(np.quantile(largest, level)) - 1)
