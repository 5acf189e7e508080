"""How far a mean over prompts may be off when its votes share prompts and raters: variances, from votes in columns.

Knows estimates and variances, no intervals. Sums are counts over codes: a million votes take tenths of a second.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from backend.domain.statistics.ids import dense, distinct
from backend.domain.statistics.votes import Floats, Integers

ROUNDING = 1e-9  # what falls short of nothing by less than this does so by the order in which it was added up


@dataclass(frozen=True)
class Crossing:
    """Who voted on what: codes 0, 1, … of prompts, raters and cells (a prompt with a rater), each of shape (n,).

    weights: what a vote counts in the mean over prompts of the mean over raters, 1 / (prompts x votes on its prompt).
    """

    prompts: Integers
    raters: Integers
    cells: Integers
    per_prompt: Integers
    per_rater: Integers
    per_cell: Integers
    weights: Floats

    @property
    def effective_raters(self) -> float:
        """N² / Σn² in weights: as many raters with equal loads would weigh on the mean as these do."""
        return 1.0 / square(np.bincount(self.raters, self.weights))


def crossing(prompt: Integers, rater: Integers) -> Crossing:
    """The crossing of n ≥ 1 votes. prompt, rater: any integers, shape (n,)."""
    prompts, raters = dense(prompt)[1], dense(rater)[1]
    per_prompt, per_rater = np.bincount(prompts), np.bincount(raters)
    cells, per_cell = cells_of(prompts, raters, len(per_rater))
    weights = 1.0 / (len(per_prompt) * per_prompt[prompts])
    return Crossing(prompts, raters, cells, per_prompt, per_rater, per_cell, weights)


def cells_of(prompts: Integers, raters: Integers, n_raters: int) -> tuple[Integers, Integers]:
    """(codes of cells, votes in each). A rater meets a prompt once in a batch, so there each vote is its own cell."""
    n, n_prompts = len(prompts), int(prompts.max(initial=-1)) + 1
    if distinct(prompts, raters, rows=n_prompts, columns=n_raters).sum() == n:
        return np.arange(n), np.ones(n, dtype=np.int64)
    _, cells, counts = np.unique(prompts * n_raters + raters, return_inverse=True, return_counts=True)
    return cells.astype(np.int64), counts.astype(np.int64)


def prompt_means(scores: Floats, found: Crossing) -> Floats:
    """The mean of each prompt's scores; shape (prompts,)."""
    return np.bincount(found.prompts, scores) / found.per_prompt


def components(scores: Floats, found: Crossing) -> Floats:
    """Variances of prompts, of raters and of the rest, by moments; shape (3,), none below zero.

    Model: score = mean + prompt effect + rater effect + rest, the three independent. They solve Henderson's method I:
    expected sums of squares of prompts, of raters and in all. Where a solution is negative, the nearest one without
    negatives stands in: that component is nought, and what it took goes to the others.
    Sources: S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992), ch. 5; C. L. Lawson, R. J. Hanson,
    Solving Least Squares Problems (1974), ch. 23.
    """
    n, prompts, raters = len(scores), found.per_prompt, found.per_rater
    of_prompts, of_raters = n - square(prompts) / n, n - square(raters) / n
    met, repeated = overlap(found)
    expected = np.array(
        [
            [of_prompts, met - square(raters) / n, len(prompts) - 1],
            [repeated - square(prompts) / n, of_raters, len(raters) - 1],
            [of_prompts, of_raters, n - 1],
        ]
    )
    sums = sums_of_squares(scores, found)
    solved: Floats = np.linalg.lstsq(expected, sums, rcond=None)[0]
    if (solved < 0).any():
        solved = np.asarray(optimize.nnls(expected, sums)[0])
    return np.where(solved > ROUNDING * solved.sum(), solved, 0.0)


def overlap(found: Crossing) -> tuple[float, float]:
    """(Σ over cells of votes² / votes on its prompt, the same with the votes of its rater).

    They are the numbers of prompts and of raters where every cell is one vote.
    """
    if len(found.per_cell) == len(found.cells):
        return float(len(found.per_prompt)), float(len(found.per_rater))
    beside = found.per_cell[found.cells]
    return float((beside / found.per_prompt[found.prompts]).sum()), float(
        (beside / found.per_rater[found.raters]).sum()
    )


def sums_of_squares(scores: Floats, found: Crossing) -> Floats:
    """Sums of squares about the grand mean: between prompts, between raters, in all; shape (3,)."""
    centred = scores - scores.mean()
    of_prompts = np.bincount(found.prompts, centred) ** 2 / found.per_prompt
    of_raters = np.bincount(found.raters, centred) ** 2 / found.per_rater
    return np.array([of_prompts.sum(), of_raters.sum(), float(centred @ centred)])


def by_moments(scores: Floats, found: Crossing) -> tuple[float, float]:
    """(variance of the mean over prompts, degrees of freedom) from the three components; variance 0: none was found.

    With weights w of votes the variance is V = s2_p Σ_p w_p.² + s2_r Σ_r w_.r² + s2_e Σ w².
    A component that is nought leaves its degrees of freedom to the rest. Where raters give so few votes that the rest
    has fewer degrees of freedom than raters, the two can't be told apart: their parts go together, with raters' degrees
    of freedom, or a rater of one vote would widen the interval without end.
    Sources: F. E. Satterthwaite, Biometrics Bulletin 2 (1946) 110-114; on pooling, W. A. Thompson, Annals of
    Mathematical Statistics 33 (1962) 273-289.
    """
    of_prompts, of_raters = np.bincount(found.prompts, found.weights), np.bincount(found.raters, found.weights)
    solved = components(scores, found)
    parts = solved * np.array([square(of_prompts), square(of_raters), square(found.weights)])
    variance = float(parts.sum())
    if variance <= 0:
        return 0.0, 0.0
    n_prompts, n_raters = len(of_prompts), len(of_raters)
    rest = len(scores) - n_prompts - n_raters + 1
    rest += (n_prompts - 1 if solved[0] == 0 else 0) + (n_raters - 1 if solved[1] == 0 else 0)
    raters = max(found.effective_raters - 1, 1.0)
    if rest < raters - ROUNDING:
        parts, rest = np.array([parts[0], parts[1] + parts[2], 0.0]), 1
    return variance, variance**2 / float((parts**2 / np.array([n_prompts - 1, raters, rest])).sum())


def square(values: Floats | Integers) -> float:
    """The sum of squares of an array of any shape."""
    return float((values.astype(np.float64) ** 2).sum())
