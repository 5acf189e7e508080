"""What seats without a rating could do to a result: its worst and best case. Assumes nothing about why they are empty.

A seat is missing where a rater could not judge, where one gave it back, where nobody came, or where the rater was
excluded; it counts once, under what became of it last. The bounds hold whatever the missing raters would have chosen.
They are no interval: they leave the chance of other prompts and other raters out.
Source: C. F. Manski, Partial Identification of Probability Distributions (2003), ch. 1.
"""

from dataclasses import dataclass

import numpy as np

from backend.domain.statistics.ids import dense
from backend.domain.statistics.votes import Floats, Integers


@dataclass(frozen=True)
class MissingSeats:
    """Seats without a rating in each of m comparisons of one system, and each comparison's prompt; shape (m,).

    Complete comparisons may be left out or stand with zeros. Raises ValueError when columns differ in length or a
    count is below 0.
    """

    prompt: Integers
    cant_judge: Integers
    returned: Integers
    unfinished: Integers
    excluded: Integers

    def __post_init__(self) -> None:
        counts = (self.cant_judge, self.returned, self.unfinished, self.excluded)
        if any(count.shape != self.prompt.shape for count in counts):
            raise ValueError("the columns of missing seats must have the same length")
        if any((count < 0).any() for count in counts):
            raise ValueError("a count of missing seats can't be below 0")

    @property
    def total(self) -> Integers:
        """All missing seats of each comparison, shape (m,)."""
        return self.cant_judge + self.returned + self.unfinished + self.excluded


@dataclass(frozen=True, slots=True)
class Bounds:
    """A mean as observed, and with every missing seat at 0 (worst) or at 1 (best); None where there is no seat."""

    observed: float | None
    worst: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class Missing:
    """The seats of one system by what became of them, and what the missing ones leave open.

    prompts_without_votes: prompts that have missing seats only; the bounds hold them, the observed means can't.
    """

    rated: int
    cant_judge: int
    returned: int
    unfinished: int
    excluded: int
    prompts_without_votes: int
    win_rate: Bounds
    equal_or_better: Bounds


def missing(win: Floats, equal_or_better: Floats, prompt: Integers, seats: MissingSeats) -> Missing:
    """The missing seats of one system with the bounds of both its scores.

    win, equal_or_better: scores in [0, 1] of its n ratings, with their prompts, shape (n,).
    """
    codes = dense(np.concatenate([prompt, seats.prompt]))[1]
    n_prompts = int(codes.max(initial=-1)) + 1
    own = codes[: len(prompt)]
    rated: Integers = np.bincount(own, minlength=n_prompts).astype(np.int64)
    empty: Integers = np.bincount(codes[len(prompt) :], seats.total, n_prompts).astype(np.int64)
    return Missing(
        rated=len(prompt),
        cant_judge=int(seats.cant_judge.sum()),
        returned=int(seats.returned.sum()),
        unfinished=int(seats.unfinished.sum()),
        excluded=int(seats.excluded.sum()),
        prompts_without_votes=int(((rated == 0) & (empty > 0)).sum()),
        win_rate=bounds(summed(own, win, n_prompts), rated, empty),
        equal_or_better=bounds(summed(own, equal_or_better, n_prompts), rated, empty),
    )


def summed(codes: Integers, scores: Floats, prompts: int) -> Floats:
    return np.bincount(codes, scores, prompts).astype(np.float64)


def bounds(sums: Floats, rated: Integers, empty: Integers) -> Bounds:
    """From each prompt's sum of scores, ratings and missing seats, shape (prompts,): means over prompts of means."""
    known, seats = rated > 0, rated + empty
    some = seats > 0
    if not some.any():
        return Bounds(None, None, None)
    observed = float((sums[known] / rated[known]).mean()) if known.any() else None
    worst = float((sums[some] / seats[some]).mean())
    best = float(((sums + empty)[some] / seats[some]).mean())
    return Bounds(observed, worst, best)
